"""What the word list says about the words of an assessment, and where they stand."""

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy.orm import Session

from app.assessments.indicators import indicators
from app.assessments.reading import Whole
from app.places import queries as places
from app.places.rules import Remark, lint

PROSE = {
    "basics": (
        *("prompted_text", "boundary_reason", "scope", "managed_by", "previous_responses"),
        *("what_works", "policing_history", "consents", "limits"),
    ),
    "methods": ("slots_reason",),
    "voice": ("no_voice_reason",),
}


class Marked(NamedTuple):
    """A remark, with the address of the page whose words it is about."""

    page: str
    remark: Remark


def marked(session: Session, whole: Whole) -> list[Marked]:
    rules = places.language(session)
    return [Marked(page, one) for page, prose in _prose(whole) for one in lint(prose, rules)]


def stops(session: Session, whole: Whole) -> list[Marked]:
    """Words with which an assessment is not approved."""
    return [one for one in marked(session, whole) if one.remark.severity == "stop"]


def of_page(found: Iterable[Marked], page: str) -> list[Remark]:
    return [one.remark for one in found if one.page == page]


def _prose(whole: Whole) -> Iterable[tuple[str, str]]:
    for section, names in PROSE.items():
        said = (getattr(whole.assessment, name) for name in names)
        yield section, "\n".join(one for one in said if one)
    yield "methods", "\n".join(one.note or "" for one in whole.methods)
    for indicator in indicators():
        notes = [a.note for a in whole.answers if a.indicator_code == indicator.code and a.note]
        yield f"items/{indicator.code}", "\n".join(notes)
    yield "signs", "\n".join(one.body for one in whole.signs)
    yield "signs", "\n".join(f"{one.why or ''}\n{one.one_point or ''}" for one in whole.scales)
