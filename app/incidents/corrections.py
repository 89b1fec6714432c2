"""What a correction would make of an incident, checked before anything is saved."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from shapely import Point
from sqlalchemy.orm import Session

from app.core import clock
from app.core.errors import NotFoundError
from app.incidents import history, rules, service
from app.incidents.history import Content
from app.incidents.models import Incident
from app.incidents.schemas import IncidentChange, period
from app.places import queries as places
from app.places import rules as places_rules

NOWHERE = "An incident needs a place or a point. Add one before you take this away."
PLAIN = {
    "time_about",
    "uncertainty_m",
    "harm_code",
    "other_harm_codes",
    "line_linked",
    "confidence",
    "discovered_by",
    "source_agency",
    "child_count_band",
    "outcome_band",
    "summary",
}
EMPTYABLE = {"uncertainty_m", "summary"}


@dataclass(slots=True)
class Correction:
    """What an incident would be, and what stops it from becoming so, by field."""

    was: Content
    content: Content
    partners: Sequence[str] = ()
    errors: dict[str, str] = field(default_factory=dict)

    def refuse(self, name: str, problem: str | None) -> None:
        if problem is not None:
            self.errors.setdefault(name, problem)

    @property
    def changed(self) -> list[str]:
        return [name for name in self.content if self.content[name] != self.was[name]]


def correct(
    session: Session, incident: Incident, wanted: IncidentChange, partners: Sequence[str]
) -> Correction:
    """Check a correction without saving it."""
    was = history.content(session, incident)
    made = Correction(was, dict(was), partners)
    _check_codes(session, made, wanted)
    given = wanted.model_dump(include=PLAIN, exclude_unset=True)
    made.content |= {n: _plain(v) for n, v in given.items() if v is not None or n in EMPTYABLE}
    _check_time(made, wanted)
    _check_point(session, made, wanted)
    for ref in wanted.remove_places:
        _without(session, made, ref)
    for ref in wanted.add_places:
        _with(session, made, ref)
    if made.content["place_id"] is None and made.content["point"] is None:
        made.refuse("remove_places", NOWHERE)
    return made


def _plain(value: Any) -> Any:  # noqa: ANN401 - codes, numbers, lists of codes
    return list(value) if isinstance(value, tuple) else value


def _check_codes(session: Session, made: Correction, wanted: IncidentChange) -> None:
    for name, codes in (
        ("harm_code", [wanted.harm_code] if wanted.harm_code else []),
        ("other_harm_codes", wanted.other_harm_codes or ()),
    ):
        for code in places.unknown_harms(session, codes):
            made.refuse(name, f"Unknown harm code '{code}'.")
    if wanted.source_agency:
        problem = places.unknown_code(session, "agency", wanted.source_agency)
        made.refuse("source_agency", problem)
    words = places.language(session)
    for name, said in (("summary", wanted.summary), ("reason", wanted.reason)):
        made.refuse(name, places_rules.stops(places_rules.lint(said or "", words)))


def _check_time(made: Correction, wanted: IncidentChange) -> None:
    """A new beginning without an end ends as its precision says; a new end keeps the beginning."""
    now = made.content
    precision = wanted.time_precision or rules.Precision(now["time_precision"])
    begin, end = wanted.occurred_from, wanted.occurred_to
    if begin is None and end is None and wanted.time_precision is None:
        return
    found = period(begin or now["occurred_from"], end, precision)
    made.refuse("occurred_from", rules.time_problem(*found, clock.now()))
    made.content |= history.timed(*found) | {"time_precision": precision}


def _check_point(session: Session, made: Correction, wanted: IncidentChange) -> None:
    point = service.point_of(session, made, wanted)
    if isinstance(point, Point):
        made.content["point"] = [point.x, point.y]


def _found(session: Session, made: Correction, name: str, ref: str) -> str | None:
    try:
        return str(places.find(session, ref).id)
    except NotFoundError as absent:
        made.refuse(name, absent.detail)
        return None


def _with(session: Session, made: Correction, ref: str) -> None:
    key, now = _found(session, made, "add_places", ref), made.content
    if key is None:
        return
    now["without_place_ids"] = [one for one in now["without_place_ids"] if one != key]
    if now["place_id"] is None:
        now["place_id"] = key
    elif key != now["place_id"] and key not in now["also_place_ids"]:
        now["also_place_ids"] = [*now["also_place_ids"], key]


def _without(session: Session, made: Correction, ref: str) -> None:
    """The next of the chosen places takes its stead; inside its shape or not, it stays away."""
    key, now = _found(session, made, "remove_places", ref), made.content
    if key is None:
        return
    chosen = [one for one in (now["place_id"], *now["also_place_ids"]) if one and one != key]
    now["place_id"], now["also_place_ids"] = (chosen[0], chosen[1:]) if chosen else (None, [])
    if key not in now["without_place_ids"]:
        now["without_place_ids"] = [*now["without_place_ids"], key]
