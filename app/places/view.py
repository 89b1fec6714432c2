"""A place as each audience is shown it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy.orm import Session

from app.core import clock
from app.core.actor import Actor
from app.places import assessed, details, labels, life_queries, online, queries, weeks
from app.places.audiences import AnyPlace, Around, OtherOut, PlaceShape, audience
from app.places.life_models import PlaceAlias, PlaceStateChange
from app.places.life_queries import Merged, Near
from app.places.models import OnlineSpace, Place
from app.places.ranking import Standing
from app.places.rules import State, lint
from app.reference import queries as reference

URGENT = timedelta(hours=24)
HARM = "harm_"  # a tick of a form: harm_ASB
GUARDIANS = {
    "YOUTH_WORKER": "Youth worker",
    "STAFF": "Staff of the place",
    "TRANSPORT": "Transport staff",
    "POLICE": "Police",
    "VOLUNTEER": "Volunteers",
    "PARENTS": "Parents and carers",
    "VENUE_OPEN": "A venue that is open",
}
TRUSTED = {"YES": "Yes", "MIXED": "Mixed", "NO": "No", "NOT_ASKED": "Not asked"}


def shown(session: Session, actor: Actor, place: Place) -> AnyPlace:
    """All that this reader is told. An exact address is read elsewhere, with a purpose."""
    made = audience(actor.role, actor.view)
    return made.of(place, _partly(session, place) if made is PlaceShape else around(session, place))


def around(session: Session, place: Place) -> Around:
    words = f"{place.name}\n{place.description or ''}"
    into = life_queries.merged_into(session, place)
    part = _partly(session, place)
    return Around(
        shares=part.shares,
        shape=part.shape,
        online=part.online,
        guardians=part.guardians,
        aliases=life_queries.aliases(session, place),
        others=others(session, place),
        merged_into=None if into is None else into.ref,
        remarks=lint(words, queries.language(session)),
    )


def _partly(session: Session, place: Place) -> Around:
    return Around(
        shares=queries.shares(session, place.id),
        shape=queries.shape_of(place),
        online=session.get(OnlineSpace, place.id),
        guardians=life_queries.guardians(session, place),
    )


def others(session: Session, place: Place) -> list[OtherOut]:
    """What it is part of first, then its parts, then whatever else it has to do with."""
    above = life_queries.parent(session, place)
    found = [] if above is None else [OtherOut(ref=above.ref, name=above.name, relation="part_of")]
    found += [
        OtherOut(ref=part.ref, name=part.name, relation="has_part")
        for part in life_queries.parts(session, place)
    ]
    found += [
        OtherOut(ref=near.ref, name=near.name, relation=near.relation)
        for near in life_queries.links(session, place)
    ]
    return found


class Watch(NamedTuple):
    """A guardian in words."""

    id: UUID
    kind: str
    agency: str
    times: list[str]
    trained: str
    trusted: str
    from_on: date
    until_on: date | None
    note: str | None


def guardians(session: Session, place: Place) -> list[Watch]:
    agencies = dict(reference.codes(session, "agency"))
    return [
        Watch(
            slot.id,
            GUARDIANS[slot.kind],
            agencies.get(slot.guardian_agency, slot.guardian_agency),
            weeks.in_words(weeks.hours(slot.week_grid)),
            {True: "Yes", False: "No", None: "Not known"}[slot.trained],
            TRUSTED[slot.trusted],
            slot.valid_from_on,
            slot.valid_to_on,
            slot.note,
        )
        for slot in life_queries.guardians(session, place)
    ]


@dataclass(frozen=True, slots=True)
class Page:
    """What the page of a place shows beside the place itself."""

    level: str
    manager: str | None
    agency: str | None
    lead: str | None
    harms: list[str]
    hours: frozenset[int]
    gaps: list[str]
    links: list[Near]
    above: Place | None
    parts: Sequence[Place]
    aliases: Sequence[PlaceAlias]
    merges: list[Merged]
    states: Sequence[PlaceStateChange]
    roles: Mapping[UUID, str]  # of who took these steps
    urgent_until: datetime | None
    review_by: date | None
    ends_soon: bool
    from_cluster: str | None
    online: online.Told | None
    journey: list[tuple[str, str | None]]
    along: list[Near]
    listed_because: str
    standing: Standing | None
    assessed: assessed.Assessed


def page(session: Session, place: Place) -> Page:
    agencies = dict(reference.codes(session, "agency"))
    harms = {harm.code: harm.label for harm in reference.harms(session)}
    concern = weeks.hours(place.week_grid)
    slots, links = life_queries.guardians(session, place), life_queries.links(session, place)
    watched = frozenset[int]().union(*(weeks.hours(slot.week_grid) for slot in slots))
    steps = life_queries.states(session, place)
    names = life_queries.names_of(session, {place.lead_user_id} if place.lead_user_id else set())
    return Page(
        level=dict(reference.codes(session, "level")).get(place.level, place.level),
        manager=_named(place.managed_by_agency, agencies),
        agency=_named(place.lead_agency, agencies),
        lead=names.get(place.lead_user_id) if place.lead_user_id else None,
        harms=[harms.get(code, code) for code in place.harm_codes],
        hours=concern,
        gaps=weeks.in_words(concern - watched),
        links=links,
        above=life_queries.parent(session, place),
        parts=life_queries.parts(session, place),
        aliases=life_queries.aliases(session, place),
        merges=life_queries.merges(session, place),
        states=steps,
        roles=life_queries.roles_of(session, {step.by for step in steps}),
        urgent_until=place.urgent_since + URGENT if place.urgent_since else None,
        review_by=labels.review_by(place.dormant_at) if place.dormant_at else None,
        ends_soon=labels.ends_soon(place, clock.today()),
        from_cluster=(place.provenance or {}).get("cluster"),
        online=online.told(session, place),
        journey=_journey(place),
        along=[near for near in links if near.relation == "same_journey"],
        listed_because=_because(session, place, agencies, harms),
        standing=life_queries.standing(session, place),
        assessed=assessed.of(session, place),
    )


def _journey(place: Place) -> list[tuple[str, str | None]]:
    """Of a route: how people travel, on what, from where to where. Empty for others."""
    if not place.type_code.startswith("ROUTE"):
        return []
    return [
        ("How people travel", details.MODES.get(place.route_mode or "")),
        ("Number or line", place.route_line),
        ("From", place.route_from),
        ("To", place.route_to),
    ]


def _because(
    session: Session, place: Place, agencies: Mapping[str, str], harms: Mapping[str, str]
) -> str:
    """In a sentence; what it rests on has a page of its own, whose reads are kept."""
    who = agencies.get(place.agency_code, place.agency_code)
    about = ", ".join(harms.get(code, code).lower() for code in place.harm_codes)
    day = f"{clock.london(place.created_at):%-d %B %Y}"
    ends = f"{place.label_expires_on:%-d %B %Y}"
    rest = (
        ""
        if place.state in {State.CLOSED, State.DORMANT}
        else (f" Its label ends on {ends} unless something new comes in.")
    )
    now = life_queries.stands(session, place.state)
    said = f" because of {about}" if about else ""
    return f"{who} proposed it on {day}{said}. {now}{rest}"


def _named(code: str | None, names: Mapping[str, str]) -> str | None:
    return None if code is None else names.get(code, code)


def ticked(sent: Mapping[str, str]) -> dict[str, Any]:
    """What a form sent, with its ticked harms as one answer; none ticked is an answer, too."""
    fields: dict[str, Any] = {name: said for name, said in sent.items() if not _is_harm(name)}
    if fields.pop("harms_shown", None):
        fields["harm_codes"] = [name.removeprefix(HARM) for name in sent if _is_harm(name)]
    return fields


def _is_harm(name: str) -> bool:
    return name.startswith(HARM) and name != "harm_codes"
