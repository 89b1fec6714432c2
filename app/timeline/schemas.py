"""Rows of a timeline on the wire."""

from collections.abc import Mapping
from datetime import datetime
from typing import Self

from pydantic import BaseModel

from app.core.types import Day, StrictModel
from app.places.life_models import PlaceStateChange
from app.timeline.rules import PUBLIC, Item, Kind

URLS = {Kind.REPORT: "/reports", Kind.INTELLIGENCE: "/intelligence", Kind.INCIDENT: "/incidents"}


class RowOut(BaseModel):
    """What happened at a place: of a kind, from an agency, with the grade of intelligence."""

    kind: Kind
    at: datetime
    words: str
    ref: str | None = None
    agency: str | None = None
    grade: str | None = None
    reason: str | None = None

    @classmethod
    def of(cls, item: Item, names: Mapping[str, str]) -> Self:
        agency = "The public" if item.agency == PUBLIC else names.get(item.agency, item.agency)
        return cls(
            kind=item.kind,
            at=item.at,
            words=item.words,
            ref=item.ref,
            agency=agency,
            grade=item.grade,
        )

    @classmethod
    def of_state(cls, change: PlaceStateChange, words: str) -> Self:
        # What came in from elsewhere may have been further on already.
        said = words[:1].upper() + words[1:] if change.from_state is None else f"Became {words}"
        return cls(kind=Kind.STATE, at=change.at, words=said, reason=change.reason)

    @property
    def url(self) -> str | None:
        return f"{URLS[self.kind]}/{self.ref}" if self.ref and self.kind in URLS else None


class AskedIn(StrictModel):
    """The filters of the page."""

    kind: Kind | None = None
    since: Day | None = None
    until: Day | None = None


class TimelineOut(BaseModel):
    """Newest first; `nothing_since` says what an empty list means."""

    rows: list[RowOut]
    nothing_since: str | None = None
