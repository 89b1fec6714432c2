"""A real issuer of single sign-on on loopback: discovery, keys, codes with PKCE, signed tokens.

It is strict where a good issuer is, and its tokens can be made wrong in one way at a time.
"""

import base64
import hmac
import json
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT_ID, CLIENT_SECRET = "contextmap tests", "a secret: of the tests only"


def text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def unsigned(claims: dict) -> str:
    """A token of alg none."""
    header = text(json.dumps({"alg": "none", "typ": "JWT"}).encode())
    return f"{header}.{text(json.dumps(claims).encode())}."


def key(kid: str) -> RSAKey:
    return RSAKey.generate_key(2048, parameters={"kid": kid, "use": "sig"})


@dataclass
class Issuer:
    """What it says, and what was asked of it."""

    url: str = ""
    key: RSAKey = field(default_factory=lambda: key("first"))
    metadata: dict = field(default_factory=dict)
    claims: dict = field(default_factory=dict)  # over the ordinary ones; None leaves one out
    sign: Callable[[dict], str] | None = None
    asks_first: bool = (
        False  # a page with a link, as real ones show, instead of going straight back
    )
    answer: Callable[[BaseHTTPRequestHandler], bool] = lambda _: False
    asked: list[str] = field(default_factory=list)
    codes: dict[str, dict] = field(default_factory=dict)
    used: list[str] = field(default_factory=list)

    def configuration(self) -> dict:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
        } | self.metadata

    def code(self, asked: dict[str, str]) -> str:
        """For one browser's attempt; remembers the challenge."""
        made = secrets.token_urlsafe(24)
        self.codes[made] = asked
        return made

    def token(self, nonce: str) -> str:
        now = int(time.time())
        ordinary = {
            "iss": self.url,
            "sub": "subject-1",
            "aud": CLIENT_ID,
            "iat": now,
            "auth_time": now,
            "exp": now + 300,
            "nonce": nonce,
            "email": "kim.example@kingston.example",
            "email_verified": True,
            "roles": ["administrator"],
            "amr": ["pwd", "mfa"],
        }
        said = {k: v for k, v in (ordinary | self.claims).items() if v is not None}
        return self.sign(said) if self.sign else self.signed(said)

    def signed(self, claims: dict, by: RSAKey | None = None) -> str:
        by = by or self.key
        return jwt.encode({"alg": "RS256", "kid": by.kid}, claims, by)

    def confused(self, claims: dict) -> str:
        """Signed with the public key as if it were a shared secret."""
        header = text(json.dumps({"alg": "HS256", "kid": self.key.kid}).encode())
        body = f"{header}.{text(json.dumps(claims).encode())}"
        secret = self.key.as_pem(private=False)
        return f"{body}.{text(hmac.digest(secret, body.encode(), 'sha256'))}"


class Handler(BaseHTTPRequestHandler):
    """Two pages of metadata, one for the browser, one for us."""

    issuer: Issuer

    def do_GET(self) -> None:
        self.issuer.asked.append(self.path)
        if self.issuer.answer(self):
            return
        parts = urlsplit(self.path)
        if parts.path == "/.well-known/openid-configuration":
            self.say(200, self.issuer.configuration())
        elif parts.path == "/keys":
            self.say(200, {"keys": [self.issuer.key.as_dict(private=False)]})
        elif parts.path == "/authorize":
            self.authorize({k: v[0] for k, v in parse_qs(parts.query).items()})
        else:
            self.say(404, {})

    def do_POST(self) -> None:
        self.issuer.asked.append(self.path)
        if self.issuer.answer(self):
            return
        sent = parse_qs(self.rfile.read(int(self.headers["content-length"])).decode())
        self.exchange({k: v[0] for k, v in sent.items()})

    def authorize(self, asked: dict[str, str]) -> None:
        if asked["client_id"] != CLIENT_ID or asked["code_challenge_method"] != "S256":
            self.say(400, {"error": "invalid_request"})
            return
        back = {"code": self.issuer.code(asked), "state": asked["state"], "iss": self.issuer.url}
        address = f"{asked['redirect_uri']}?{urlencode(back)}"
        if self.issuer.asks_first:
            page = f'<!DOCTYPE html><link rel="icon" href="data:,"><a href="{address}">Continue</a>'
            self.send(200, page.replace("&", "&amp;").encode(), {"Content-Type": "text/html"})
        else:
            self.send(303, b"", {"Location": address})

    def exchange(self, sent: dict[str, str]) -> None:
        asked = self.issuer.codes.pop(sent.get("code", ""), None)
        if not self.ours(sent):
            self.say(401, {"error": "invalid_client"})
            return
        challenge = text(sha256(sent.get("code_verifier", "").encode()).digest())
        if (
            asked is None
            or challenge != asked["code_challenge"]
            or sent["redirect_uri"] != asked["redirect_uri"]
        ):
            self.say(400, {"error": "invalid_grant"})
            return
        self.issuer.used.append(sent["code"])
        token = self.issuer.token(asked["nonce"])
        self.say(200, {"access_token": "of no use", "token_type": "Bearer", "id_token": token})

    def ours(self, sent: dict[str, str]) -> bool:
        said = self.headers.get("authorization", "")
        if said.startswith("Basic "):
            name, _, secret = base64.b64decode(said[6:]).decode().partition(":")
            return (unquote(name), unquote(secret)) == (CLIENT_ID, CLIENT_SECRET)
        return (sent.get("client_id"), sent.get("client_secret")) == (CLIENT_ID, CLIENT_SECRET)

    def say(self, status: int, body: dict) -> None:
        self.send(status, json.dumps(body).encode(), {"Content-Type": "application/json"})

    def send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in (headers | {"Content-Length": str(len(body))}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Silent."""


@contextmanager
def running(host: str = "127.0.0.1") -> Iterator[Issuer]:
    issuer = Issuer()
    handler = type("OfThisIssuer", (Handler,), {"issuer": issuer})
    server = ThreadingHTTPServer((host, 0), handler)
    issuer.url = f"http://{host}:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield issuer
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
