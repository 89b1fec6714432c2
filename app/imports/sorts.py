"""What each kind of record does with rows of a file; the wizard knows no incident or place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.imports.mapping import Problem

NEW, UPDATE, DUPLICATE, ERROR, IGNORED = "NEW", "UPDATE", "DUPLICATE", "ERROR", "IGNORED"
VERDICTS = (NEW, UPDATE, DUPLICATE, ERROR, IGNORED)
KEEP, MERGE, SKIP = "KEEP", "MERGE", "SKIP"


@dataclass(frozen=True, slots=True)
class Alike:
    """A record that may be the same as a row: how much so, and why."""

    record_id: UUID
    ref: str
    score: float
    why: tuple[str, ...]


@dataclass(slots=True)
class Made:
    """One row on its way: what it says, what is wrong with it, what became of it."""

    number: int
    answers: dict[str, str]
    shape: bytes | None = None
    wanted: Any = None
    draft: Any = None
    problems: list[Problem] = field(default_factory=list)
    verdict: str = NEW
    record_id: UUID | None = None
    alike: Alike | None = None
    like_row: int | None = None
    decision: str | None = None

    @property
    def external(self) -> str | None:
        return self.answers.get("external_id")

    @property
    def point(self) -> tuple[float, float] | None:
        """Where the preview draws it, in metres; never for what stands in no public place."""
        shape = getattr(self.draft, "point", None) or getattr(self.draft, "shape", None)
        if shape is None or shape.is_empty:
            return None
        middle = shape.representative_point()
        return float(middle.x), float(middle.y)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where records of a batch come from; `row` and `ref` are added for each."""

    system: str
    batch: str

    def of(self, made: Made) -> dict[str, Any]:
        known = {"system": self.system, "batch": self.batch, "row": made.number}
        return known | ({"ref": made.external} if made.external else {})


class Sort(Protocol):
    """One kind of record. All of it runs as the person who imports, under their policies."""

    def lists(self, session: Session) -> Mapping[str, Mapping[str, str]]:
        """The code lists that cells may be of: label by code, by name of the list."""

    def check(self, session: Session, actor: Actor, made: Made) -> None:
        """By the rules of the form; problems go to the row."""

    def known(self, session: Session, system: str, externals: Sequence[str]) -> Mapping[str, UUID]:
        """Records that came in before under these references of that system."""

    def same(self, session: Session, pairs: Sequence[tuple[UUID, Made]]) -> set[int]:
        """Numbers of the rows that say nothing new about their record."""

    def alike(self, session: Session, rows: Sequence[Made]) -> Mapping[int, Alike]:
        """The likeliest record for each row that may be one that is there already."""

    def create(
        self, session: Session, actor: Actor, rows: Sequence[Made], origin: Origin
    ) -> Sequence[UUID]: ...

    def change(
        self, session: Session, actor: Actor, pairs: Sequence[tuple[UUID, Made]], origin: Origin
    ) -> None:
        """What a row says; of a merge (`decision`), only what the record does not say yet."""

    def told(self, session: Session, ref: str) -> Mapping[str, str]:
        """A record in words, beside a row that may be the same."""
