"""A small partnership made for questions of access: every kind of row, and what is known of each.

All people, places and children here are synthetic. Rows are written as the superuser, so that no
policy decides what there is to ask about; triggers run as they always do.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import singledispatch
from itertools import product
from uuid import UUID

import psycopg

from app.core.ids import new_reference, random_id
from geo.crossborough import Params
from tests.sql.oracle import Row

KINGSTON, RICHMOND, MERTON = "E09000021", "E09000027", "E09000024"
BOROUGHS = {
    "K": frozenset({KINGSTON}),
    "R": frozenset({RICHMOND}),
    "KR": frozenset({KINGSTON, RICHMOND}),
    "M": frozenset({MERTON}),
}
SHAPES = {
    "K": "POINT(518000 169000)",
    "R": "POINT(517350 172350)",
    "KR": "LINESTRING(518000 169000, 517350 172350)",
    "M": "POINT(525000 169000)",
}
TIERS = ("H0", "H1", "P", "C")
OWN_AGENCY, OTHER_AGENCY = "LA_KINGSTON", "POLICE_TEST"
ME, SOMEBODY = UUID(int=0xA11CE), UUID(int=0xB0B)
LISTED_STATES = {"SCREENED", "IDENTIFIED", "ASSESSING", "ASSESSED", "CONFERENCE", "PLAN_ACTIVE"}
LISTED_STATES |= {"MONITORING"}
OPEN_TO_PARTNERS = {"PUBLIC_REALM", "MANAGED", "ONLINE"}


@dataclass
class Place:
    """What a place is; its details follow from it."""

    where: str = "K"
    tier: str = "H1"
    agency: str = OWN_AGENCY
    author: UUID = ME
    state: str = "SCREENED"
    sensitivity: str = "PUBLIC_REALM"
    type_code: str = "OTHER"
    gone: bool = False
    synthetic: bool = True
    id: UUID = field(default_factory=random_id)
    ref: str = field(default_factory=lambda: new_reference("PL"))

    @property
    def detailed(self) -> bool:
        """With another name and a guardian."""
        return self.author is ME and self.type_code == "OTHER"

    @property
    def listed(self) -> bool:
        return self.state in LISTED_STATES and self.sensitivity in OPEN_TO_PARTNERS

    @property
    def shape(self) -> str | None:
        bare = self.sensitivity in ("RESIDENTIAL", "ONLINE")
        return None if bare else SHAPES[self.where]

    def rows(self) -> Iterator[Row]:
        scope = {"boroughs": BOROUGHS[self.where], "tier": self.tier}
        own = {"agency": self.agency, "author": self.author, "gone": self.gone}
        named = {"granted": {"place": self.id}}
        yield Row(
            "app.place",
            str(self.id),
            **scope,
            **own,
            **named,
            state=self.state,
            listed=self.listed,
            type_code=self.type_code,
            synthetic=self.synthetic,
            refs=frozenset({self.ref}),
        )
        yield Row("app.place_state_change", str(self.id), **scope, **named)
        yield Row("app.place_version", str(self.id), **scope, **named)
        if self.detailed:
            by = {"author": self.author, "synthetic": self.synthetic}
            yield Row("app.place_alias", str(self.id), **scope, **named, **by)
            yield Row("app.guardian_slot", str(self.id), **scope, **named, **by, listed=self.listed)
            yield Row("app.objection", str(self.id), **scope, **by, agency=self.agency, granted={})
        if self.shape:
            for _ in BOROUGHS[self.where]:
                yield Row("app.place_area", str(self.id), **scope, **named, listed=self.listed)
        if self.sensitivity == "ONLINE":
            online = {"online_space": self.id}
            yield Row("app.online_space", str(self.id), **scope, listed=self.listed, granted=online)
        if self.sensitivity == "RESIDENTIAL":
            yield Row(
                "app.place_exact",
                str(self.id),
                boroughs=BOROUGHS[self.where],
                tier=at_least_h1(self.tier),
                refs=frozenset({self.ref}),
                granted={"place_exact_residential": self.id},
            )


def at_least_h1(tier: str) -> str:
    return "H1" if tier == "H0" else tier


@dataclass
class Incident:
    """What happened somewhere: at a point, or at a place that has none."""

    where: str = "K"
    tier: str = "H1"
    author: UUID = ME
    agency: str = OWN_AGENCY
    state: str = "RECORDED"
    place: Place | None = None
    gone: bool = False
    synthetic: bool = True
    id: UUID = field(default_factory=random_id)
    ref: str = field(default_factory=lambda: new_reference("IC"))

    @property
    def scope(self) -> dict:
        if self.place is None:
            return {"boroughs": BOROUGHS[self.where], "tier": self.tier}
        home = self.place.sensitivity == "RESIDENTIAL"
        return {
            "boroughs": BOROUGHS[self.place.where],
            "tier": "H1" if home else self.tier,
        }

    def rows(self) -> Iterator[Row]:
        yield Row(
            "app.incident",
            str(self.id),
            **self.scope,
            agency=self.agency,
            author=self.author,
            state=self.state,
            gone=self.gone,
            synthetic=self.synthetic,
            refs=frozenset({self.ref}),
            granted={"incident": self.id},
        )
        for detail in ("version", "state_change"):  # written by triggers
            named = {"incident": self.id}
            yield Row(f"app.incident_{detail}", str(self.id), **self.scope, granted=named)
        if self.place is not None:
            yield Row(
                "app.incident_place",
                f"{self.id} {self.place.id}",
                **self.scope,
                granted={"incident": self.id},
            )


@dataclass
class Child:
    """A reference and a home borough; no child stands behind it."""

    where: str = "K"
    tier: str = "H1"
    author: UUID = ME
    gone: bool = False
    synthetic: bool = True
    id: UUID = field(default_factory=random_id)
    home_id: UUID = field(default_factory=random_id)
    ref: str = field(default_factory=lambda: new_reference("CH"))

    def rows(self) -> Iterator[Row]:
        shared = {
            "boroughs": BOROUGHS[self.where],
            "tier": self.tier,
            "refs": frozenset({self.ref}),
            "granted": {"child": self.id},
        }
        yield Row(
            "app.child",
            str(self.id),
            **shared,
            agency=OWN_AGENCY,
            author=self.author,
            gone=self.gone,
            synthetic=self.synthetic,
        )
        yield Row("app.child_home", str(self.home_id), **shared)
        scope = shared | {"tier": at_least_h1(self.tier)}
        was = scope | {"granted": {"child_place_link": self.id}}
        yield Row("app.child_link_was", str(self.home_id), **was)
        sealed = shared | {"granted": {"child_identity": self.id}}
        yield Row("vault.identity", str(self.id), **sealed, author=self.author)


@dataclass
class Joined:
    """Two places that have to do with each other, or one that was split off."""

    near: Place
    far: Place
    kind: str = "place_link"
    author: UUID = ME
    synthetic: bool = True
    id: UUID = field(default_factory=random_id)

    def rows(self) -> Iterator[Row]:
        own = {"author": self.author, "synthetic": self.synthetic}
        yield Row(
            f"app.{self.kind}",
            str(self.id),
            boroughs=BOROUGHS[self.near.where],
            far=BOROUGHS[self.far.where],
            tier=max(self.near.tier, self.far.tier, key=TIERS.index),
            listed=self.near.listed and self.far.listed,
            **(own if self.kind == "place_link" else {}),
        )


@dataclass
class PlaceLink:
    child: Child
    place: Place
    author: UUID = ME
    synthetic: bool = True
    id: UUID = field(default_factory=random_id)

    def rows(self) -> Iterator[Row]:
        yield Row(
            "app.child_place_link",
            str(self.id),
            boroughs=BOROUGHS[self.place.where],
            tier=at_least_h1(self.place.tier),
            author=self.author,
            synthetic=self.synthetic,
            refs=frozenset({self.child.ref, self.place.ref}),
            granted={"child_place_link": self.child.id},
        )


@dataclass
class IncidentLink:
    child: Child
    incident: Incident
    author: UUID = ME
    synthetic: bool = True

    def rows(self) -> Iterator[Row]:
        scope = self.incident.scope
        yield Row(
            "app.child_incident_link",
            f"{self.child.id} {self.incident.id}",
            boroughs=scope["boroughs"],
            tier=at_least_h1(scope["tier"]),
            author=self.author,
            synthetic=self.synthetic,
            refs=frozenset({self.child.ref, self.incident.ref}),
            granted={"child_place_link": self.child.id},
        )


@dataclass
class Episode:
    """A missing episode; who was missing is told nowhere."""

    incident: Incident
    author: UUID = ME
    agency: str = OWN_AGENCY
    synthetic: bool = True

    def rows(self) -> Iterator[Row]:
        scope = self.incident.scope
        shared = {
            "boroughs": scope["boroughs"],
            "tier": at_least_h1(scope["tier"]),
            "refs": frozenset({self.incident.ref}),
            "granted": {"missing_episode": self.incident.id},
        }
        yield Row(
            "app.missing_episode",
            str(self.incident.id),
            **shared,
            agency=self.agency,
            author=self.author,
            synthetic=self.synthetic,
        )
        yield Row("app.missing_episode_version", str(self.incident.id), **shared)


@dataclass
class Report:
    """What somebody told, at a pin or without one; boxes that nothing opens."""

    where: str = "K"
    tier: str = "H1"
    agency: str = OWN_AGENCY
    author: UUID = ME
    state: str = "RECEIVED"
    redaction: str = "NONE"
    routed: bool = False
    pinned: bool = True
    gone: bool = False
    synthetic: bool = True
    id: UUID = field(default_factory=random_id)
    ref: str = field(default_factory=lambda: new_reference("RP"))
    message_id: UUID = field(default_factory=random_id)
    outcome_id: UUID = field(default_factory=random_id)

    @property
    def shape(self) -> str | None:
        return SHAPES[self.where] if self.pinned else None

    def rows(self) -> Iterator[Row]:
        scope = {
            "boroughs": BOROUGHS[self.where],
            "tier": self.tier,
            "refs": frozenset({self.ref}),
            "granted": {"report": self.id},
        }
        yield Row(
            "app.report",
            str(self.id),
            **scope,
            agency=self.agency,
            author=self.author,
            state=self.state,
            redaction=self.redaction,
            routed=self.routed,
            gone=self.gone,
            synthetic=self.synthetic,
        )
        for detail in ("original", "contact", "state_change"):
            yield Row(f"app.report_{detail}", str(self.id), **scope)
        yield Row("app.report_message", str(self.message_id), **scope)
        yield Row("app.report_outcome", str(self.outcome_id), **scope, author=self.author)


@dataclass
class Intel:
    """An item of intelligence with all that hangs on it; code C has recipients."""

    where: str = "K"
    tier: str = "P"
    agency: str = OWN_AGENCY
    author: UUID = ME
    state: str = "RELEASED"
    grade: str = "2B"
    accepted: tuple[UUID, ...] = ()
    gone: bool = False
    synthetic: bool = True
    kept_names: bool = False  # of code P, with the names of when it was C
    id: UUID = field(default_factory=random_id)
    ref: str = field(default_factory=lambda: new_reference("IN"))
    place_link: UUID = field(default_factory=random_id)
    child_link: UUID = field(default_factory=random_id)

    @property
    def shared(self) -> bool:
        doubtful = self.grade in ("3D", "3E")
        return self.state == "RELEASED" and not doubtful and not self.gone

    @property
    def recipients(self) -> dict[UUID, UUID]:
        """Named people and the keys of their rows: both, whoever accepted."""
        people = (ME, SOMEBODY) if self.tier == "C" or self.kept_names else ()
        return {who: UUID(int=self.id.int ^ who.int) for who in people}

    def rows(self) -> Iterator[Row]:
        scope = {
            "boroughs": BOROUGHS[self.where],
            "tier": self.tier,
            "agency": self.agency,
            "shared": self.shared,
            "accepted": frozenset(self.accepted),
            "granted": {"intel_item": self.id},
            "author": self.author,
        }
        yield Row(
            "app.intel_item",
            str(self.id),
            **scope,
            state=self.state,
            gone=self.gone,
            synthetic=self.synthetic,
            refs=frozenset({self.ref}),
        )
        yield Row("app.intel_item_police", str(self.id), **scope)
        yield Row("app.intel_item_place", str(self.place_link), **scope)
        yield Row("app.intel_child", str(self.child_link), **scope)
        for key in self.recipients.values():
            yield Row("app.intel_recipient", str(key), **scope)
        kept = scope | {"author": None}
        yield Row("app.intel_state_change", str(self.id), **kept)
        yield Row("app.intel_version", str(self.id), **kept)


@dataclass(frozen=True)
class Plain:
    """A row that is written as it stands."""

    row: Row
    values: dict

    def rows(self) -> Iterator[Row]:
        yield self.row


PLACE = """
    insert into app.place (id, ref, agency_code, borough_codes, tier, purpose_code, created_by,
        updated_by, is_synthetic, deleted_at, type_code, name, sensitivity, geom, geom_kind, state,
        label_expires_on)
    values (%(id)s, %(ref)s, %(agency)s, %(boroughs)s, %(tier)s, 'PLAN', %(author)s, %(author)s,
        %(synthetic)s, case when %(gone)s then now() - interval '1 day' end, %(type_code)s,
        'Synthetic', %(sensitivity)s, ST_GeomFromText(%(shape)s, 27700),
        case when %(shape)s is null then case when %(sensitivity)s = 'RESIDENTIAL' then 'P'
             else 'N' end when %(shape)s like 'POINT%%' then 'P' else 'L' end,
        %(state)s, current_date + 60)
"""
PLACE_EXACT = """
    insert into app.place_exact (place_id, geom)
    values (%s, ST_GeomFromText('POINT(518000 169000)', 27700))
"""
ONLINE = """
    insert into app.online_space (place_id, platform_code, host, url_defanged)
    values (%s, 'OTHER', 'ex.test', 'hxxps://ex[.]test/synthetic')
"""
PLACE_DETAILS = """
    with alias as (
        insert into app.place_alias (id, place_id, name, created_by, is_synthetic)
        values (gen_random_uuid(), %(id)s, 'Synthetic', %(author)s, %(synthetic)s)
    ), objection as (
        insert into app.objection (id, ref, place_id, agency_code, raised_by, body, created_by,
            is_synthetic)
        values (gen_random_uuid(), 'OB-' || %(ref)s, %(id)s, %(agency)s, 'OTHER',
            'Synthetic objection to a label.', %(author)s, %(synthetic)s)
    )
    insert into app.guardian_slot (id, place_id, kind, week_grid, guardian_agency, valid_from_on,
        created_by, updated_by, is_synthetic)
    values (gen_random_uuid(), %(id)s, 'STAFF', repeat('1', 168)::bit(168), 'LA_KINGSTON',
        current_date, %(author)s, %(author)s, %(synthetic)s)
"""
JOINED = {
    "place_link": """
        insert into app.place_link (id, from_place_id, to_place_id, relation, created_by,
            is_synthetic)
        values (%(id)s, %(near)s, %(far)s, 'same_journey', %(author)s, %(synthetic)s)
    """,
    "place_merge": """
        insert into app.place_merge (id, from_place_id, to_place_id, kind, by, reason, was_state)
        values (%(id)s, %(near)s, %(far)s, 'SPLIT', %(author)s, 'Synthetic reason', 'SCREENED')
    """,
}
INCIDENT = """
    insert into app.incident (id, ref, agency_code, borough_codes, tier, purpose_code, created_by,
        updated_by, is_synthetic, deleted_at, occurred_from, occurred_to, time_precision, place_id,
        geom, harm_code, source_agency, state)
    values (%(id)s, %(ref)s, %(agency)s, %(boroughs)s, %(tier)s, 'PLAN', %(author)s, %(author)s,
        %(synthetic)s, case when %(gone)s then now() - interval '1 day' end,
        now() - interval '1 day', now() - interval '1 day', 'DAY', %(place_id)s,
        case when %(place_id)s::uuid is null then ST_GeomFromText(%(shape)s, 27700) end,
        (select min(code) from reference.harm), %(agency)s, %(state)s)
"""
INCIDENT_PLACE = "insert into app.incident_place (incident_id, place_id, how) values (%s, %s, %s)"
CHILD = """
    insert into app.child (id, ref, agency_code, borough_codes, tier, purpose_code, created_by,
        updated_by, is_synthetic, deleted_at, home_lad_code, age_band, age_band_as_of)
    values (%(id)s, %(ref)s, 'LA_KINGSTON', %(boroughs)s, %(tier)s, 'PLAN', %(author)s, %(author)s,
        %(synthetic)s, case when %(gone)s then now() - interval '1 day' end, %(home)s, 'A13_15',
        current_date)
"""
CHILD_HOME = """
    insert into app.child_home (id, child_id, lad_code, from_on) values (%s, %s, %s, current_date)
"""
LINK_WAS = """
    insert into app.child_link_was (id, child_id, borough_codes, tier, role)
    values (%(home_id)s, %(id)s, %(boroughs)s, %(tier)s, 'frequents')
"""
IDENTITY = """
    insert into vault.identity (child_id, sealed, key_id, key_version, blind, blind_version,
        created_by, is_synthetic)
    values (%(id)s, 'x', %(key)s, 1, 'x', 1, %(author)s, %(synthetic)s)
"""
PLACE_LINK = """
    insert into app.child_place_link (id, child_id, place_id, role, from_on, source_agency, basis,
        created_by, is_synthetic)
    values (%s, %s, %s, 'frequents', current_date, 'LA_KINGSTON', 'Synthetic', %s, %s)
"""
INCIDENT_LINK = """
    insert into app.child_incident_link (child_id, incident_id, role, created_by, is_synthetic)
    values (%s, %s, 'harmed_here', %s, %s)
"""
EPISODE = """
    insert into app.missing_episode (incident_id, agency_code, created_by, updated_by, is_synthetic,
        kind, missing_from_at)
    values (%s, %s, %s, %s, %s, 'HOME', now() - interval '1 day')
"""
REPORT = """
    insert into app.report (id, ref, agency_code, borough_codes, tier, created_by, updated_by,
        is_synthetic, deleted_at, channel, danger_answer, where_kind, when_kind, geom, state,
        redaction, routed_police)
    values (%(id)s, %(ref)s, %(agency)s, %(boroughs)s, %(tier)s, %(author)s, %(author)s,
        %(synthetic)s, case when %(gone)s then now() - interval '1 day' end, 'WEB', 'NO', 'PLACE',
        'OFTEN', ST_GeomFromText(%(shape)s, 27700), %(state)s, %(redaction)s, %(routed)s)
"""
REPORT_DETAILS = """
    with
    words as (insert into app.report_original (report_id, sealed, mailbox_key)
              values (%(id)s, 'x', 'x')),
    contact as (insert into app.report_contact (report_id, sealed) values (%(id)s, 'x')),
    message as (insert into app.report_message (id, report_id, direction, sealed,
                    sealed_for_reporter) values (%(message_id)s, %(id)s, 'IN', 'x', 'x'))
    insert into app.report_outcome (id, report_id, code, created_by)
    values (%(outcome_id)s, %(id)s, 'REFERRED_POLICE', %(author)s)
"""


INTEL = """
    insert into app.intel_item (id, ref, agency_code, tier, handling, conditions, created_by,
        updated_by, written_by, is_synthetic, deleted_at, kind, body, scheme_version, source_eval,
        info_assess, where_kind, geom, when_kind, valid_from_on, expires_on, state)
    values (%(id)s, %(ref)s, %(agency)s, %(tier)s, %(tier)s,
        case when %(tier)s = 'C' then 'Synthetic' end, %(author)s, %(author)s, %(author)s,
        %(synthetic)s, case when %(gone)s then now() - interval '1 day' end, 'INTELLIGENCE',
        'Synthetic', '3x5x2-1', left(%(grade)s, 1), right(%(grade)s, 1),
        case when %(shape)s like 'POINT%%' then 'POINT' else 'LINE' end,
        ST_GeomFromText(%(shape)s, 27700), 'NOT_KNOWN', '2026-01-01', '2027-01-01', %(state)s)
"""
INTEL_DETAILS = """
    with
    police as (insert into app.intel_item_police (intel_item_id, created_by)
               values (%(id)s, %(author)s)),
    child as (insert into app.intel_child (id, intel_item_id, child_ref, created_by)
              values (%(child_link)s, %(id)s, 'CH-7K2-Q4MT', %(author)s))
    insert into app.intel_item_place (id, intel_item_id, place_id, created_by, removed_at)
    values (%(place_link)s, %(id)s, (select id from app.place order by id limit 1), %(author)s,
            now())
"""
INTEL_RECIPIENT = """
    insert into app.intel_recipient (id, intel_item_id, user_id, created_by, conditions_accepted_at)
    values (%s, %s, %s, %s, case when %s then now() end)
"""


def place_values(place: Place) -> dict:
    return vars(place) | {"boroughs": sorted(BOROUGHS[place.where]), "shape": place.shape}


def incident_values(incident: Incident) -> dict:
    place_id = incident.place and incident.place.id
    boroughs = [] if incident.place else sorted(BOROUGHS[incident.where])
    # A point lies in one borough; an incident across two is at a place that does.
    shape = SHAPES.get(incident.where)
    return vars(incident) | {"boroughs": boroughs, "shape": shape, "place_id": place_id}


def child_values(child: Child) -> dict:
    boroughs = sorted(BOROUGHS[child.where])
    return vars(child) | {"boroughs": boroughs, "home": boroughs[0]}


@singledispatch
def write(thing, admin: psycopg.Connection) -> None:
    """Put one thing and its details into the database; what triggers write has no values."""
    if thing.values:
        insert(admin, thing.row.table, thing.values)


@write.register
def _(thing: Place, admin: psycopg.Connection) -> None:
    admin.execute(PLACE, place_values(thing))
    if thing.sensitivity == "RESIDENTIAL":
        admin.execute(PLACE_EXACT, (thing.id,))
    if thing.sensitivity == "ONLINE":
        admin.execute(ONLINE, (thing.id,))
    if thing.detailed:
        admin.execute(PLACE_DETAILS, vars(thing))


@write.register
def _(thing: Joined, admin: psycopg.Connection) -> None:
    ends = {"near": thing.near.id, "far": thing.far.id}
    admin.execute(JOINED[thing.kind], vars(thing) | ends)


@write.register
def _(thing: Incident, admin: psycopg.Connection) -> None:
    admin.execute(INCIDENT, incident_values(thing))
    if thing.place is not None:
        admin.execute(INCIDENT_PLACE, (thing.id, thing.place.id, "CHOSEN"))


@write.register
def _(thing: Child, admin: psycopg.Connection) -> None:
    admin.execute(CHILD, child_values(thing))
    home = sorted(BOROUGHS[thing.where])[0]
    admin.execute(CHILD_HOME, (thing.home_id, thing.id, home))
    admin.execute(LINK_WAS, child_values(thing) | {"tier": at_least_h1(thing.tier)})
    admin.execute(IDENTITY, child_values(thing) | {"key": random_id()})


@write.register
def _(thing: PlaceLink, admin: psycopg.Connection) -> None:
    admin.execute(
        PLACE_LINK, (thing.id, thing.child.id, thing.place.id, thing.author, thing.synthetic)
    )


@write.register
def _(thing: IncidentLink, admin: psycopg.Connection) -> None:
    admin.execute(INCIDENT_LINK, (thing.child.id, thing.incident.id, thing.author, thing.synthetic))


@write.register
def _(thing: Episode, admin: psycopg.Connection) -> None:
    by = thing.author
    admin.execute(EPISODE, (thing.incident.id, thing.agency, by, by, thing.synthetic))


@write.register
def _(thing: Report, admin: psycopg.Connection) -> None:
    values = vars(thing) | {"boroughs": sorted(BOROUGHS[thing.where]), "shape": thing.shape}
    admin.execute(REPORT, values)
    admin.execute(REPORT_DETAILS, values)


@write.register
def _(thing: Intel, admin: psycopg.Connection) -> None:
    values = vars(thing) | {"shape": SHAPES[thing.where]}
    admin.execute(INTEL, values)
    admin.execute(INTEL_DETAILS, values)
    for who, key in thing.recipients.items():
        said = who in thing.accepted
        admin.execute(INTEL_RECIPIENT, (key, thing.id, who, thing.author, said))


def insert(admin: psycopg.Connection, table: str, values: dict) -> None:
    given = {k: json.dumps(v) if isinstance(v, dict) else v for k, v in values.items()}
    names = ", ".join(f'"{name}"' for name in given)
    holes = ", ".join(f"%({name})s" for name in given)
    schema, _, name = table.partition(".")
    admin.execute(f'insert into {schema}."{name}" ({names}) values ({holes})'.encode(), given)


def everything() -> list:
    """Own and other borough, agency and author; all tiers; listed or not; routes, homes, online."""
    from tests.sql.context_world import context_work  # made of places from here
    from tests.sql.release_world import documents

    known = [*records(), *reports(), *clusters(), *batches(), *views(), *exports(), *accounts()]
    return [*known, *intelligence(), *retention(), *asked(), *context_work(), *documents()]


KINDS_OF_PLACE = ("OTHER", "ROUTE_WALK")
LISTINGS = (
    ("SCREENED", "PUBLIC_REALM"),
    ("PROPOSED", "MANAGED"),
    ("CLOSED", "PUBLIC_REALM"),
    ("PLAN_ACTIVE", "SENSITIVE"),
)
OWNERS = ((OWN_AGENCY, ME), (OWN_AGENCY, SOMEBODY), (OTHER_AGENCY, SOMEBODY))


def records() -> list:
    places = [
        Place(where, tier, agency, author, state, sensitivity, type_code)
        for where, tier, (agency, author), (state, sensitivity) in product(
            BOROUGHS, TIERS, OWNERS, LISTINGS
        )
        for type_code in KINDS_OF_PLACE[: 1 + (author is ME)]
    ]
    places += [Place(w, t, gone=True) for w, t in product(("K", "R"), TIERS)]
    places += [Place(w, "H1", synthetic=False, type_code=c) for w in "KR" for c in KINDS_OF_PLACE]
    homes = [
        Place(w, t, sensitivity="RESIDENTIAL", type_code="RESIDENTIAL")
        for w, t in product(BOROUGHS, TIERS)
    ]
    online = [
        Place(w, t, state=s, sensitivity="ONLINE", type_code="ONLINE_SITE")
        for w, t, s in product(BOROUGHS, TIERS, ("SCREENED", "PROPOSED"))
    ]
    spots = [place for place in places[::7] if not place.gone][:24]
    joined = joined_places([place for place in places if not place.gone])
    incidents = [
        Incident(w, t, author, agency, state)
        for w, t, (agency, author), state in product(
            ("K", "R", "M"), TIERS, OWNERS, ("RECORDED", "CONFIRMED")
        )
    ]
    incidents += [Incident(w, gone=g, synthetic=not g) for w, g in product("KR", (True, False))]
    incidents += [Incident(w, synthetic=False) for w in "KR"]
    incidents += [Incident(tier=t, place=p) for t, p in product(TIERS, homes[::3] + online[::5])]
    children = [Child(w, t, a) for w, t, a in product(BOROUGHS, TIERS, (ME, SOMEBODY))]
    children += [Child(gone=True), Child("R", gone=True), Child(synthetic=False)]
    links = [PlaceLink(child, place) for child, place in product(children[::6], spots + homes)]
    with_child = [IncidentLink(c, i) for c, i in product(children[::8], incidents[::4])]
    links += [PlaceLink(children[0], spots[0], synthetic=False)]
    with_child.append(IncidentLink(children[1], incidents[1], synthetic=False))
    away = [*incidents[::3], *(i for i in incidents if not i.synthetic)]
    episodes = [
        Episode(i, i.author, i.agency, i.synthetic) for i in {i.id: i for i in away}.values()
    ]
    here = [*places, *homes, *online, *joined, *incidents, *episodes]
    return [*here, *children, *links, *with_child]


def joined_places(places: list[Place]) -> list[Joined]:
    """Ends in one borough and in two, of each tier, listed or not."""
    some = {(p.where, p.tier, p.listed): p for p in reversed(places) if p.type_code == "OTHER"}
    pairs = [(a, b) for a, b in product(sorted(some), repeat=2) if a != b]
    made = [
        Joined(some[near], some[far], author=(ME, SOMEBODY)[n % 2])
        for n, (near, far) in enumerate(pairs[::3])
    ]
    return [*made, *(Joined(one.near, one.far, "place_merge") for one in made[::4])]


STATES_OF_REPORTS = ("RECEIVED", "QUARANTINED", "SCREENED", "IN_TRIAGE", "NEEDS_INFO", "DECIDED")
STATES_OF_REPORTS += ("FEEDBACK_SENT", "CLOSED")
PUBLIC = ("PUBLIC", UUID(int=0))


def reports() -> list:
    """Each state and redaction, sent to the police or not; of the public and of each agency."""
    made = [
        Report("KRM"[number % 3], "H1", *(*OWNERS, PUBLIC)[number % 4], state, redaction, routed)
        for number, (state, redaction, routed) in enumerate(
            product(STATES_OF_REPORTS, ("NONE", "NEEDED", "DONE"), (False, True))
        )
    ]
    made += [
        Report(w, t, *owner, "CLOSED", "DONE", routed=True, pinned=False)
        for w, t, owner in product(BOROUGHS, TIERS, (*OWNERS, PUBLIC))
    ]
    made += [Report("K", "H1", a, by, s) for (a, by), s in product(OWNERS, STATES_OF_REPORTS)]
    made += [Report(w, state="DECIDED", gone=True, routed=True) for w in "KR"]
    made += [Report(w, state="DECIDED", synthetic=False, routed=True) for w in "KR"]
    return made


STATES_OF_INTEL = ("SUBMITTED", "IN_QA", "SANITISED", "RELEASED", "WITHDRAWN", "REVIEW_DUE")
GRADES = ("1A", "2B", "3C", "3D", "3E")


def intelligence() -> list:
    """Each code, state, grade and owner, here and elsewhere; drafts; accepted by some, or none."""
    made: list = [
        Intel(w, t, *owner, s, g)
        for w, t, owner, (s, g) in product(
            ("K", "R", "KR", "M"),
            ("P", "C"),
            OWNERS,
            [("RELEASED", "1A"), ("RELEASED", "3D"), ("SUBMITTED", "2B")],
        )
    ]
    made += [Intel("K", t, state=s) for t, s in product(("P", "C"), STATES_OF_INTEL)]
    made += [Intel("K", "P", grade=g) for g in GRADES]
    made += [
        Intel(w, "C", OTHER_AGENCY, SOMEBODY, s, g, accepted)
        for w, (s, g), accepted in product(
            ("K", "R", "M"),
            [("RELEASED", "1A"), ("RELEASED", "3E"), ("REVIEW_DUE", "1A")],
            [(ME,), (SOMEBODY,), (ME, SOMEBODY)],
        )
    ]
    made += [Intel(w, t, gone=True, accepted=()) for w, t in product("KR", ("P", "C"))]
    made += [Intel(w, "P", synthetic=False) for w in "KR"]
    made += [Intel("K", "P", *owner, kept_names=True) for owner in OWNERS]
    for author in (ME, SOMEBODY):
        key = random_id()
        row = Row("app.intel_draft", str(key), author=author, synthetic=True)
        made.append(Plain(row, {"id": key, "created_by": author, "is_synthetic": True}))
    return made


def clusters() -> list:
    run, lineage = random_id(), random_id()
    made = [
        Plain(Row("app.cluster_run", str(run)), run_values(run)),
        Plain(Row("app.cluster_lineage", str(lineage)), lineage_values(lineage)),
    ]
    for number, author in enumerate((ME, SOMEBODY), start=1):
        key = random_id()
        row = Row("app.cluster_decision", str(key), author=author)
        said = {"kind": "NAMED", "name": "Synthetic", "content_id": "synthetic0", "run_id": run}
        held = {"id": key, "lineage_id": lineage, "number": number, "created_by": author}
        made.append(Plain(row, held | said))
    for number, where in enumerate(BOROUGHS):
        key = random_id()
        made.append(
            Plain(
                Row(
                    "app.cluster",
                    str(key),
                    boroughs=BOROUGHS[where],
                    state="CANDIDATE",
                    granted={"cluster": key},
                ),
                cluster_values(key, run, lineage, number, sorted(BOROUGHS[where])),
            )
        )
        member = {"run_id": run, "cluster_id": key, "site_id": "s", "n": 1, "is_core": True}
        made.append(Plain(Row("app.cluster_member", f"{key} s"), member))
        cell = f"c250:{number}:1"
        row = Row("app.hot_cell", f"{run} {cell}", boroughs=BOROUGHS[where])
        made.append(Plain(row, hot_cell_values(run, cell, sorted(BOROUGHS[where]))))
    return made


def run_values(key: UUID) -> dict:
    return {
        "id": key,
        "source": "partnership",
        "params": Params(eps_m=150, eps_days=90).as_dict() | {"replicates": 999, "partners": []},
        "coverage": {"events": 9},
        "n_clusters": 4,
        "params_hash": "x",
        "code_version": "test",
        "data_window": "[2025-01-01,2026-01-01)",
        "requested_by": SOMEBODY,
    }


def lineage_values(key: UUID) -> dict:
    return {
        "id": key,
        "ref": new_reference("CL"),
        "source": "partnership",
        "site_ids": [],
        "opened_on": "2025-01-01",
        "last_seen_on": "2025-12-01",
    }


def hot_cell_values(run: UUID, cell: str, codes: list[str]) -> dict:
    return {
        "run_id": run,
        "side": "synthetic",
        "cell": cell,
        "column_no": 1,
        "row_no": 1,
        "lad_code": "synthetic",
        "borough_codes": codes,
        "grounds": codes,
        "name": "Synthetic",
        "class": "EXPECTED",
        "n": 0,
        "around": 0,
        "expected": 1,
        "q": 1,
        "agencies": [],
        "days": 0,
    }


def cluster_values(key: UUID, run: UUID, lineage: UUID, number: int, codes: list[str]) -> dict:
    flags = ("cross_borough", "r1_span", "r2_straddle", "reportable", "active")
    counts = ("n_incidents", "n_core", "n_places")
    sides = {"west_m": 518000, "south_m": 169000, "east_m": 518500, "north_m": 169500}
    return {
        "id": key,
        "run_id": run,
        "content_id": f"synthetic{number}",
        "lineage_id": lineage,
        "name": "Synthetic",
        "first_on": "2025-01-05",
        "last_on": "2025-01-30",
        "borough_counts": dict.fromkeys(codes, 9),
        "borough_codes": codes,
        "hull": "SRID=27700;POLYGON((518000 169000,518500 169000,518500 169500,518000 169000))",
        **dict.fromkeys(flags, False),
        **dict.fromkeys(counts, 9),
        **sides,
    }


def batches() -> list:
    made = []
    for (agency, by), kind in product(OWNERS, ("incidents", "intelligence", "unsaid")):
        key, mapping = random_id(), random_id()
        row = Row("app.import_batch", str(key), agency=agency, person=by, kind=kind)
        made.append(Plain(row, batch_values(key, agency, by) | {"kind": kind}))
        held = {"batch_id": key, "by": by}
        row = Row("app.import_file", str(key), person=by)
        file = {"stored_name": key.hex, "key": b"0", "size_bytes": 1}
        made.append(Plain(row, held | file))
        row = Row("app.import_row", f"{key} 1 2", person=by)
        made.append(Plain(row, held | {"run": 1, "row": 2, "verdict": "NEW"}))
        row = Row("app.import_mapping", str(mapping), agency=agency, author=by)
        kept = {"created_by": by, "agency_code": agency, "kind": kind}
        kept |= {"name": "Synthetic", "mapping": {}}
        made.append(Plain(row, kept | {"id": mapping}))
        if kind == "incidents":
            key = random_id()
            row = replace(row, key=str(key), gone=True)
            made.append(Plain(row, kept | {"id": key, "deleted_at": "2025-01-01"}))
    return made


def views() -> list:
    made = []
    roles = (None, "practitioner", "cs_lead")
    for where, (_, by), role in product(BOROUGHS.values(), OWNERS, roles):
        key = random_id()
        row = Row("app.map_view", str(key), boroughs=where, author=by, of_role=role)
        kept = {"id": key, "created_by": by, "borough_codes": sorted(where), "name": "Synthetic"}
        made.append(Plain(row, kept | {"query": "", "shared_role": role}))
    key = random_id()
    row = replace(row, key=str(key), gone=True)
    made.append(Plain(row, kept | {"id": key, "query": "", "deleted_at": "2025-01-01"}))
    return made


def batch_values(key: UUID, agency: str, by: UUID) -> dict:
    return {
        "id": key,
        "ref": new_reference("IB"),
        "kind": "synthetic",
        "file_name": "synthetic.csv",
        "file_sha256": "00",
        "tallies": {},
        "state": "APPLIED",
        "started_at": "2025-01-01",
        "by": by,
        "agency_code": agency,
    }


def exports() -> list:
    """Files of two people: those to be made, and those that wait for somebody else."""
    made = []
    for (agency, by), many in product(OWNERS, (False, True)):
        key, state = random_id(), "REQUESTED" if many else "QUEUED"
        row = Row("app.export", str(key), agency=agency, author=by, state=state, many=many)
        values = export_values(key, agency, by)
        made.append(Plain(row, values | {"state": state, "rows_asked": 501 if many else 500}))
    return made


def export_values(key: UUID, agency: str, by: UUID) -> dict:
    return {
        "id": key,
        "ref": new_reference("EX"),
        "created_by": by,
        "agency_code": agency,
        "dataset": "places",
        "filters": {},
        "format": "csv",
        "rows_asked": 9,
        "purpose": "PLAN",
        "recipient_agency": "AFC",
        "recipient": "Synthetic team",
        "reason": "Synthetic: the file of a test.",
        "state": "QUEUED",
    }


def retention() -> list:
    """Holds of each agency, runs and tombstones: what was erased belongs to nobody."""
    made = []
    for (agency, author), kind in product(OWNERS, ("legal_hold", "retention_run")):
        key = random_id()
        values = {"id": key, "ref": new_reference("LH"), "agency_code": agency}
        values |= {"created_by": author}
        if kind == "legal_hold":
            values |= {"object_ids": [], "reason": "Synthetic"}
        else:
            values |= {"as_of": "2026-01-01", "counts": {"child": 1}, "total": 1}
        made.append(Plain(Row(f"app.{kind}", str(key), agency=agency, author=author), values))
    key = random_id()
    stone = {"id": key, "object_kind": "child", "counts": {"child": 1}, "agency_code": OWN_AGENCY}
    made.append(Plain(Row("app.retention_event", str(key), agency=OWN_AGENCY), stone))
    return made


def asked() -> list:
    """Requests that two auditors opened, and answers that two leads put together."""
    made = []
    for agency, author in OWNERS:
        key, file = random_id(), random_id()
        values = {"id": key, "ref": new_reference("SR"), "kind": "ACCESS", "about": "child"}
        values |= {"asked_by": "SELF", "checked_by": "CASE_FILE", "received_on": "2026-01-05"}
        values |= {"due_on": "2026-02-05", "agency_code": agency, "created_by": author}
        row = Row("app.subject_request", str(key), agency=agency, author=author)
        made.append(Plain(row, values))
        values = {"id": file, "request_id": key, "created_by": author, "file_name": "0" * 32}
        values |= {"expires_at": "2026-01-06", "file_key": b"0", "file_size": 1}
        made.append(Plain(Row("app.subject_file", str(file), author=author), values))
    return made


def accounts() -> list:
    made = []
    for number, (user, agency) in enumerate(((ME, OWN_AGENCY), (SOMEBODY, OTHER_AGENCY))):
        author = (ME, UUID(int=0xAD))[number]
        row = Row("app.user", str(user), agency=agency, author=author, person=user)
        made.append(Plain(row, user_values(user, number, agency, author)))
        session, token = random_id(), random_id()
        made.append(
            Plain(Row("app.session", str(session), person=user), session_values(session, user))
        )
        row = Row("app.api_token", str(token), author=author, person=user)
        made.append(Plain(row, token_values(token, user, author)))
        for kind in ("CASE", "INTEL_C", "BREAK_GLASS"):
            grant = random_id()
            row = Row(
                "app.access_grant", str(grant), agency=agency, author=author, person=user, kind=kind
            )
            made.append(Plain(row, grant_values(grant, user, agency, author, kind)))
        # An emergency that somebody declares for another; a recipient whom another agency names.
        for other, kind in product({ME, SOMEBODY} - {user}, ("BREAK_GLASS", "INTEL_C")):
            grant = random_id()
            row = Row(
                "app.access_grant", str(grant), agency=agency, author=other, person=user, kind=kind
            )
            made.append(Plain(row, grant_values(grant, user, agency, other, kind)))
        made += secrets_of(user, session)
    return made


def secrets_of(user: UUID, session: UUID) -> list:
    """What proves who somebody is: no rule of the permission file opens it to anybody."""
    key = random_id()
    credential = Row("app.credential", str(user))
    passkey = {
        "id": key,
        "user_id": user,
        "credential_id": key.bytes,
        "public_key": key.bytes,
        "label": "Synthetic",
    }
    invitation = {
        "id": key,
        "user_id": user,
        "token_hash": key.bytes,
        "expires_at": "2100-01-01",
    }
    held = {
        "session_id": session,
        "object_ref": "CH-SYNTHETIC",
        "purpose": "PLAN",
        "until_at": "2100-01-01",
    }
    failure = {"attempt_id": key, "key": key.bytes, "at": "2025-01-01"}
    return [
        Plain(credential, {"user_id": user}),
        Plain(Row("app.passkey", str(key)), passkey),
        Plain(Row("app.invitation", str(key)), invitation),
        Plain(Row("app.purpose_held", str(session)), held),
        Plain(Row("app.sign_in_failure", str(key)), failure),
    ]


def user_values(key: UUID, number: int, agency: str, author: UUID) -> dict:
    return {
        "id": key,
        "ref": new_reference("US"),
        "username": f"synthetic-{number}",
        "name": "Synthetic",
        "agency_code": agency,
        "role": "practitioner",
        "borough_codes": [KINGSTON],
        "state": "ACTIVE",
        "ends_on": "2026-12-01",
        "created_by": author,
        "updated_by": author,
        "is_synthetic": True,
    }


def session_values(key: UUID, user: UUID) -> dict:
    return {
        "id": key,
        "token_hash": key.bytes,
        "user_id": user,
        "stage": "FULL",
        "idle_min": 30,
        "absolute_until": "2100-01-01",
    }


def token_values(key: UUID, user: UUID, author: UUID) -> dict:
    return {
        "id": key,
        "user_id": user,
        "token_hash": key.bytes,
        "scope": "read",
        "created_at": "2025-01-01",
        "created_by": author,
        "expires_at": "2025-01-01 12:00",
    }


def grant_values(key: UUID, user: UUID, agency: str, author: UUID, kind: str) -> dict:
    of_record = kind != "BREAK_GLASS"
    return {
        "id": key,
        "ref": new_reference("GR"),
        "user_id": user,
        "agency_code": agency,
        "kind": kind,
        "object_type": "place" if of_record else None,
        "object_id": random_id() if of_record else None,
        "reason": "Synthetic",
        "from_at": "2025-01-01",
        "until_at": "2025-01-01 03:00",
        "created_by": author,
    }


EVENT = """
    insert into audit.event (actor, role, agency, action, object_type, outcome, rows)
    values (%s, 'synthetic', 'LA_KINGSTON', 'test.made', 'test', 'done', 1) returning id::text
"""
SEAL = """
    insert into audit.seal (n, era, lo_xid, hi_xid, count, root, previous, hash)
    values (1, 1, '0', '1', 1, '', '', '')
"""
FEW = """
    insert into reference.place_point (id, lon_e6, lat_e6, easting_m, northing_m, mx, my, qk)
    values (1, 0, 0, 0, 0, 0, 0, 0);
    insert into reference.police_label (kind, label) values ('street', 'On or near Synthetic Road');
    insert into reference.police_event (key, month, category_id, reported_by_id, falls_within_id,
        batch_id)
    values (gen_random_uuid(), '2025-01-01', 1, 1, 1, gen_random_uuid());
    insert into reference.point_grid (z, tx, ty, px, py, n) values (8, 0, 0, 0, 0, 1);
    insert into reference.month_grid values (8, 0, 0, 0, 0, '', false, '{}');
    insert into reference.stop (name, easting_m, northing_m) values ('Synthetic Road', 1, 1);
    insert into reference.police_search (key, day, type, batch_id)
    values (gen_random_uuid(), '2025-01-01', 'Person search', gen_random_uuid());
    insert into reference.area_count (key, series, area_kind, area_code, month, code, label, n,
        batch_id)
    values (gen_random_uuid(), 'synthetic', 'ward', 'E05000000', '2025-01-01', 'X', 'Synthetic', 1,
        gen_random_uuid());
    insert into reference.line (key, kind, code, geom, batch_id)
    values (gen_random_uuid(), 'ROUTE_BUS', '1',
        ST_GeomFromText('LINESTRING(1 1, 2 2)', 27700), gen_random_uuid());
    insert into reference.route_stop (key, route, run, sequence, name, geom, batch_id)
    values (gen_random_uuid(), '1', 1, 1, 'Synthetic Road',
        ST_SetSRID(ST_MakePoint(1, 1), 27700), gen_random_uuid())
"""


def trail(admin: psycopg.Connection) -> list[Row]:
    """Audit events of two people, a seal and its anchor."""
    made = []
    for person in (ME, SOMEBODY):
        (key,) = admin.execute(EVENT, (person,)).fetchone()
        made.append(Row("audit.event", key, person=person))
    admin.execute(SEAL)
    admin.execute("insert into audit.anchor (n, key_id) values (1, 'synthetic')")
    return [*made, Row("audit.seal", "1"), Row("audit.anchor", "1")]


def reference(admin: psycopg.Connection, keys: Mapping[str, str]) -> list[Row]:
    """Some rows of each table that ships with the service, and of those that are loaded later."""
    admin.execute(FEW)
    return [
        Row(table, key)
        for table, expression in keys.items()
        if table.startswith("reference.")
        for (key,) in admin.execute(
            f"select {expression} from {table} where {expression} in "
            f"(select {expression} from {table} order by 1 limit 3)".encode()
        )
    ]
