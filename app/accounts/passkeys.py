"""Passkeys as a second factor: challenges, and what an authenticator answers to them.

Knows no database; where a challenge is kept, and that it counts once, is `sign_on`'s to see to.
"""

import ipaddress
import json
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit
from uuid import UUID

import webauthn
from webauthn.helpers import base64url_to_bytes
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from app.core.settings import Settings

Found = TypeVar("Found")

SERVICE = "Contextmap"
LASTS_S = 300
TIMEOUT_MS = LASTS_S * 1000
RANDOM_BYTES = 32
LONGEST = 20_000
SURE = UserVerificationRequirement.PREFERRED


class Use(Enum):
    """What a challenge was made for; one made for another use is refused."""

    ADD = b"A"
    SHOW = b"S"


class PasskeyRefusedError(Exception):
    """The authenticator's answer does not fit the challenge, the site or the key."""


@dataclass(frozen=True, slots=True)
class Party:
    """Who we are to an authenticator."""

    id: str
    origin: str

    @classmethod
    def of(cls, settings: Settings) -> Self | None:
        """None where browsers know no passkeys: at a bare number, or without TLS."""
        parts = urlsplit(settings.base_url)
        host = parts.hostname or ""
        if _is_number(host) or (parts.scheme != "https" and host != "localhost"):
            return None
        return cls(id=host, origin=f"{parts.scheme}://{parts.netloc}")


@dataclass(frozen=True, slots=True)
class Key:
    """What of a passkey is stored."""

    credential_id: bytes
    public_key: bytes
    sign_count: int


def new_challenge(use: Use, now: datetime) -> bytes:
    """Random, and says itself what for and since when."""
    made_s = int(now.timestamp()).to_bytes(8)
    return use.value + made_s + secrets.token_bytes(RANDOM_BYTES)


def is_fresh(challenge: bytes | None, use: Use, now: datetime) -> bool:
    if challenge is None or challenge[:1] != use.value:
        return False
    return 0 <= int(now.timestamp()) - int.from_bytes(challenge[1:9]) <= LASTS_S


def to_add(
    party: Party, challenge: bytes, *, user_id: UUID, username: str, known: Sequence[bytes]
) -> str:
    """What the browser needs to make a passkey, as JSON. One authenticator is added once."""
    options = webauthn.generate_registration_options(
        rp_id=party.id,
        rp_name=SERVICE,
        user_id=user_id.bytes,
        user_name=username,
        challenge=challenge,
        timeout=TIMEOUT_MS,
        exclude_credentials=_listed(known),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.DISCOURAGED, user_verification=SURE
        ),
    )
    return webauthn.options_to_json(options)


def added(party: Party, answer: str, challenge: bytes) -> Key:
    """The new passkey.

    Raises
    ------
    PasskeyRefusedError
        Of another challenge, site or kind; not to be read.
    """
    found = _checked(
        webauthn.verify_registration_response,
        credential=_read(answer),
        expected_challenge=challenge,
        expected_rp_id=party.id,
        expected_origin=party.origin,
    )
    return Key(found.credential_id, found.credential_public_key, found.sign_count)


def to_show(party: Party, challenge: bytes, known: Sequence[bytes]) -> str:
    """What the browser needs to ask for one of these passkeys, as JSON."""
    options = webauthn.generate_authentication_options(
        rp_id=party.id,
        challenge=challenge,
        timeout=TIMEOUT_MS,
        allow_credentials=_listed(known),
        user_verification=SURE,
    )
    return webauthn.options_to_json(options)


def shown(party: Party, answer: str, challenge: bytes, key: Key) -> int:
    """The new count of uses. A count that does not rise means a copied key.

    Raises
    ------
    PasskeyRefusedError
        Of another challenge, site or key; used elsewhere since; not to be read.
    """
    found = _checked(
        webauthn.verify_authentication_response,
        credential=_read(answer),
        expected_challenge=challenge,
        expected_rp_id=party.id,
        expected_origin=party.origin,
        credential_public_key=key.public_key,
        credential_current_sign_count=key.sign_count,
    )
    if found.credential_id != key.credential_id:
        raise PasskeyRefusedError
    return found.new_sign_count


def named_in(answer: str) -> bytes:
    """Which passkey an answer says it is of."""
    said = _read(answer).get("id")
    try:
        found = base64url_to_bytes(said if isinstance(said, str) else "")
    except ValueError:
        found = b""
    if not found:
        raise PasskeyRefusedError
    return found


def _checked(verify: Callable[..., Found], **given: Any) -> Found:  # noqa: ANN401 - as the library
    """Bytes of a stranger, read by several libraries: whatever one of them raises is a refusal."""
    try:
        return verify(**given)
    except Exception as wrong:
        raise PasskeyRefusedError from wrong


def _read(answer: str) -> dict[str, Any]:
    try:
        found = json.loads(answer) if len(answer) <= LONGEST else None
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise PasskeyRefusedError
    return found


def _listed(known: Sequence[bytes]) -> list[PublicKeyCredentialDescriptor]:
    return [PublicKeyCredentialDescriptor(id=each) for each in known]


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return not host
    return True
