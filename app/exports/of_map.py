"""Places as the map shows them, and online spaces alone: the same rows by other filters."""

from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy.orm import Session

from app.core.errors import InvalidError
from app.exports.of_places import Places, borough
from app.exports.rules import Dataset
from app.exports.source import Around, Query
from app.maps import queries, rules
from app.places.models import Place
from app.places.queries import Filters
from app.places.rules import Sensitivity
from app.reference import queries as reference


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
        types = {found.code: found.label for found in reference.place_types(session)}
        types |= dict(reference.codes(session, "place_group"))
        harms = {found.code: found.label for found in reference.harms(session)}
        both = asked.borough == "both"
        outside = {"outside": "Outside the partnership"}.get(asked.borough)
        found = [
            ("Dates", _window(asked)),
            ("Source", None if asked.source == "all" else rules.SOURCES[asked.source]),
            ("Type", types.get(asked.type)),
            ("Harm", harms.get(asked.harm)),
            ("Borough", outside or borough(session, None if both else asked.borough)),
        ]
        return [(label, words) for label, words in found if words]

    def conditions(self, session: Session, filters: Any) -> list[ColumnElement[bool]]:  # noqa: ANN401
        asked, partners = filters
        refs = [row.id for row in queries.places(session, asked, list(partners))]
        return [Place.ref.in_(refs)]


def _window(asked: rules.Filters) -> str | None:
    """Dates do not leave a place out of the map's list: they are of the incidents beside it."""
    return rules.PERIODS[asked.period] if asked.period != "all" else None


class Online(Places):
    """Online spaces: platform and defanged address, nothing that opens."""

    thing = "online_space"
    title = "Online spaces"
    one, many = "online space", "online spaces"
    name = Dataset.ONLINE

    def conditions(self, session: Session, filters: Filters) -> list[ColumnElement[bool]]:
        return [*filters.conditions(), Place.sensitivity == Sensitivity.ONLINE]
