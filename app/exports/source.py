"""What every dataset answers: its filters, in words, how many rows, the rows, whether they stay."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import ColumnElement, FromClause, func, select
from sqlalchemy.orm import Session

from app.core.errors import InvalidError
from app.exports.rights import Rights
from app.exports.rules import Dataset
from app.exports.sheet import Sheet

UNUSABLE = "One of the filters cannot be used."
UNKNOWN = "This address does not know one of the filters."
Query = Mapping[str, str]


def ticked(query: Query, name: str, word: str = "yes") -> bool:
    """Whether this one is asked for. ValueError for any other word, as the list refuses it."""
    if query.get(name, "") not in {"", word}:
        raise ValueError(name)
    return bool(query.get(name))


@dataclass(frozen=True, slots=True)
class Around:
    """What filters may need beside the address: the day, and the partnership's own boroughs.

    Lists that lead from the work list of a person also need who that is, and their last visit.
    """

    today: date
    partners: tuple[str, ...]
    asker: UUID | None = None
    visit: datetime | None = None


class Source(ABC):
    """One dataset. Whoever asks does so with claims: policies have limited the rows already."""

    name: ClassVar[Dataset]
    thing: ClassVar[str]
    title: ClassVar[str]
    one: ClassVar[str]
    many: ClassVar[str]
    list_path: ClassVar[str]
    keys: ClassVar[frozenset[str]]

    def read(self, query: Query, around: Around) -> Any:  # noqa: ANN401 - filters of its own kind
        """The filters of the list, from its own address.

        Raises
        ------
        InvalidError
            A filter is not known: leaving it out would export more than was looked at.
        """
        if set(query) - self.keys:
            raise InvalidError("Change the fields named below.", {"query": UNKNOWN})
        try:
            return self.filters(query, around)
        except ValueError as wrong:  # a state that there is not
            raise InvalidError("Change the fields named below.", {"query": UNUSABLE}) from wrong

    @abstractmethod
    def filters(self, query: Query, around: Around) -> Any: ...  # noqa: ANN401

    def lasting(self, query: Query, filters: Any) -> dict[str, str]:  # noqa: ANN401
        """The address as it is kept: it has to say the same when the file is made."""
        return dict(query)

    @abstractmethod
    def words(self, session: Session, filters: Any) -> list[tuple[str, str]]: ...  # noqa: ANN401

    @abstractmethod
    def conditions(self, session: Session, filters: Any) -> list[ColumnElement[bool]]: ...  # noqa: ANN401

    @abstractmethod
    def leaving(self, rights: Rights) -> list[ColumnElement[bool]]:
        """Which of the rows may leave at all."""

    @abstractmethod
    def kept_back(self, rights: Rights) -> str:
        """In words, when fewer rows leave than the list shows."""

    @abstractmethod
    def table(self) -> FromClause: ...

    @abstractmethod
    def id_column(self) -> ColumnElement[UUID]: ...

    @abstractmethod
    def sheet(
        self,
        session: Session,
        where: Sequence[ColumnElement[bool]],
        rights: Rights,
        *,
        limit: int,
    ) -> Sheet: ...

    def total(self, session: Session, filters: Any) -> int:  # noqa: ANN401
        """Rows of the list."""
        return self._number(session, self.conditions(session, filters))

    def count(self, session: Session, filters: Any, rights: Rights) -> int:  # noqa: ANN401
        """Rows of the list that may leave."""
        return self._number(session, self.conditions(session, filters) + self.leaving(rights))

    def still(self, session: Session, ids: Sequence[UUID], rights: Rights) -> int:
        """How many of these may leave now."""
        return self._number(session, [self.id_column().in_(ids), *self.leaving(rights)])

    def rows(self, session: Session, filters: Any, rights: Rights, *, limit: int) -> Sheet:  # noqa: ANN401
        where = self.conditions(session, filters) + self.leaving(rights)
        return self.sheet(session, where, rights, limit=limit)

    def _number(self, session: Session, where: Sequence[ColumnElement[bool]]) -> int:
        found = select(func.count()).select_from(self.table()).where(*where)
        return session.scalar(found) or 0
