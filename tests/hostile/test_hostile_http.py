"""Bytes that no browser sends, to a live server: never a failure, and never two answers for one."""

import json
import re
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest

from tests.conftest import CLAIMS_KEY
from tests.live import serving

HIDDEN = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
OF_HIDDEN = b"Content-Length: %d" % len(HIDDEN)
SILENT_S = 3
EVIL = b"evil.example"


class Said(NamedTuple):
    """What came back over one connection: the statuses, and all bytes."""

    statuses: list[int]
    body: bytes


@pytest.fixture(scope="module")
def live(module_db, tmp_path_factory):
    cluster, dbname = module_db.logins.cluster, module_db.logins.dbname
    folder = tmp_path_factory.mktemp("http")
    with serving(cluster.dsn("ROLE", dbname), CLAIMS_KEY, folder) as running:
        yield running
        # Of all that was sent: nothing unforeseen, in a log of JSON lines alone.
        lines = [json.loads(line) for line in running.log.read_text().splitlines()]
        assert lines
        assert [line for line in lines if line["level"] == "error"] == []
        assert [line for line in lines if line.get("status", 0) >= 500] == []


@pytest.fixture(scope="module")
def port(live):
    return urlsplit(live.url).port


def ask(port: int, *sent: bytes, silent_s: float = 20) -> Said:
    """Everything the server says until it closes or is silent."""
    got = b""
    with socket.create_connection(("127.0.0.1", port), timeout=silent_s) as wire:
        try:
            for part in sent:
                wire.sendall(part)
            while more := wire.recv(65536):
                got += more
        except (TimeoutError, ConnectionError):
            pass
    return Said([int(n) for n in re.findall(rb"HTTP/1\.1 (\d{3})", got)], got)


def get(target: bytes, *fields: bytes, method: bytes = b"GET", host: bytes = b"x") -> bytes:
    lines = [method + b" " + target + b" HTTP/1.1", b"Host: " + host, b"Connection: close"]
    return b"\r\n".join([*lines, *fields, b"", b""])


def post(*fields: bytes, body: bytes = b"", target: bytes = b"/sign-in") -> bytes:
    return b"\r\n".join([b"POST " + target + b" HTTP/1.1", b"Host: x", *fields, b"", b""]) + body


CHUNKED = b"Transfer-Encoding: chunked"
FORM = b"Content-Type: application/x-www-form-urlencoded"
END = b"0\r\n\r\n"
# One request each, whoever reads it; HIDDEN would be a second one to somebody who reads otherwise.
SMUGGLED = {
    "a length and chunks": post(
        b"Content-Length: %d" % len(END + HIDDEN), CHUNKED, body=END + HIDDEN
    ),
    "chunks and a short length": post(
        CHUNKED, b"Content-Length: 4", body=b"%x\r\n" % len(HIDDEN) + HIDDEN + b"\r\n" + END
    ),
    "two lengths": post(b"Content-Length: 0", OF_HIDDEN, body=HIDDEN),
    "two lengths in a line": post(b"Content-Length: 0, %d" % len(HIDDEN), body=HIDDEN),
    "a length with a sign": post(b"Content-Length: +0", body=HIDDEN),
    "a length below zero": post(b"Content-Length: -1", body=HIDDEN),
    "a length in hexadecimal": post(b"Content-Length: 0x%x" % len(HIDDEN), body=HIDDEN),
    "a length with a blank": post(b"Content-Length: 3 4", body=HIDDEN),
    "a length past all numbers": post(b"Content-Length: " + b"9" * 40, body=HIDDEN),
    "chunks with a blank before the colon": post(
        b"Transfer-Encoding : chunked", OF_HIDDEN, body=HIDDEN
    ),
    "chunks of another kind": post(b"Transfer-Encoding: xchunked", OF_HIDDEN, body=HIDDEN),
    "chunks, then something else": post(
        b"Transfer-Encoding: chunked, identity", OF_HIDDEN, body=HIDDEN
    ),
    "chunks twice": post(CHUNKED, CHUNKED, OF_HIDDEN, body=END + HIDDEN),
    "chunks on a folded line": post(
        b"Transfer-Encoding:\r\n chunked", OF_HIDDEN, body=END + HIDDEN
    ),
    "chunks after a tab": post(b"Transfer-Encoding:\tchunked", OF_HIDDEN, body=HIDDEN),
    "chunks after a NUL": post(b"Transfer-Encoding: \0chunked", body=END + HIDDEN),
    "chunks after a letter of another alphabet": post(
        b"Transfer-Encoding: \xa0chunked", OF_HIDDEN, body=HIDDEN
    ),
    "a field inside a field": post(b"A: b\r" + OF_HIDDEN, b"Content-Length: 0", body=b""),
    "a field after a lone line feed": post(
        b"A: b\nTransfer-Encoding: chunked", OF_HIDDEN, body=HIDDEN
    ),
    "a size of chunks past all numbers": post(CHUNKED, body=b"f" * 20 + b"1\r\n" + HIDDEN),
    "a size of chunks below zero": post(CHUNKED, body=b"-1\r\n" + HIDDEN),
    "a size of chunks in words": post(CHUNKED, body=b"one\r\n" + HIDDEN),
    "a chunk longer than it says": post(CHUNKED, body=b"3\r\nabcdef\r\n" + END),
    "chunks without their ends": post(CHUNKED, body=b"3\nabc\n0\n\n" + HIDDEN),
    "a body that a GET should not have": get(b"/healthz", OF_HIDDEN) + HIDDEN,
}
MALFORMED = {
    "no version": b"GET /\r\n\r\n",
    "a version of tomorrow": b"GET / HTTP/9.9\r\nHost: x\r\n\r\n",
    "the beginning of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a hello of TLS": bytes.fromhex("16030100c8010000c40303") + bytes(range(256)),
    "bytes of nothing": bytes(range(256)) * 20,
    "blank lines without end": b"\r\n" * 20_000,
    "no host": b"GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n",
    "two hosts": get(b"/healthz", b"Host: " + EVIL),
    "a field without a name": get(b"/healthz", b": x"),
    "a field without a colon": get(b"/healthz", b"nonsense"),
    "a blank before the first field": b"GET /healthz HTTP/1.1\r\n Host: x\r\n\r\n",
    "NUL in a field": get(b"/healthz", b"A: \0"),
    "NUL in the name of a field": get(b"/healthz", b"A\0: b"),
    "a field of half a megabyte": get(b"/healthz", b"A: " + b"x" * 500_000),
    "five thousand fields": get(b"/healthz", *[b"A%d: b" % n for n in range(5000)]),
    "an address of half a megabyte": get(b"/" + b"x" * 500_000),
    "a query of half a megabyte": get(b"/sign-in?q=" + b"x" * 500_000),
    "a thousand cookies": get(b"/sign-in", b"Cookie: " + b"; ".join([b"a=b"] * 1000)),
    "a cookie that is none": get(b"/sign-in", b'Cookie: =;;"\\;__Host-session="\\377\\";a'),
    "a cookie of another alphabet": get(b"/account", b"Cookie: __Host-session=\xff\xfe\x00"[:-1]),
    "a method of ten thousand letters": get(b"/", method=b"G" * 10_000),
    "a method in small letters": get(b"/", method=b"get"),
    "a method of signs": get(b"/", method=b"\x80\x81"),
    "an address of bytes": get(b"/\xff\xfe\x01"),
    "an address with a blank": get(b"/a b"),
    "an address without a slash": get(b"healthz"),
    "an address that is a star": get(b"*", method=b"OPTIONS"),
    "a connection through": get(b"evil.example:443", method=b"CONNECT"),
    "another scheme": get(b"ftp://x/healthz"),
    "half a letter": get(b"/places/%"),
    "half a character": get(b"/sign-in?next=%ED%A0%80%C3"),
    "an upgrade to a socket": get(
        b"/healthz", b"Connection: Upgrade", b"Upgrade: websocket", b"Sec-WebSocket-Version: 13"
    ),
    "an upgrade to HTTP/2": get(
        b"/healthz", b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AA"
    ),
    "an expectation that nobody has": get(b"/healthz", b"Expect: everything"),
    "a body that is promised": post(FORM, b"Expect: 100-continue", b"Content-Length: 100000"),
    "ranges without end": get(
        b"/static/css/app.css", b"Range: bytes=" + b",".join([b"0-1"] * 5000)
    ),
    "a range that is none": get(b"/static/css/app.css", b"Range: bytes=9-1,x-y,-"),
    "dates that are none": get(b"/static/css/app.css", b"If-Modified-Since: 32 Foo 99999"),
    "languages without end": get(b"/sign-in", b"Accept: " + b"*/*;q=0.1," * 3000),
    "a body packed in gzip": post(
        FORM, b"Content-Encoding: gzip", b"Content-Length: 3", body=b"\x1f\x8b\x08"
    ),
    "a form of many parts": post(
        b"Content-Type: multipart/form-data; boundary=b",
        b"Content-Length: %d" % (49 * 1000),
        body=b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n\r\n' * 1000,
    ),
    "a form of parts without a boundary": post(
        b"Content-Type: multipart/form-data", b"Content-Length: 3", body=b"--b"
    ),
    "an alphabet that is none": post(
        b"Content-Type: application/json; charset=\xff", b"Content-Length: 2", body=b"{}"
    ),
    "a proxy that is none": get(b"/sign-in", b"X-Forwarded-For: " + b"1.1.1.1, " * 5000 + b"\xff"),
    "a token that is none": get(b"/api/v1/places", b"Authorization: Bearer \xff\xfe" + b"x" * 9000),
}


@pytest.fixture(scope="module")
def said(port):
    """All of them at once, each over a connection of its own; some wait for more until the end."""
    asked = SMUGGLED | MALFORMED
    with ThreadPoolExecutor(len(asked)) as together:
        return dict(
            zip(
                asked,
                together.map(partial(ask, port, silent_s=SILENT_S), asked.values()),
                strict=True,
            )
        )


def alive(port: int) -> bool:
    return ask(port, get(b"/healthz")).statuses == [200]


def test_nothing_that_is_sent_makes_it_fail(said, port):
    failed = {name: of.statuses for name, of in said.items() if any(n >= 500 for n in of.statuses)}

    assert len(said) >= 65
    assert failed == {}
    assert alive(port)


@pytest.mark.asvs("4.2.1")
def test_no_request_hides_in_another(said):
    """Refused, or one answer to one request: never what HIDDEN asks for."""
    answers = {name: said[name] for name in SMUGGLED}

    assert {n: of.statuses for n, of in answers.items() if len(of.statuses) > 1} == {}


def test_what_hides_would_be_found(port):
    """Two requests that are two: the way of counting finds both."""
    assert ask(port, HIDDEN + get(b"/healthz")).statuses == [200, 200]


METHODS = (b"TRACE", b"TRACK", b"DEBUG", b"PROPFIND", b"CONNECT", b"DELETE", b"PUT", b"PATCH")
OVERRIDES = (
    b"X-HTTP-Method-Override: DELETE",
    b"X-HTTP-Method: DELETE",
    b"X-Method-Override: DELETE",
)


@pytest.mark.asvs("4.1.4", "13.4.4")
def test_a_method_in_a_field_or_a_form_is_no_method(port):
    for method in METHODS:
        refused = ask(port, get(b"/sign-in", b"X-Secret: canary", method=method))
        assert refused.statuses[0] in {400, 404, 405}, method
        assert b"canary" not in refused.body, method
    for field in OVERRIDES:
        assert ask(port, get(b"/healthz", field)).statuses == [200], field
        assert ask(port, get(b"/healthz?_method=DELETE", field)).statuses in ([200], [422]), field
    body = b"_method=GET&username=x&password=x"
    length = b"Content-Length: %d" % len(body)
    assert ask(port, post(FORM, length, b"Connection: close", body=body)).statuses == [422]


OUTSIDE = (
    *(
        b"/../pyproject.toml",
        b"/static/../../pyproject.toml",
        b"/static/%2e%2e/%2e%2e/pyproject.toml",
    ),
    *(
        b"/static/..%2f..%2fpyproject.toml",
        b"/static/..%5c..%5cpyproject.toml",
        b"/static//etc/passwd",
    ),
    *(b"/static/%2fetc%2fpasswd", b"/static/js/..;/../../pyproject.toml", b"//etc/passwd"),
    *(b"/static/....//....//pyproject.toml", b"/static/%252e%252e/%252e%252e/pyproject.toml"),
    *(
        b"/static/css/app.css%00.html",
        b"/static/\\..\\..\\pyproject.toml",
        b"/basemap/../pyproject.toml",
    ),
    *(
        b"/static/.git/HEAD",
        b"/.git/config",
        b"/.env",
        b"/app/main.py",
        b"/static/vendor/../../../app/main.py",
    ),
    *(
        b"/static/",
        b"/static",
        b"/static/js/",
        b"/static/css",
        b"/static/vendor/",
        b"/static/css/app.scss~",
    ),
    *(
        b"/static/js/map-page.js.map",
        b"/static/js/.map-page.js.swp",
        b"/secret-key",
        b"/data/partnership.toml",
    ),
)


@pytest.mark.asvs("13.4.1", "13.4.3")
def test_nothing_but_our_files_is_served(port):
    for path in OUTSIDE:
        answer = ask(port, get(path))
        assert answer.statuses, path
        assert answer.statuses[0] in {303, 307, 400, 404, 422}, (path, answer.statuses)
        for word in (b"[project]", b"root:", b"refs/heads", b"import ", b"Index of", b"boroughs"):
            assert word not in answer.body, (path, word)


@pytest.mark.asvs("3.7.2", "4.1.3")
def test_nobody_is_led_elsewhere_by_a_host_or_an_address(port):
    """Neither a redirect nor a link takes its host from the request."""
    asked = [
        get(b"/", host=EVIL),
        get(b"/account", host=EVIL),
        get(b"//evil.example/account"),
        get(b"/\\evil.example"),
        get(b"/%2f%2fevil.example"),
        get(b"http://evil.example/account"),
        get(b"/account", b"X-Forwarded-Host: " + EVIL, b"X-Forwarded-Proto: https"),
        get(b"/account", b"Forwarded: host=evil.example;proto=https"),
        get(b"/account", b"X-Original-URL: /healthz", b"X-Rewrite-URL: /healthz"),
        get(b"/sign-in?next=//evil.example", b"Accept: text/html"),
        get(b"/sign-in?next=https:evil.example", b"Accept: text/html"),
        get(b"/sign-in?next=/%5cevil.example", b"Accept: text/html"),
        get(b"/static", host=EVIL),
        get(b"/places/", host=EVIL),
    ]

    for sent in asked:
        answer = ask(port, sent)
        assert answer.statuses, sent
        places = re.findall(rb"(?im)^location: *(.*)\r$", answer.body)
        led = [place for place in places if not re.match(rb"/(?![/\\])", place)]
        assert led == [], sent
        assert b'="//evil' not in answer.body, sent
        assert b"://evil" not in answer.body, sent


@pytest.mark.asvs("14.2.5")
def test_a_page_is_not_kept_because_its_address_looks_like_a_file(port):
    for path in (
        b"/sign-in/x.css",
        b"/account.js",
        b"/account/a.css",
        b"/sign-in;x.css",
        b"/report%2fx.js",
    ):
        answer = ask(port, get(path, b"Accept: text/html"))
        head = answer.body.partition(b"\r\n\r\n")[0].lower()
        assert answer.statuses[0] in {303, 401, 404}, path
        assert b"no-store" in head, path
        assert b"text/css" not in head, path
        assert b"javascript" not in head.replace(b"script-src", b""), path


def test_slow_visitors_keep_nobody_waiting(port):
    """A hundred and fifty who never finish their first line, their fields, their body."""
    begun = (b"GE", b"GET /healthz HTTP/1.1\r\nHost: x\r\nA: ", post(FORM, b"Content-Length: 900"))
    with ExitStack() as open_:
        for n in range(150):
            wire = open_.enter_context(socket.create_connection(("127.0.0.1", port), timeout=5))
            wire.sendall(begun[n % 3])
        before = time.monotonic()
        answers = [ask(port, get(b"/sign-in", b"Accept: text/html")).statuses for _ in range(5)]

    assert answers == [[200]] * 5
    assert time.monotonic() - before < 14  # slow visitors are let go after 15 s
