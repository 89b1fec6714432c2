"""What somebody wants to record as a place: read, checked, and all that stops it at once."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from shapely import Geometry
from sqlalchemy.orm import Session

from app.core.errors import InvalidError
from app.places import queries, rules
from app.places.models import Place
from app.places.rules import OnlineAddress, PlaceType, Remark
from app.places.schemas import PlaceChange, PlaceIn, WhereIn

Partners = Sequence[str]


@dataclass(slots=True)
class Draft:
    """What somebody wants to record, read and checked; `errors` says what stops it, by field."""

    partners: Partners
    type: PlaceType | None = None
    shape: Geometry | None = None
    online: OnlineAddress | None = None
    remarks: Sequence[Remark] = ()
    above: Place | None = None  # what the place becomes part of
    errors: dict[str, str] = field(default_factory=dict)

    def refuse(self, name: str, problem: str | None) -> None:
        if problem is not None:
            self.errors.setdefault(name, problem)

    def must_be_right(self) -> PlaceType:
        if self.errors or self.type is None:
            raise InvalidError("Change the fields named below.", self.errors)
        return self.type


def check_harms(session: Session, made: Draft, codes: Sequence[str]) -> None:
    for code in queries.unknown_harms(session, codes)[:1]:
        made.refuse("harm_codes", f"Unknown harm code '{code}'.")


def check_name(session: Session, made: Draft, name: str, description: str | None) -> None:
    words = queries.language(session)
    in_name = rules.lint(name, words)
    made.refuse("name", rules.name_problem(name, in_name))
    made.remarks = [*in_name, *rules.lint(description or "", words)]


def check_online(session: Session, made: Draft, wanted: PlaceIn) -> None:
    try:
        made.online = OnlineAddress.read(wanted.address or "")
    except ValueError as problem:
        made.refuse("address", str(problem))
    if wanted.platform_code:
        unknown = queries.unknown_code(session, "platform", wanted.platform_code)
        made.refuse("platform_code", unknown)
    check_boroughs(session, made, wanted)


def check_shape(session: Session, made: Draft, wanted: WhereIn, kind: PlaceType) -> None:
    """A drawn shape, a pair of coordinates, or the point of a postcode."""
    try:
        made.shape = wanted.drawn()
    except ValueError as problem:
        made.refuse(wanted.field(), str(problem))
        return
    if made.shape is None and wanted.postcode:
        made.shape = queries.postcode(session, wanted.postcode)
        if made.shape is None:
            made.refuse("postcode", "We could not find this postcode. Check it or draw the place.")
            return
    reach = queries.reach(session, made.partners)
    made.refuse(wanted.field(), rules.shape_problem(made.shape, kind.kinds, reach))
    if made.shape is None and "N" in kind.kinds and isinstance(wanted, PlaceIn):
        check_boroughs(session, made, wanted)


def check_boroughs(session: Session, made: Draft, wanted: PlaceIn) -> None:
    """Of what has no shape: an online space, a route out of the area."""
    if unknown := set(wanted.chosen_boroughs()) - set(queries.boroughs(session)):
        made.refuse("borough", f"Unknown borough code '{min(unknown)}'.")
    elif not wanted.chosen_boroughs():
        made.refuse("borough", "Select the borough whose children are affected.")


def check_redrawn(session: Session, place: Place, made: Draft, wanted: PlaceChange) -> None:
    """Nothing drawn keeps the shape, which must then suit the type."""
    kind = made.type
    if kind is None:
        return
    if wanted.given():
        if kind.is_residential or kind.is_online:
            made.refuse(
                wanted.field(), "An address or an online space is not moved. Propose a new place."
            )
        else:
            check_shape(session, made, wanted, kind)
    elif place.geom_kind not in kind.kinds:
        reach = queries.reach(session, made.partners)
        made.refuse("shape", rules.shape_problem(queries.shape_of(place), kind.kinds, reach))
