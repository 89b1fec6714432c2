"""Write an item: a task list, each section saved on the server, then a check of all of it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from app.accounts.deps import Db, May
from app.core import pages as html
from app.core.actor import Actor
from app.core.errors import NotFoundError
from app.intelligence import audience, checking, drafts, sections, view
from app.intelligence.api_routes import Writer
from app.intelligence.checking import Checked
from app.intelligence.models import IntelDraft
from app.intelligence.routes import Partners, of_role, words
from app.intelligence.sections import BY_NAME, SECTIONS, Section
from app.places import queries as places

writing = APIRouter(prefix="/intelligence", include_in_schema=False)

Drafter = Annotated[Actor, Depends(May("intelligence_draft.update"))]
Starter = Annotated[Actor, Depends(May("intelligence_draft.create"))]
Looker = Annotated[Actor, Depends(May("intelligence_draft.read"))]
Sender = Writer


@writing.get("/new")
def new(request: Request, db: Db, actor: Looker) -> Response:
    with db.read(actor) as session:
        found = drafts.unfinished(session)
        return html.render(
            request,
            "intelligence/new.html",
            page_title="Write an item of intelligence",
            drafts=found,
            sections=SECTIONS,
        )


@writing.post("/new")
def start(db: Db, actor: Starter, sent: html.Form) -> Response:
    with db.begin(actor) as session:
        draft = drafts.begin(session, actor)
        session.flush()
        return html.see(f"/intelligence/drafts/{draft.id}")


@writing.post("/{ref}/edit")
def edit(ref: str, db: Db, actor: Starter, sent: html.Form) -> Response:
    """Mend an item, or write the corrected one of one that is released."""
    with db.begin(actor) as session:
        draft = drafts.begin_from(session, actor, ref)
        session.flush()
        return html.see(f"/intelligence/drafts/{draft.id}")


@writing.get("/drafts/{key}")
def tasks(key: UUID, request: Request, db: Db, actor: Looker, partners: Partners) -> Response:
    """The task list; once every section is saved, also the check of all of it."""
    with db.begin(of_role(actor)) as session:
        return _tasks(request, session, drafts.find(session, key), partners, {})


@writing.post("/drafts/{key}")
def send(
    key: UUID, request: Request, db: Db, actor: Sender, sent: html.Form, partners: Partners
) -> Response:
    """To QA, or away."""
    with db.begin(of_role(actor)) as session:
        draft = drafts.find(session, key)
        if "drop" in sent:
            drafts.drop(session, draft)
            return html.see("/intelligence/new")
        made, errors = drafts.checked(session, draft.answers, partners)
        if made is None or errors:
            return _tasks(request, session, draft, partners, errors)
        item = drafts.send(session, actor, draft, made)
        return html.see(f"/intelligence/{item.ref}")


@writing.get("/drafts/{key}/{section}")
def ask(
    key: UUID, section: str, request: Request, db: Db, actor: Looker, partners: Partners
) -> Response:
    with db.begin(of_role(actor)) as session:
        draft = drafts.find(session, key)
        return _section(request, session, draft, _known(section), partners, draft.answers, {})


@writing.post("/drafts/{key}/{section}")
def save(
    key: UUID, section: str, request: Request, db: Db, actor: Drafter, sent: html.Form,
    partners: Partners,
) -> Response:  # fmt: skip
    known = _known(section)
    answers = sections.of_section(known, sections.collected(sent))
    with db.begin(of_role(actor)) as session:
        draft = drafts.find(session, key)
        whole = {n: v for n, v in draft.answers.items() if n not in known.fields} | answers
        _, errors = drafts.checked(session, whole, partners)
        wrong = sections.wrong_in(known, errors)
        if wrong:
            return _section(request, session, draft, known, partners, whole, wrong)
        drafts.keep(session, draft, known, answers)
        return html.see(f"/intelligence/drafts/{key}/{_next(draft, known)}")


def _known(name: str) -> Section:
    if name not in BY_NAME:
        raise NotFoundError("Page not found. Check the address.")
    return BY_NAME[name]


def _next(draft: IntelDraft, section: Section) -> str:
    """The next section that is not saved yet; the task list when there is none."""
    later = [s.name for s in SECTIONS[SECTIONS.index(section) + 1 :] if s.name not in draft.saved]
    return later[0] if later else ""


def _tasks(
    request: Request,
    session: Session,
    draft: IntelDraft,
    partners: tuple[str, ...],
    errors: Mapping[str, str],
) -> Response:
    made, found = drafts.checked(session, draft.answers, partners)
    complete = not sections.unsaved(draft.saved)
    return html.render(
        request,
        "intelligence/draft.html",
        page_title="Check and send the item" if complete else "Write an item of intelligence",
        draft=draft,
        sections=SECTIONS,
        wrong={s.name: sections.wrong_in(s, found) for s in SECTIONS},
        of_field=sections.OF_FIELD,
        errors=dict(errors),
        complete=complete and not found,
        values=draft.answers,
        seen=_seen(request, session, made, found),
        near=_near(session, made),
        similar=_similar(session, draft, made),
        **words(session),
    )


def _section(
    request: Request,
    session: Session,
    draft: IntelDraft,
    section: Section,
    partners: tuple[str, ...],
    answers: Mapping[str, Any],
    errors: dict[str, str],
) -> Response:
    made, found = drafts.checked(session, draft.answers, partners)
    return html.render(
        request,
        "intelligence/section.html",
        page_title=section.title,
        draft=draft,
        section_of=section,
        number=SECTIONS.index(section) + 1,
        values=sections.ticked(answers),
        errors=errors,
        seen=_seen(request, session, made, found),
        near=_near(session, made) if section.name == "where" else "",
        place_types=[
            (found.code, found.label)
            for found in places.place_types(session)
            if not (found.is_residential or found.is_online)
        ],
        people=checking.people(session) if section.name == "grading" else [],
        **words(session),
    )


def _similar(session: Session, draft: IntelDraft, made: Checked | None) -> list[view.Similar]:
    if made is None:
        return []
    return view.similar(
        session, made.wanted, [place.id for place in made.places], but=draft.item_id
    )


def _seen(
    request: Request, session: Session, made: Checked | None, errors: Mapping[str, str]
) -> list[audience.Seen] | None:
    """Asked of the database as each role; None until the item is complete."""
    if made is None or errors:
        return None
    actor: Actor = request.state.actor
    return audience.of_draft(request.app.state.db, session, of_role(actor), replace(made))


def _near(session: Session, made: Checked | None) -> str:
    """The street next to the middle of what was drawn, to be read out."""
    return "" if made is None or made.shape is None else view.near_shape(session, made.shape)
