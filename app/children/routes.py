"""Children's references. Every address needs a purpose, and every read is audited."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header

from app.accounts.deps import Db, May, for_record
from app.children import service
from app.children.schemas import ChildIn, ChildOut, LinkIn, why
from app.core.actor import Actor
from app.core.ids import new_reference, read_reference
from app.core.problems import documented
from app.places.rules import Purpose

api = APIRouter(prefix="/api/v1/children", tags=["children"])


Said = Annotated[str | None, Header(json_schema_extra={"enum": list(Purpose)})]


def purpose_of(x_purpose: Said = None) -> Purpose:
    """The header X-Purpose: why somebody needs to see this."""
    return why(x_purpose)


def spelt(ref: str) -> str:
    """As it is stored, however it was typed."""
    return read_reference(ref, "CH") or ref


Why = Annotated[Purpose, Depends(purpose_of)]
Opener = Annotated[Actor, Depends(May("child.create"))]
Reader = Annotated[Actor, Depends(May("child.read"))]
Linker = Annotated[Actor, Depends(May("child_place_link.create"))]


@api.post("", status_code=201, responses=documented(403, 422))
def open_child(wanted: ChildIn, db: Db, actor: Opener, purpose: Why) -> ChildOut:
    """Mint a reference."""
    ref = new_reference("CH")
    purposeful = for_record(actor, ref, purpose)
    with db.begin(purposeful) as session:
        return service.open_child(session, purposeful, ref, wanted)


@api.post("/{ref}/links", status_code=201, responses=documented(404, 422))
def link(ref: str, wanted: LinkIn, db: Db, actor: Linker, purpose: Why) -> ChildOut:
    """Say what happened to a child at a place."""
    with db.begin(for_record(actor, spelt(ref), purpose)) as session:
        return service.link_place(session, actor, ref, wanted)


@api.get("/{ref}", responses=documented(404, 422))
def one(ref: str, db: Db, actor: Reader, purpose: Why) -> ChildOut:
    """One reference and its links."""
    with db.begin(for_record(actor, spelt(ref), purpose)) as session:
        return service.look_up(session, ref)
