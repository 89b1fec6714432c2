"""Rules of accounts and sign-in: states, limits on guessing, addresses to go back to."""

import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from ipaddress import IPv6Address, ip_address


class State(StrEnum):
    """INVITED until set up; WAITING for a second person."""

    INVITED = "INVITED"
    WAITING = "WAITING"
    ACTIVE = "ACTIVE"
    DISABLED = "DISABLED"


class Stage(StrEnum):
    """How far a browser has come: a code is missing, an account is set up, or signed in."""

    CODE = "CODE"
    SETUP = "SETUP"
    FULL = "FULL"


class TokenScope(StrEnum):
    READ = "read"
    WRITE = "write"


# One sentence for every failure, so that none tells which part was right.
FAILED = "Check your username, password and code."
FAILED_AGAIN = "Check the code. Each one counts once."
NOT_CURRENT = "This is not your current password."
WAIT = "Too many tries. Wait 5 minutes."
LINK_OVER = "This link has been used or is too old. Ask an administrator for a new one."
OWN_ROLE = "Nobody changes their own role. Ask another administrator."
OTHER_PERSON = "Somebody else must confirm this: not the person who asked, made or changed it."

STAGE_TIME = {Stage.CODE: timedelta(minutes=10), Stage.SETUP: timedelta(hours=1)}
INVITATION_TIME = timedelta(days=7)
LONGEST_ACCOUNT = timedelta(days=365)
UNUSED = timedelta(days=90)
BREAK_GLASS = "BREAK_GLASS"  # the kind of grant that people give themselves in an emergency
GRANT_WORDS = {
    "CASE": "One place",
    "CHILD_LINK": "One child",
    "IDENTITY": "Who one child is",
    "CUSTODIAN": "Duty: identity custodian",
    "PACK_MARVE": "Pack of a MARVE panel",
    "PACK_MISSING": "Pack of a missing panel",
    "PACK_DRB": "Pack of a daily risk briefing",
    "INTEL_C": "One item of code C",
    BREAK_GLASS: "Emergency access",
}
LONGEST_TOKEN = timedelta(hours=24)
FAILURES_KEPT = timedelta(days=1)
FAILURES, WINDOW, PAUSE = 10, timedelta(minutes=5), timedelta(minutes=5)

SHORTEST_REASON, LONGEST_REASON, LONGEST_EMERGENCY_H = 20, 500, 4
CODES_SHOWN = timedelta(minutes=10)  # after they were made

USERNAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,39}")


def must_wait(failures: Sequence[datetime], now: datetime) -> bool:
    """Ten failures within five minutes, the last of them less than five minutes ago.

    With every try counted before it is made, no five minutes hold more than ten.
    """
    last = sorted(failures)[-FAILURES:]
    if len(last) < FAILURES:
        return False
    return last[-1] - last[0] <= WINDOW and now - last[-1] < PAUSE


def state_after_setup(*, waits_for_second: bool, confirmed: bool) -> State:
    return State.WAITING if waits_for_second and not confirmed else State.ACTIVE


def folded(username: str) -> str:
    """As it is stored: people type capitals and spaces."""
    return username.strip().lower()


def own_path(asked: str | None) -> str:
    """A page of ours to go back to; the start for anything else."""
    if not asked or len(asked) > 300 or not re.fullmatch(r"/(?!/)[!-\[\]-~]*", asked):
        return "/"
    return "/" if re.match(r"/(sign-|account/confirm)", asked) else asked


def end_problem(ends_on: date, today: date) -> str | None:
    if today <= ends_on <= today + LONGEST_ACCOUNT:
        return None
    return "Enter an end date within 12 months."


def emergency_reason(reason: str) -> str:
    """ValueError in words when it is not long enough to be read later, or too long."""
    if len(reason) < SHORTEST_REASON:
        raise ValueError("Enter a reason of at least 20 characters.")
    if len(reason) > LONGEST_REASON:
        raise ValueError("Use at most 500 characters.")
    return reason


def emergency_hours(hours: int) -> int:
    if not 1 <= hours <= LONGEST_EMERGENCY_H:
        raise ValueError("Choose for how long, at most 4 hours.")
    return hours


def source_of(peer: str, forwarded: str, trusted: Sequence[str]) -> str:
    """The address a request came from: the right-most hop that no proxy of ours stands behind.

    IPv6 counts by its network, which is what one subscriber has.
    """
    hops = [_plain(hop) for hop in forwarded.split(",") if hop.strip()]
    came_from, ours = _plain(peer), {_plain(proxy) for proxy in trusted}
    while came_from in ours and hops:
        came_from = hops.pop()
    return came_from[:19] if came_from.count(":") == 7 else came_from


def _plain(said: str) -> str:
    """One spelling of an address, without the port that some proxies add.

    An IPv4 address that came over an IPv6 socket (`::ffff:192.0.2.1`) is that address: by their
    network all of them would be one source, and ten failures anywhere would stop everybody.
    """
    bare = said.strip()
    if found := re.fullmatch(r"\[(.+)\](:\d+)?|(\d+(?:\.\d+){3}):\d+", bare):
        bare = found[1] or found[3]
    try:
        address = ip_address(bare)
    except ValueError:
        return bare
    if isinstance(address, IPv6Address):
        return str(address.ipv4_mapped or address.exploded)
    return str(address)


def lifetime(text: str) -> timedelta:
    """`90m`, `1h`, `24h`: how long a token lives.

    ValueError in words for anything else.
    """
    found = re.fullmatch(r"(\d{1,4})([mh])", text.strip())
    if found is None:
        raise ValueError("Write a time such as 30m or 1h.")
    number = int(found[1])
    asked = timedelta(minutes=number) if found[2] == "m" else timedelta(hours=number)
    if not timedelta() < asked <= LONGEST_TOKEN:
        raise ValueError("A token lives for at most 24 hours.")
    return asked
