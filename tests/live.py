"""The whole application on a port of this machine, in a process of its own."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

# Without its content security policy a page has only its own care left: a switch of the tests,
# in the process of the tests, and no setting of the product.
SERVER = """
import json, sys
from pathlib import Path
import uvicorn
from app.core import log, security
from app.core.db import Database
from app.core.settings import Settings
from app.main import create_app
given = json.loads(sys.argv[1])
class Logins:
    def dsn(self, role):
        return given["dsn"].replace("ROLE", role)
if not given["csp"]:
    security.HEADERS[:] = [h for h in security.HEADERS if h[0] != b"content-security-policy"]
log.setup()
settings = Settings(data_dir=Path(given["data"]), demo=True, secret_key="a key of the tests only",
                    basemap=given["basemap"], trusted_proxies=given["proxies"],
                    **given["more"])
app = create_app(Database(Logins(), given["key"].encode()), settings)
uvicorn.run(app, host="127.0.0.1", port=given["port"], log_level="error", access_log=False,
            server_header=False)
"""


@dataclass(frozen=True)
class Live:
    """Where it answers, and what it wrote to its log."""

    url: str
    log: Path

    def violations(self) -> int:
        """Reports of browsers about the content security policy."""
        return self.log.read_text().count('"event":"csp.report"')


@contextmanager
def serving(
    dsn: str,
    key: bytes,
    folder: Path,
    *,
    basemap: Path | None = None,
    csp: bool = True,
    proxies: str = "",
    partnership: Path | None = None,
) -> Iterator[Live]:
    """`dsn` has ROLE where the name of the database role belongs."""
    given = {
        "dsn": dsn,
        "key": key.decode(),
        "data": str(folder),
        "basemap": basemap and str(basemap),
        "port": free_port(),
        "csp": csp,
        "proxies": proxies,
        "more": {"partnership": str(partnership)} if partnership else {},
    }
    log = folder / "server.log"
    with log.open("ab") as out:
        server = subprocess.Popen(
            [sys.executable, "-c", SERVER, json.dumps(given)],
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=out,
            stderr=out,
        )
    try:
        wait_until_alive(given["port"], log)
        yield Live(f"http://127.0.0.1:{given['port']}", log)
    finally:
        server.terminate()
        server.wait(timeout=15)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_alive(port: int, log: Path | None = None) -> None:
    for _ in range(1200):  # a minute: loading takes long beside other tests
        connection = HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/healthz")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.05)
        finally:
            connection.close()
    said = log.read_text()[-2000:] if log else ""
    raise AssertionError(f"The service did not start.\n{said}")
