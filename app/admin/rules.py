"""Rules of accounts and grants that people give each other. Nothing here asks the database."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from app.accounts.permissions import PERMISSIONS, ROLES, Role
from app.accounts.rules import BREAK_GLASS, OTHER_PERSON, USERNAME, State, end_problem
from app.core import clock

EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+")
ENDING_TIME = timedelta(days=14)
EMERGENCY_TIME = timedelta(days=30)  # as long as an auditor is shown unusual use
LONGEST_GRANT = timedelta(days=89)  # the end of that day is still within 90 days
SHORTEST_REASON, LONGEST_REASON = 20, 500

NEVER = date.min  # where a form has no day
UNDER_WAY = (State.INVITED, State.WAITING)

NO_BOROUGH = "Choose at least one borough."
NO_NAME = "Enter a name."
BAD_USERNAME = "Use 2 to 40 small letters, digits, dots, dashes or underscores."
BAD_EMAIL = "Enter a whole e-mail address."
NO_ROLE = "Choose a role."
NO_AGENCY = "Choose an organisation."
NO_END = "Enter an end date within 12 months."
TAKEN = "Another account has this username."
SHORT_REASON = "Enter a reason of at least 20 characters."
LONG_REASON = "Use at most 500 characters."
NO_PERSON = "Choose who it is for."
NO_KIND = "Choose what it is for."
NO_PURPOSE = "Choose why it is needed."
NO_NEED = "A grant of this kind opens nothing more to this person's role."
BAD_END = "Enter an end date within 90 days."


class Known(Protocol):
    """What the rules ask of an account that is stored."""

    @property
    def id(self) -> UUID: ...
    @property
    def role(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def created_by(self) -> UUID: ...
    @property
    def updated_by(self) -> UUID: ...
    @property
    def approved_by(self) -> UUID | None: ...


class Kind(StrEnum):
    """What a lead may ask a grant for."""

    CASE = "CASE"
    CHILD_LINK = "CHILD_LINK"
    CUSTODIAN = "CUSTODIAN"


class GrantState(StrEnum):
    """Told by the dates and persons of a grant; not stored."""

    ASKED = "ASKED"
    LIVE = "LIVE"
    ENDING = "ENDING"
    OVER = "OVER"
    REVOKED = "REVOKED"


GRANT_STATE_WORDS = {
    GrantState.ASKED: "Waits for a second person",
    GrantState.LIVE: "Open now",
    GrantState.ENDING: "Ends within 14 days",
    GrantState.OVER: "Over",
    GrantState.REVOKED: "Revoked",
}
OBJECTS = {
    Kind.CASE: ("place", "PL"),
    Kind.CHILD_LINK: ("child", "CH"),
    Kind.CUSTODIAN: ("duty", "US"),
}
# Whom a grant opens anything to: roles that see some of these records, but not all.
OPENS_TO = {
    kind: tuple(
        role
        for role in ROLES
        if (rule := PERMISSIONS.rule(role, f"{thing}.read"))
        and rule.scope in {"own_borough", "named"}
    )
    for kind, (thing, _) in OBJECTS.items()
    if kind is not Kind.CUSTODIAN
} | {Kind.CUSTODIAN: ("cs_lead",)}
# Kinds that are asked for again; packs and emergency access end with what they were for.
LASTING = ("CASE", "CHILD_LINK", "INTEL_C", "CUSTODIAN")
SECOND = ("cs_lead", "auditor")


class Granted(Protocol):
    """What the rules ask of a grant that is stored."""

    @property
    def kind(self) -> str: ...
    @property
    def user_id(self) -> UUID: ...
    @property
    def created_by(self) -> UUID: ...
    @property
    def until_at(self) -> datetime: ...
    @property
    def approved_at(self) -> datetime | None: ...
    @property
    def revoked_at(self) -> datetime | None: ...


def grant_state(grant: Granted, now: datetime) -> GrantState:
    """Where a grant is. One's own emergency access waits for nobody."""
    if grant.revoked_at is not None:
        return GrantState.REVOKED
    if grant.until_at <= now:
        return GrantState.OVER
    if grant.approved_at is None and grant.kind != BREAK_GLASS:
        return GrantState.ASKED
    soon = grant.kind in LASTING and grant.until_at <= now + ENDING_TIME
    return GrantState.ENDING if soon else GrantState.LIVE


def barrier_to_approve(grant: Granted, *, by: UUID, role: str, now: datetime) -> str | None:
    """Why this person may not say yes; None when nothing is against it."""
    if grant_state(grant, now) is not GrantState.ASKED:
        return "This grant does not wait for anybody."
    if by in {grant.user_id, grant.created_by}:
        return "Somebody else must approve this: not the person who asked, or whom it is for."
    if grant.kind == "IDENTITY":
        return "An identity custodian decides this, under Requests for identities."
    if grant.kind == Kind.CUSTODIAN and role != "auditor":
        return "An auditor confirms this duty."
    return None if role in SECOND else "Your role does not approve grants."


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
        "name": None if wanted.name else NO_NAME,
        "email": BAD_EMAIL if wanted.email and not EMAIL.fullmatch(wanted.email) else None,
        "agency_code": None if wanted.agency_code in agencies else NO_AGENCY,
        "role": None if role is not None and role.account else NO_ROLE,
        "borough_codes": _borough_problem(wanted, role, boroughs),
        "ends_on": end_problem(wanted.ends_on, today),
    }
    return {name: words for name, words in found.items() if words}


def waits(user: Known) -> bool:
    """Whether an account still needs the second person that its role asks for."""
    role = ROLES[user.role]
    return bool(role.second_person) and user.approved_by is None and user.state in UNDER_WAY


def barrier_to_confirm(user: Known, *, by: UUID, role: str) -> str | None:
    """Why this person may not be the second one; None when nothing is against it."""
    if not waits(user):
        return "This account does not wait for anybody."
    if by in {user.id, user.created_by, user.updated_by}:
        return OTHER_PERSON
    if role not in ROLES[user.role].second_person:
        labels = " or ".join(ROLES[name].label for name in ROLES[user.role].second_person)
        return f"This account is confirmed by another role: {labels}."
    return None


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
