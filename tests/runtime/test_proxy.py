"""The proxy of docs/operator/deploy/nginx.conf, before a server that tells what it got."""

import json
import shutil
import socket
import ssl
import subprocess
import threading
from datetime import timedelta
from http.client import HTTPConnection, HTTPSConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from app.core import clock
from tests.runtime.conftest import wait_for

ROOT = Path(__file__).resolve().parents[2]
CONF = (ROOT / "docs" / "operator" / "deploy" / "nginx.conf").read_text()
HOST = "contextmap.example"
OVERWRITES = "proxy_set_header X-Forwarded-For $remote_addr;"
NGINX = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
needs_nginx = pytest.mark.skipif(NGINX is None, reason="nginx is not installed here")


def test_the_address_of_the_client_is_overwritten_and_the_access_log_is_off():
    assert OVERWRITES in CONF
    assert "proxy_add_x_forwarded_for" not in CONF
    assert "access_log off;" in CONF
    assert "ssl_protocols TLSv1.2 TLSv1.3;" in CONF


class Telling(BaseHTTPRequestHandler):
    """Answers with the headers that came, and one header that the service sets by itself."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = json.dumps(dict(self.headers.items())).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Strict-Transport-Security", "max-age=1")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *said):
        pass


@pytest.fixture(scope="module")
def upstream():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Telling)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


def certificate(folder):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = clock.now()
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "fullchain.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "privkey.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as found:
        return found.getsockname()[1]


class Proxy:
    """A running nginx, with the ports and folders of this test in the shipped configuration."""

    def __init__(self, folder, upstream, conf=CONF):
        self.folder, self.plain, self.tls = folder, free_port(), free_port()
        certificate(folder)
        for old, new in {
            "listen 80 ": f"listen 127.0.0.1:{self.plain} ",
            "listen 443 ": f"listen 127.0.0.1:{self.tls} ",
            "    listen [::]": "    # listen [::]",
            "127.0.0.1:8000": f"127.0.0.1:{upstream}",
            "/etc/contextmap/tls": str(folder),
            "pid /run/nginx.pid": f"pid {folder}/nginx.pid",
        }.items():
            assert old in conf
            conf = conf.replace(old, new)
        (folder / "nginx.conf").write_text(conf)

    def __enter__(self):
        command = [NGINX, "-p", str(self.folder), "-c", "nginx.conf", "-g", "daemon off;"]
        self.said = (self.folder / "said").open("wb")
        self.process = subprocess.Popen(command, stdout=self.said, stderr=self.said)
        if not wait_for(self._listens):
            self.__exit__()
            pytest.fail((self.folder / "said").read_text())
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(timeout=20)
        self.said.close()

    def _listens(self):
        with socket.socket() as tried:
            return tried.connect_ex(("127.0.0.1", self.tls)) == 0

    def asked(self, path="/", method="GET", body=None, name=HOST, **headers):
        context = ssl.create_default_context(cafile=self.folder / "fullchain.pem")
        connection = HTTPSConnection("127.0.0.1", self.tls, context=context, timeout=20)
        raw = socket.create_connection(("127.0.0.1", self.tls), timeout=20)
        try:
            connection.sock = context.wrap_socket(raw, server_hostname=name)
            told = {"Host": name} | {key.replace("_", "-"): said for key, said in headers.items()}
            connection.request(method, path, body=body, headers=told)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()
            raw.close()


@pytest.fixture(scope="module")
def proxy(tmp_path_factory, upstream):
    with Proxy(tmp_path_factory.mktemp("proxy"), upstream) as running:
        yield running


@needs_nginx
def test_what_a_client_claims_to_be_is_not_passed_on(proxy):
    _, _, body = proxy.asked(X_Forwarded_For="203.0.113.9", Forwarded="for=203.0.113.9")

    got = json.loads(body)
    assert got["X-Forwarded-For"] == "127.0.0.1"
    assert "Forwarded" not in got
    assert "X-Real-IP" not in got
    assert got["Host"] == HOST


@needs_nginx
def test_a_proxy_that_adds_in_place_of_overwriting_would_be_found(tmp_path, upstream):
    adding = CONF.replace(
        OVERWRITES, OVERWRITES.replace("$remote_addr", "$proxy_add_x_forwarded_for")
    )

    with Proxy(tmp_path, upstream, adding) as running:
        _, _, body = running.asked(X_Forwarded_For="203.0.113.9")

    assert json.loads(body)["X-Forwarded-For"].startswith("203.0.113.9")


@needs_nginx
@pytest.mark.parametrize("path", ["/", "/metrics", "/readyz"])
def test_every_answer_asks_for_tls_from_now_on_and_once(proxy, path):
    status, headers, _ = proxy.asked(path)

    assert status == (200 if path == "/" else 404)
    assert headers.get_all("Strict-Transport-Security") == ["max-age=63072000; includeSubDomains"]


@needs_nginx
def test_without_tls_there_is_only_the_way_to_tls(proxy):
    connection = HTTPConnection("127.0.0.1", proxy.plain, timeout=20)
    connection.request("GET", "/report?x=1", headers={"Host": "elsewhere.example"})
    answer = connection.getresponse()

    assert answer.status == 301
    assert answer.headers["Location"] == f"https://{HOST}/report?x=1"
    connection.close()


@needs_nginx
def test_another_name_is_answered_by_nobody(proxy):
    with pytest.raises(ssl.SSLError, match="UNRECOGNIZED_NAME"):
        proxy.asked(name="elsewhere.example")


@needs_nginx
def test_a_body_beyond_every_limit_is_refused_by_its_length(proxy):
    status, _, _ = proxy.asked("/imports/new", method="POST", Content_Length="13000000")

    assert status == 413


@needs_nginx
def test_nothing_of_a_request_is_written_down(proxy):
    proxy.asked("/places?q=planted-words")

    kept = [path for path in proxy.folder.rglob("*") if path.is_file()]
    assert kept
    assert not any(b"planted-words" in path.read_bytes() for path in kept)
