"""Single sign-on by OpenID Connect: authorisation code with PKCE.

Nothing of a token is kept, logged or shown. Roles never come from it: accounts are ours.
"""

import base64
import hmac
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Self
from urllib.parse import quote, urlencode

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jwt import JWTClaimsRegistry, Token, decode

from app.accounts.issuer import KEPT_S, Issuer, SignOnRefusedError, Why
from app.accounts.permissions import PERMISSIONS
from app.core import clock
from app.core.settings import Settings

CALLBACK = "/sign-in/oidc/callback"
ALGORITHMS = ("RS256", "PS256", "ES256")  # never none, never a shared secret
# RFC 8176, and what Entra ID says for the same.
SECOND_FACTORS = frozenset({"mfa", "ngcmfa", "otp", "hwk", "sc", "fido"})
YES = (True, "1", "true")

ATTEMPT_S, KEYS_AGAIN_S, SKEW_S = 600, 60, 60
NONCE_BYTES = 12


@dataclass(frozen=True, slots=True)
class Client:
    """What we are at the issuer."""

    issuer: str
    client_id: str
    client_secret: str | None
    callback: str

    @classmethod
    def of(cls, settings: Settings) -> Self | None:
        """None when single sign-on is not set up."""
        if not (settings.oidc_issuer and settings.oidc_client_id):
            return None
        secret = settings.oidc_client_secret
        return cls(
            issuer=settings.oidc_issuer,
            client_id=settings.oidc_client_id,
            client_secret=None if secret is None else secret.get_secret_value(),
            callback=settings.base_url.rstrip("/") + CALLBACK,
        )


@dataclass(frozen=True, slots=True)
class Attempt:
    """One way to the issuer and back, kept by the browser, sealed so that it cannot be read."""

    state: str
    nonce: str
    verifier: str
    return_to: str
    until_s: float

    @classmethod
    def new(cls, return_to: str) -> Self:
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        return cls(state, nonce, verifier, return_to, time.time() + ATTEMPT_S)

    def sealed(self, key: bytes) -> str:
        salt = secrets.token_bytes(NONCE_BYTES)
        body = AESGCM(key).encrypt(salt, json.dumps(asdict(self)).encode(), CALLBACK.encode())
        return _text(salt + body)

    @classmethod
    def opened(cls, key: bytes, kept: str | None, state: str | None) -> Self:
        """The attempt this browser began, and no other."""
        try:
            raw = base64.urlsafe_b64decode((kept or "") + "==")
            body = AESGCM(key).decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], CALLBACK.encode())
        except (ValueError, InvalidTag):
            raise SignOnRefusedError(Why.STATE) from None
        found = cls(**json.loads(body))
        same = hmac.compare_digest(found.state.encode(), (state or "").encode())
        if not same or time.time() > found.until_s:
            raise SignOnRefusedError(Why.STATE)
        return found


@dataclass(frozen=True, slots=True)
class Proven:
    """Who the issuer says this is. `email` only when the issuer has verified it.

    `shown_at` is when the person last proved it there; None when the issuer does not say.
    """

    issuer: str
    subject: str
    email: str | None
    second_factor: bool
    shown_at: datetime | None


class Provider:
    """Sign-on at one issuer; one for each process. Safe for threads."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.issuer = Issuer(client.issuer)

    def address(self, attempt: Attempt) -> str:
        """Where the browser goes to be asked who it is."""
        asked = {
            "response_type": "code",
            "client_id": self.client.client_id,
            "redirect_uri": self.client.callback,
            "scope": "openid email",
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": _text(sha256(attempt.verifier.encode()).digest()),
            "code_challenge_method": "S256",
            # Nobody is let in silently because somebody was at this computer this morning.
            "max_age": str(PERMISSIONS.step_up_max_age_s),
        }
        begin = self.issuer.endpoint("authorization_endpoint")
        return f"{begin}{'&' if '?' in begin else '?'}{urlencode(asked)}"

    def proven(self, code: str, attempt: Attempt) -> Proven:
        """Exchange the code, and check what comes for it.

        Raises
        ------
        SignOnRefusedError
            Whatever does not fit: signature, issuer, audience, nonce, times.
        """
        url = self.issuer.endpoint("token_endpoint")
        answer = self.issuer.ask("POST", url, Why.CODE, **self._form(code, attempt))
        token = self._verified(answer.get("id_token"))
        try:
            _registry(self.client, attempt).validate(token.claims)
        except JoseError:
            raise SignOnRefusedError(Why.CLAIMS) from None
        return _proven(self.client, token.claims)

    def _form(self, code: str, attempt: Attempt) -> dict[str, Any]:
        own, secret = self.client.client_id, self.client.client_secret
        sent = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.client.callback,
            "code_verifier": attempt.verifier,
        }
        if secret is None:
            return {"data": sent | {"client_id": own}}
        ways = self.issuer.metadata().get("token_endpoint_auth_methods_supported")
        if "client_secret_basic" in (ways or ["client_secret_basic"]):
            return {"data": sent, "auth": (quote(own, safe=""), quote(secret, safe=""))}
        return {"data": sent | {"client_id": own, "client_secret": secret}}

    def _verified(self, id_token: object) -> Token:
        """Signed by a key of the issuer. A key we do not know may be new: asked for once more."""
        if not isinstance(id_token, str):
            raise SignOnRefusedError(Why.CODE)
        for longest_s in (KEPT_S, KEYS_AGAIN_S):
            keys = self.issuer.kept(self.issuer.endpoint("jwks_uri"), longest_s).get("keys")
            try:
                return decode(id_token, KeySet.import_key_set({"keys": _signing(keys)}), ALGORITHMS)
            except (JoseError, ValueError, TypeError, KeyError):
                continue
        raise SignOnRefusedError(Why.SIGNATURE)


def _registry(client: Client, attempt: Attempt) -> JWTClaimsRegistry:
    return JWTClaimsRegistry(
        now=int(clock.now().timestamp()),
        leeway=SKEW_S,
        iss={"essential": True, "value": client.issuer},
        aud={"essential": True, "value": client.client_id},
        sub={"essential": True},
        exp={"essential": True},
        iat={"essential": True},
        nonce={"essential": True, "value": attempt.nonce},
    )


def _proven(client: Client, claims: Mapping[str, Any]) -> Proven:
    """Roles, names and groups of the token are not looked at."""
    several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if claims.get("azp", None if several else client.client_id) != client.client_id:
        raise SignOnRefusedError(Why.CLAIMS)
    checked = claims.get("email_verified") is True or claims.get("xms_edov") in YES
    email, amr = claims.get("email"), claims.get("amr")
    return Proven(
        issuer=client.issuer,
        subject=claims["sub"],
        email=email if checked and isinstance(email, str) else None,
        second_factor=isinstance(amr, list) and not SECOND_FACTORS.isdisjoint(map(str, amr)),
        shown_at=_shown_at(claims.get("auth_time")),
    )


def _shown_at(said: object) -> datetime | None:
    """A time to come is now: clocks differ, and it must not last the longer for it."""
    if not isinstance(said, int) or said < 0:
        return None
    return datetime.fromtimestamp(min(said, int(clock.now().timestamp())), UTC)


def _signing(keys: object) -> list[dict[str, Any]]:
    """Public keys for signatures; issuers also publish others."""
    listed = [key for key in keys if isinstance(key, dict)] if isinstance(keys, list) else []
    return [k for k in listed if k.get("kty") in {"RSA", "EC"} and k.get("use", "sig") == "sig"]


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
