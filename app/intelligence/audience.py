"""Who will be able to see an item: asked of the database as each role, with the policies in force.

The item is sent, released and read in a rehearsal. What each person then gets comes from the very
functions that pages, API, maps and exports read with, and is put into words.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.accounts.permissions import PERMISSIONS, ROLES
from app.core import clock
from app.core.actor import Actor
from app.core.db import Database
from app.core.errors import NotFoundError
from app.core.ids import random_id
from app.core.rehearsal import Rehearsal, rehearsed
from app.intelligence import qa, queries, service, view
from app.intelligence.checking import Checked, Recipient
from app.intelligence.models import IntelItem
from app.intelligence.rules import Handling, State
from app.intelligence.schemas import FullOut, SanitisedOut
from app.places import queries as places

READ = "intelligence_p.read"
ELSEWHERE = {"none", "released", "meta"}
NOTHING = "nothing"
ABROAD = "another force"
UNRELEASED = (State.SUBMITTED, State.IN_QA, State.HAS_ISSUES, State.SANITISED)
# By the login of auditors and of the public no row is asked for: the catalogue tells what they may.
MAY_READ = text("""
    select coalesce(has_column_privilege(:login, 'app.intel_item', :name, 'select'), false)
""")


class Seen(NamedTuple):
    """One row of the panel: who, and what they get."""

    who: str
    what: str

    @property
    def sentence(self) -> str:
        return f"{self.who}: {self.what}."


def of_draft(db: Database, session: Session, actor: Actor, made: Checked) -> list[Seen]:
    """Of an item that is not sent yet; it must be complete."""
    with rehearsed(db, session) as stage:
        item = service.submit(stage.play(actor), actor, replace(made, places=[*made.places]))
        return list(_rows(stage, actor, item.ref, made.partners))


def of_item(
    db: Database, session: Session, actor: Actor, ref: str, partners: Sequence[str]
) -> list[Seen]:
    """Of an item as it is, or as it will be once it is released."""
    with rehearsed(db, session) as stage:
        return list(_rows(stage, actor, ref, partners))


def _rows(stage: Rehearsal, actor: Actor, ref: str, partners: Sequence[str]) -> Iterator[Seen]:
    item, named = _released(stage, actor, ref)
    names = places.boroughs(stage.session)
    for code in partners:
        there = someone("practitioner", boroughs=(code,))
        yield Seen(f"Practitioners in {names.get(code, code)}", got(stage, there, ref))
    yield Seen("Contextual safeguarding leads", got(stage, someone("cs_lead"), ref))
    if named:
        yield _of_recipients(stage, item, named)
    analyst = replace(someone("police_analyst"), agency=item.agency_code)
    yield Seen("Police analysts of this force", got(stage, analyst, ref))
    other = replace(analyst, agency=ABROAD)
    yield Seen("Police analysts of other forces", got(stage, other, ref))
    shop = someone("partner", boroughs=tuple(partners))
    yield Seen("Shops and schools", got(stage, shop, ref))
    vca = got(stage, someone("vca_member"), ref)
    yield Seen("VCA", f"{vca}, and not counted for others" if vca == NOTHING else vca)
    yield Seen("Administrators", got(stage, someone("administrator"), ref))
    yield Seen("Auditors", _by_login(stage.session, "cs_audit"))
    yield Seen("The public", _by_login(stage.session, "cs_public"))


def _released(stage: Rehearsal, actor: Actor, ref: str) -> tuple[IntelItem, list[Recipient]]:
    """As a second analyst would release it; what was released, withdrawn or rejected stays so."""
    second = replace(actor, id=random_id())
    item = queries.find(stage.play(second), ref)
    conditional = item.handling == Handling.WITH_CONDITIONS
    named = service.recipients(stage.session, item) if conditional else []
    if item.state in UNRELEASED and (named or not conditional):
        qa.publish(stage.session, second, item, now=clock.now())
        stage.session.flush()
    return item, named


def someone(role: str, *, boroughs: tuple[str, ...] = ()) -> Actor:
    """A typical person of a role: without grants, reasons or an emergency."""
    known = ROLES[role]
    return Actor(
        id=random_id(),
        role=role,
        label=known.label,
        boroughs=boroughs,
        all_boroughs=known.all_boroughs,
        tiers=known.tiers,
    )


def got(stage: Rehearsal, actor: Actor, ref: str) -> str:
    """What this person gets of the item, in words."""
    rule = PERMISSIONS.rule(actor.role, READ)
    if rule is None or rule.scope in ELSEWHERE:
        return NOTHING
    session = stage.play(actor)
    try:
        return in_words(view.shown(session, queries.find(session, ref)))
    except NotFoundError:
        return NOTHING


def _of_recipients(stage: Rehearsal, item: IntelItem, named: Sequence[Recipient]) -> Seen:
    """As the first of them: before the conditions are accepted, and after."""
    first = named[0]
    person = replace(someone(first.role), id=first.id, named={"intel_item": (str(item.id),)})
    before = got(stage, person, item.ref)
    service.accept_if_offered(stage.play(person), item.ref)
    after = got(stage, person, item.ref)
    who = f"The {len(named)} people you name" if len(named) > 1 else "The person you name"
    words = after if before == after else f"{before} until they accept the conditions, then {after}"
    return Seen(who, words)


def _by_login(session: Session, login: str) -> str:
    told = {
        name: bool(session.scalar(MAY_READ, {"login": login, "name": name}))
        for name in ("body", "state")
    }
    if told["body"]:
        return "the text"
    return "that there is an item, its state, boroughs and dates" if told["state"] else NOTHING


def in_words(out: SanitisedOut) -> str:
    what = "all of it" if isinstance(out, FullOut) else "the sanitised text"
    if out.handling == Handling.WITH_CONDITIONS:
        what += " with its conditions"
    return f"{what}, {_place(out)}"


def _place(out: SanitisedOut) -> str:
    """How precisely it is placed: by its shape, by its reference, or not at all."""
    if out.geometry is None:
        if out.online:
            return "the address as text, never a link"
        return "its place by name only" if out.places else "no place"
    kind = str(out.geometry["type"]).removeprefix("Multi")
    shape = {"Point": "a point", "LineString": "a line", "Polygon": "a shape"}.get(kind, "shapes")
    near = {"STREET": ", to the street", "AREA": ", to the area"}.get(out.accuracy or "", "")
    return f"place as {shape}{near}"
