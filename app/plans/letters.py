"""What owners of actions are told by e-mail: how many, when, and where to look. Nothing else."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple
from uuid import UUID

from app.core.mail import Mail

SUBJECT = "Actions that wait for you"
SIGN_IN = "Sign in to see what they are and to say how they stand:"


class Due(NamedTuple):
    """An action of today's letters; `days` of work since it was due, negative before."""

    owner: UUID | None
    agency: str
    days: int
    action: UUID | None = None


class Reader(NamedTuple):
    """Where somebody reads mail."""

    id: UUID
    agency: str
    email: str


def of_day(due: Sequence[Due], people: Iterable[Reader], base_url: str) -> list[Mail]:
    """One to each person: what is theirs by name, and what their agency owns and nobody in it."""
    mails = []
    for person in people:
        own = [one for one in due if _is_of(person, one)]
        if own:
            mails.append(Mail(person.email, SUBJECT, _words(own, base_url)))
    return mails


def _is_of(person: Reader, one: Due) -> bool:
    return one.owner == person.id or (one.owner is None and one.agency == person.agency)


def _words(own: Sequence[Due], base_url: str) -> str:
    count = Counter(one.days for one in own)
    lines = [_line(count[days], days) for days in sorted(count)]
    link = f"{base_url.rstrip('/')}/actions"
    return "\n".join([*lines, "", SIGN_IN, link, "", "Contextmap", ""])


def _line(n: int, days: int) -> str:
    """One sentence.

    >>> _line(1, -3), _line(2, 1)
    ('1 action is due in 3 working days.', '2 actions were due 1 working day ago.')
    >>> _line(1, 0)
    '1 action is due now.'
    """
    actions = "1 action" if n == 1 else f"{n} actions"
    if days == 0:
        return f"{actions} {'is' if n == 1 else 'are'} due now."
    if days < 0:
        return f"{actions} {'is' if n == 1 else 'are'} due in {_days(-days)}."
    return f"{actions} {'was' if n == 1 else 'were'} due {_days(days)} ago."


def _days(n: int) -> str:
    return "1 working day" if n == 1 else f"{n} working days"
