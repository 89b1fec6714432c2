"""Rules of accounts and grants that people give each other. Nothing here asks the database."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from app.accounts.permissions import Role
from app.accounts.rules import USERNAME, end_problem
from app.core import clock

EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+")
LONGEST_GRANT = timedelta(days=89)  # the end of that day is still within 90 days
SHORTEST_REASON, LONGEST_REASON = 20, 500

NO_BOROUGH = "Choose at least one borough."
BAD_USERNAME = "Use 2 to 40 small letters, digits, dots, dashes or underscores."
BAD_EMAIL = "Enter a whole e-mail address."
NO_ROLE = "Choose a role."
NO_AGENCY = "Choose an organisation."
SHORT_REASON = "Enter a reason of at least 20 characters."
LONG_REASON = "Use at most 500 characters."
BAD_END = "Enter an end date within 90 days."


class Kind(StrEnum):
    """What a lead may ask a grant for."""

    CASE = "CASE"
    CHILD_LINK = "CHILD_LINK"


KIND_WORDS = {
    "CASE": "One place",
    "CHILD_LINK": "One child",
    "PACK_MARVE": "Pack of a MARVE panel",
    "PACK_MISSING": "Pack of a missing panel",
    "PACK_DRB": "Pack of a daily risk briefing",
    "INTEL_C": "One item of code C",
    "BREAK_GLASS": "Emergency access",
}
OBJECTS = {Kind.CASE: ("place", "PL"), Kind.CHILD_LINK: ("child", "CH")}


@dataclass(frozen=True, slots=True)
class Wanted:
    """An account as an administrator wants it."""

    username: str
    name: str
    email: str | None
    agency_code: str
    role: str
    borough_codes: tuple[str, ...]
    ends_on: date
    oidc_subject: str | None = None


def problems(
    wanted: Wanted,
    role: Role | None,
    *,
    agencies: Collection[str],
    boroughs: Collection[str],
    today: date,
) -> dict[str, str]:
    """One sentence for each answer that cannot be used; empty when all can."""
    found = {
        "username": None if USERNAME.fullmatch(wanted.username) else BAD_USERNAME,
        "email": BAD_EMAIL if wanted.email and not EMAIL.fullmatch(wanted.email) else None,
        "agency_code": None if wanted.agency_code in agencies else NO_AGENCY,
        "role": None if role is not None and role.account else NO_ROLE,
        "borough_codes": _borough_problem(wanted, role, boroughs),
        "ends_on": end_problem(wanted.ends_on, today),
    }
    return {name: words for name, words in found.items() if words}


def must_be_confirmed(role: Role, changed: Collection[str]) -> bool:
    """Whether a change takes back what a second person confirmed.

    Who somebody is at sign-in counts like the role: otherwise an administrator could become a
    lead by giving a lead's account an address of their own.
    """
    decisive = {"role", "agency_code", "email", "oidc_subject"}
    return bool(role.second_person) and not decisive.isdisjoint(changed)


def reason_problem(reason: str) -> str | None:
    if len(reason) < SHORTEST_REASON:
        return SHORT_REASON
    return LONG_REASON if len(reason) > LONGEST_REASON else None


def grant_end_problem(until: date, today: date) -> str | None:
    return None if today <= until <= today + LONGEST_GRANT else BAD_END


def end_of(day: date) -> datetime:
    """The last moment of a day in London."""
    return datetime.combine(day + timedelta(days=1), time(), clock.LONDON)


def _borough_problem(wanted: Wanted, role: Role | None, boroughs: Collection[str]) -> str | None:
    if role is None or role.boroughs != "assigned":
        return None
    known = [code for code in wanted.borough_codes if code in boroughs]
    return None if known and len(known) == len(wanted.borough_codes) else NO_BOROUGH
