"""Read and check an item before it is saved, so that a form can show everything at once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID

from shapely import Geometry
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.core import clock
from app.core.errors import InvalidError, NotFoundError
from app.core.ids import read_reference
from app.intelligence.rules import KINDS, SCHEME, Handling
from app.intelligence.schemas import IntelIn
from app.places import queries as places
from app.places import rules as places_rules
from app.places.models import Place
from app.places.rules import OnlineAddress
from app.reference import personal
from app.reference import queries as reference

WHERE = ("PLACE", "NEW_PLACE", "DRAWN", "RADIUS", "ONLINE", "NOT_KNOWN")
WHEN = ("EXACT", "BETWEEN", "PATTERN", "NOT_KNOWN")
ACCURACY = ("EXACT", "STREET", "AREA")
NO_WHERE = "Enter where, or say it is not known."
KIND_OF_SHAPE = {"P": "POINT", "L": "LINE", "A": "AREA"}
PEOPLE = text("select * from app.intel_people()")


class Recipient(NamedTuple):
    """Somebody who can be named: a practitioner or a lead with an account."""

    id: UUID
    ref: str
    name: str
    role: str
    agency_code: str


@dataclass(slots=True)
class Checked:
    """What somebody wants to record, read and checked; `errors` says what stops it, by field."""

    wanted: IntelIn
    partners: Sequence[str]
    shape: Geometry | None = None
    places: list[Place] = field(default_factory=list)
    online: OnlineAddress | None = None
    children: list[str] = field(default_factory=list)
    recipients: list[Recipient] = field(default_factory=list)
    marked: list[personal.Span] = field(default_factory=list)
    errors: dict[str, str] = field(default_factory=dict)

    def refuse(self, name: str, problem: str | None) -> None:
        if problem is not None:
            self.errors.setdefault(name, problem)

    def must_be_right(self) -> None:
        if self.errors:
            raise InvalidError("Change the fields named below.", self.errors)

    @property
    def where_kind(self) -> str:
        said = self.wanted.where
        if said == "DRAWN":
            return KIND_OF_SHAPE[places_rules.kind_of(self.shape)]
        return "PLACE" if said == "NEW_PLACE" else said

    @property
    def boroughs(self) -> list[str]:
        """Those that nothing else tells: of what is online, or not known where."""
        chosen = self.wanted.borough
        return [chosen] if chosen and self.wanted.where in {"ONLINE", "NOT_KNOWN"} else []


def check(session: Session, wanted: IntelIn, partners: Sequence[str]) -> Checked:
    made = Checked(wanted, partners)
    made.refuse("kind", _chosen(wanted.kind, KINDS, "Select what kind of item this is."))
    _check_where(session, made)
    _check_when(made)
    _check_words(session, made)
    _check_grading(session, made)
    _check_harms(session, made)
    return made


def _chosen(code: str, known: Iterable[str], otherwise: str) -> str | None:
    return None if code in set(known) else otherwise


def _check_where(session: Session, made: Checked) -> None:
    wanted = made.wanted
    made.refuse("where", _chosen(wanted.where, WHERE, NO_WHERE))
    if wanted.accuracy:
        made.refuse("accuracy", _chosen(wanted.accuracy, ACCURACY, "Choose one of the list."))
    look = {
        "PLACE": _find_places,
        "NEW_PLACE": _check_new,
        "DRAWN": _check_drawn,
        "RADIUS": _check_radius,
        "ONLINE": _check_online,
    }.get(wanted.where)
    if look is not None:
        look(session, made)
    if wanted.borough and wanted.borough not in places.boroughs(session):
        made.refuse("borough", f"Unknown borough code '{wanted.borough}'.")


def _find_places(session: Session, made: Checked) -> None:
    refs = made.wanted.place_refs()
    if not refs:
        made.refuse("place", "Enter the reference of a place, such as PL-7K2-Q4MT.")
    for ref in refs[:10]:
        try:
            made.places.append(places.find(session, ref))
        except NotFoundError as absent:
            made.refuse("place", f"{absent.detail} Check each character of the reference.")


def _check_new(session: Session, made: Checked) -> None:
    """A place of concern is seen by others: an item with conditions must not make one."""
    if made.wanted.handling == Handling.WITH_CONDITIONS:
        made.refuse("where", "An item with conditions makes no new place: others would see it.")
    kind = places.place_type(session, made.wanted.new_type)
    made.refuse("new_type", places_rules.type_problem(made.wanted.new_type, kind, clock.today()))
    remarks = places_rules.lint(made.wanted.new_name, places.language(session))
    made.refuse("new_name", places_rules.name_problem(made.wanted.new_name, remarks))
    if kind is not None and (kind.is_residential or kind.is_online):
        made.refuse("new_type", "Propose an address or an online space by itself first.")
    _read_shape(session, made, "PLA" if kind is None else kind.kinds)


def _check_drawn(session: Session, made: Checked) -> None:
    _read_shape(session, made, "PLA")


def _check_radius(session: Session, made: Checked) -> None:
    """A circle, drawn as a polygon of 32 sides: what cannot be told apart is not told apart."""
    if made.wanted.radius_m is None:
        made.refuse("radius_m", "Enter the radius in metres, from 10 to 5,000.")
    _read_shape(session, made, "P")
    if made.shape is not None and made.wanted.radius_m is not None:
        circle = made.shape.buffer(made.wanted.radius_m, quad_segs=8)
        made.shape = places_rules.rounded(circle)


def _read_shape(session: Session, made: Checked, kinds: str) -> None:
    wanted = made.wanted
    at = wanted.located_field()
    try:
        made.shape = wanted.located()
    except ValueError as problem:
        made.refuse(at, str(problem))
        return
    if made.shape is None and wanted.postcode:
        made.shape = places.postcode(session, wanted.postcode)
        if made.shape is None:
            made.refuse("postcode", "We could not find this postcode. Check it.")
            return
    if made.shape is None:
        made.refuse("shape", "Draw it, or give a grid reference, coordinates or a postcode.")
        return
    reach = places.reach(session, made.partners)
    made.refuse(at, places_rules.shape_problem(made.shape, kinds, reach))


def _check_online(session: Session, made: Checked) -> None:
    wanted = made.wanted
    try:
        made.online = OnlineAddress.read(wanted.online_address or "")
    except ValueError as problem:
        made.refuse("online_address", str(problem))
    made.refuse("platform_code", places.unknown_code(session, "platform", wanted.platform_code))
    if not wanted.borough:
        made.refuse("borough", "Select the borough whose children are affected.")


def _check_when(made: Checked) -> None:
    wanted = made.wanted
    made.refuse("when", _chosen(wanted.when, WHEN, "Enter when, or say it is not known."))
    if wanted.when in {"EXACT", "BETWEEN"} and wanted.from_on is None:
        made.refuse("from_on", "Enter the date.")
    if wanted.when == "BETWEEN" and wanted.to_on is None:
        made.refuse("to_on", "Enter the last date.")
    if wanted.when == "PATTERN" and not (wanted.day_parts or wanted.day_types):
        made.refuse("day_parts", "Tick the times of day or the kinds of day.")
    begin, end = wanted.period()
    if begin is not None and end is not None and end < begin:
        made.refuse("to_on", "The end is before the start.")
    if begin is not None and begin > clock.now():
        made.refuse("from_on", "This is in the future.")
    valid_from, valid_to = wanted.valid_from_on, wanted.valid_to_on
    if valid_from is not None and valid_to is not None and valid_to < valid_from:
        made.refuse("valid_to_on", "The end is before the start.")


def _check_words(session: Session, made: Checked) -> None:
    wanted = made.wanted
    made.refuse("body", None if wanted.body else "Enter the information.")
    remarks = places_rules.lint(wanted.body, places.language(session))
    made.refuse("body", places_rules.stops(remarks))
    made.marked = [
        span for words in (wanted.body, wanted.conditions or "") for span in personal.found(words)
    ]
    in_body = {span.extract for span in personal.found(wanted.body)}
    for span in made.marked if not wanted.second_person else ():
        name = "body" if span.extract in in_body else "conditions"
        made.refuse(name, f"This may identify the source: {span.extract}.")
    unknown = places.unknown_code(session, "discovered_by", wanted.discovered_by)
    made.refuse("discovered_by", unknown and "Select how it was discovered.")


def _check_grading(session: Session, made: Checked) -> None:
    wanted = made.wanted
    known: Mapping[str, set[str]] = {}
    for grade in reference.grading(session, SCHEME):
        known = {**known, grade.part: known.get(grade.part, set()) | {grade.value}}
    made.refuse("source_eval", _chosen(wanted.source_eval, known["source"], "Grade the source."))
    made.refuse(
        "info_assess", _chosen(wanted.info_assess, known["information"], "Grade the information.")
    )
    made.refuse(
        "handling", _chosen(wanted.handling, known["handling"], "Select how it may be shared.")
    )
    if wanted.handling == Handling.WITH_CONDITIONS:
        _check_conditions(session, made)


def _check_conditions(session: Session, made: Checked) -> None:
    wanted = made.wanted
    made.refuse("conditions", None if wanted.conditions else "Enter the conditions for sharing.")
    actions = {found.code for found in reference.codes(session, "intel_action")}
    for code in set(wanted.action_codes) - actions:
        made.refuse("action_codes", f"Unknown action code '{code}'.")
    known = people(session)
    named = {read_reference(ref, "US") for ref in wanted.recipients}
    if named - {person.ref for person in known}:
        made.refuse("recipients", "One of these people cannot be named any more. Choose again.")
    made.recipients = [p for p in known if p.ref in named or p.agency_code in wanted.agencies]
    made.refuse("recipients", None if made.recipients else "Choose who may see it.")


def _check_harms(session: Session, made: Checked) -> None:
    for code in places.unknown_harms(session, made.wanted.harm_codes)[:1]:
        made.refuse("harm_codes", f"Unknown harm code '{code}'.")
    for typed in made.wanted.child_refs():
        ref = read_reference(typed, "CH")
        if ref is None:
            words = "Enter children's references only, such as CH-7K2-Q4MT. Check each character."
            made.refuse("children", words)
        else:
            made.children.append(ref)


def people(session: Session) -> list[Recipient]:
    """Who can be named, by agency and name."""
    return [Recipient._make(row) for row in session.execute(PEOPLE)]
