"""Who a reference stands for: how it is compared, how long it is open, what is asked of people."""

import hashlib
import hmac
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

SHORTEST_REASON, LONGEST_REASON = 20, 500
OPEN_FOR = timedelta(hours=24)
QUESTIONS_AN_HOUR = 20
OLDEST_YEARS = 26

SHORT_REASON = "Enter a reason of at least 20 characters."
LONG_REASON = "Use at most 500 characters."
NO_IDENTITY = "No identity is held for this reference."
NOT_CUSTODIAN = "Only an identity custodian does this. A lead asks for the duty under Grants."
ASKED_ALREADY = "You have asked already. A custodian decides."
NOT_YOURS = "Another custodian must decide this: not the person who asked."
TOO_OFTEN = "You have asked 20 times within an hour. Try again later."
HELD_TWICE = (
    "An identity with this surname and date of birth is held already. Look for the reference in "
    "the child's case file. If it is another child, tick the box and send again."
)


@dataclass(frozen=True, slots=True)
class Identity:
    """Nothing more than needed to find the child in its own case file."""

    surname: str
    given_names: str
    born_on: date


def folded(surname: str) -> str:
    """Equal for spellings that differ by case, accents, spaces and signs only.

    >>> folded("Synthetic-Ó Brien") == folded("synthetic o'brien")
    True
    """
    plain = unicodedata.normalize("NFKD", surname).casefold()
    return "".join(letter for letter in plain if letter.isalnum())


def blind(key: bytes, surname: str, born_on: date) -> bytes:
    """Says whether two are equal, to whoever has the key, and nothing else to anybody."""
    said = f"{folded(surname)}|{born_on.isoformat()}"
    return hmac.new(key, said.encode(), hashlib.sha256).digest()


def bound_to(child_id: str, version: int) -> bytes:
    """Schema, table, column, row and key version: a box moved elsewhere does not open."""
    return f"vault|identity|sealed|{child_id}|{version}".encode()


def reason_problem(reason: str) -> str | None:
    if len(reason) < SHORTEST_REASON:
        return SHORT_REASON
    return LONG_REASON if len(reason) > LONGEST_REASON else None


def problems(born_on: date, today: date) -> dict[str, str]:
    if born_on > today:
        return {"born_on": "This date is in the future."}
    if born_on.year < today.year - OLDEST_YEARS:
        return {"born_on": "This is nobody under 26. Check the year."}
    return {}


def left_words(until: datetime, now: datetime) -> str:
    """In words, since a count of seconds would hurry people.

    >>> now = datetime(2026, 11, 26, 10)
    >>> left_words(now + timedelta(hours=23, minutes=30), now)
    'about 23 hours are left'
    >>> left_words(now + timedelta(minutes=59), now)
    'less than an hour is left'
    """
    hours = int((until - now).total_seconds() // 3600)
    if hours < 1:
        return "less than an hour is left"
    return "about 1 hour is left" if hours == 1 else f"about {hours} hours are left"


def text_of(identity: Identity) -> Mapping[str, str]:
    return {
        "surname": identity.surname,
        "given_names": identity.given_names,
        "born_on": identity.born_on.isoformat(),
    }


def identity_of(said: Mapping[str, str]) -> Identity:
    return Identity(said["surname"], said["given_names"], date.fromisoformat(said["born_on"]))
