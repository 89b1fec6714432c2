"""Incidents as they leave: what the list shows and where it was; no words about anybody."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from geoalchemy2.shape import to_shape
from sqlalchemy import ColumnElement, FromClause, func, select
from sqlalchemy.orm import Session

from app.exports.of_places import borough, dates
from app.exports.rights import Rights
from app.exports.rules import Dataset
from app.exports.sheet import EXACT, NONE, Sheet, said
from app.exports.source import Around, Query, Source
from app.incidents.models import Incident
from app.incidents.queries import HARM, Filters, Standing
from app.incidents.rules import Confidence, State
from app.places import queries as places
from app.places.models import Place
from app.places.schemas import box_of, period_of
from app.reference import queries as reference

COLUMNS = (
    *("ref", "harm_code", "harm", "occurred_from", "occurred_to", "time_precision", "place_ref"),
    *("place_name", "boroughs", "confidence", "source_agency", "discovered_by", "state"),
    *("uncertainty_m", "position", "synthetic"),
)

BRIEF = ("harm", "ref", "occurred_from", "time_precision", "place_name", "boroughs", "confidence")


class Incidents(Source):
    """The list of incidents, by the filters of its page."""

    thing = "incident"
    title = "Incidents"
    one, many = "incident", "incidents"
    list_path = "/incidents"
    keys = frozenset(
        {"harm", "source", "place", "borough", "bbox", "datetime", "state", "confidence"}
    )
    name = Dataset.INCIDENTS

    def filters(self, query: Query, around: Around) -> Any:  # noqa: ANN401
        return Filters(
            query.get("harm") or None,
            query.get("source") or None,
            query.get("place") or None,
            query.get("borough") or None,
            box_of(query.get("bbox")),
            period_of(query.get("datetime")),
            _standing(query),
        )

    def words(self, session: Session, filters: Filters) -> list[tuple[str, str]]:
        harms = {found.code: found.label for found in reference.harms(session)}
        agencies = dict(reference.codes(session, "agency"))
        found = [
            ("Harm", filters.harm and harms.get(filters.harm, filters.harm)),
            ("Source", filters.source and agencies.get(filters.source, filters.source)),
            ("State", filters.standing.state and filters.standing.state.capitalize()),
            ("Confidence", filters.standing.confidence and filters.standing.confidence.title()),
            ("At the place", filters.place),
            ("Borough", borough(session, filters.borough)),
            ("Area", "The box that was drawn" if filters.box else None),
            ("Dates", dates(filters.period)),
        ]
        return [(label, words) for label, words in found if words]

    def conditions(self, session: Session, filters: Filters) -> list[ColumnElement[bool]]:
        return filters.conditions()

    def leaving(self, rights: Rights) -> list[ColumnElement[bool]]:
        return [Incident.deleted_at.is_(None), Incident.tier.in_(rights.tiers.get(self.thing, ()))]

    def kept_back(self, rights: Rights) -> str:
        return "What only the police may see stays in the service."

    def table(self) -> FromClause:
        return Incident.__table__

    def id_column(self) -> ColumnElement[UUID]:
        return Incident.__table__.c.id

    def sheet(
        self,
        session: Session,
        where: Sequence[ColumnElement[bool]],
        rights: Rights,
        *,
        limit: int,
    ) -> Sheet:
        tiers = rights.tiers.get("place", ())  # a place that may not leave is not named either
        at = func.coalesce(Incident.geom, func.ST_PointOnSurface(Place.geom))
        found = session.execute(
            select(Incident, HARM.c.label, Place.ref, Place.name, at)
            .join(HARM, HARM.c.code == Incident.harm_code)
            .outerjoin(Place, (Place.id == Incident.place_id) & Place.tier.in_(tiers))
            .where(*where)
            .order_by(Incident.occurred_from.desc(), Incident.ref)
            .limit(limit)
        ).all()
        names = places.boroughs(session)
        agencies = dict(reference.codes(session, "agency"))
        shapes = [None if point is None else to_shape(point) for *_, point in found]
        rows = [
            [
                *_row(one, names, agencies, (label, ref, name)),
                NONE if shape is None else EXACT,
                "yes" if one.is_synthetic else "",
            ]
            for (one, label, ref, name, _), shape in zip(found, shapes, strict=True)
        ]
        return Sheet(
            self.name,
            self.title,
            COLUMNS,
            [[said(value) for value in row] for row in rows],
            shapes,
            ["circle"] * len(found),
            BRIEF,
            (("circle", "Incident"),),
            ids=[one.id for one, *_ in found],
            refs=[one.ref for one, *_ in found],
        )


def _standing(query: Query) -> Standing:
    state, confidence = query.get("state"), query.get("confidence")
    return Standing(State(state) if state else None, Confidence(confidence) if confidence else None)


def _row(
    one: Incident,
    names: dict[str, str],
    agencies: dict[str, str],
    beside: tuple[str, str | None, str | None],
) -> list[object]:
    label, place_ref, place_name = beside
    return [
        one.ref,
        one.harm_code,
        label,
        one.occurred_from,
        one.occurred_to,
        one.time_precision,
        place_ref,
        place_name,
        [names.get(code, code) for code in one.borough_codes],
        one.confidence,
        agencies.get(one.source_agency, one.source_agency),
        one.discovered_by,
        one.state,
        one.uncertainty_m,
    ]
