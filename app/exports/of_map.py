"""Places as the map shows them, and online spaces alone: the same rows by other filters."""

from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy.orm import Session

from app.core.errors import InvalidError
from app.exports.of_places import Places
from app.exports.rules import Dataset
from app.exports.source import Around, Query
from app.maps import choices, queries, rules
from app.places.models import Place
from app.places.queries import Filters
from app.places.rules import Sensitivity


class OfMap(Places):
    """The places that the map shows, by its filters."""

    title = "Places on the map"
    list_path = "/map"
    keys = frozenset(rules.KEYS)
    name = Dataset.MAP

    def filters(self, query: Query, around: Around) -> Any:  # noqa: ANN401
        filters, wrong = rules.parse(query, around.today)
        if wrong:
            raise InvalidError("Change the fields named below.", wrong)
        return filters, around.partners

    def words(self, session: Session, filters: Any) -> list[tuple[str, str]]:  # noqa: ANN401
        asked, _ = filters
        return choices.names(session, asked)

    def conditions(self, session: Session, filters: Any) -> list[ColumnElement[bool]]:  # noqa: ANN401
        asked, partners = filters
        return [Place.deleted_at.is_(None), *queries.chosen(asked, list(partners))]


class Online(Places):
    """Online spaces: platform and defanged address, nothing that opens."""

    thing = "online_space"
    title = "Online spaces"
    one, many = "online space", "online spaces"
    name = Dataset.ONLINE

    def conditions(self, session: Session, filters: Filters) -> list[ColumnElement[bool]]:
        return [*filters.conditions(), Place.sensitivity == Sensitivity.ONLINE]
