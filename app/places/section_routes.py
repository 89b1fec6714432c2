"""Forms for the sections of a place, one page each; they work without JavaScript."""

from dataclasses import dataclass, field
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from app.accounts.deps import Db, May
from app.core import pages as html
from app.core.actor import Actor
from app.core.errors import InvalidError
from app.places import details, life_queries, queries, relations, service, weeks
from app.places.life_schemas import AliasIn, LinkIn
from app.places.models import Place
from app.places.routes import Partners
from app.places.schemas import PlaceChange
from app.reference import queries as reference

sections = APIRouter(prefix="/places", include_in_schema=False)

Editor = Annotated[Actor, Depends(May("place.update"))]
Section = Literal["good", "times", "manager", "class", "route"]
TITLES: dict[Section, str] = {
    "good": "What is working well",
    "times": "Times of concern",
    "manager": "Who manages it",
    "class": "How sensitive it is",
    "route": "The journey",
}
FIELDS: dict[Section, tuple[str, ...]] = {
    "good": ("strengths", "safe_features"),
    "times": ("after_dark_concern",),
    "manager": ("managed_by_agency", "manager_contact", "public_access", "next_review_on"),
    "class": ("sensitivity", "may_name", "may_name_reason"),
    "route": details.JOURNEY,
}
YES_NO = {"yes": True, "no": False}
ACCESS = [("OPEN", "Open to all"), ("HOURS", "Open in certain hours"), ("PRIVATE", "Private")]


@dataclass(frozen=True, slots=True)
class Form:
    """One page with a form about a place."""

    request: Request
    session: Session
    actor: Actor
    place: Place
    template: str
    title: str
    more: dict[str, Any] = field(default_factory=dict)

    def shown(self, values: dict[str, Any], errors: dict[str, str]) -> Response:
        return html.render(
            self.request,
            f"places/{self.template}.html",
            page_title=self.title,
            place=self.place,
            values={"version": self.place.version} | values,
            errors=errors,
            **self.more,
        )

    def done(self, part: str) -> Response:
        return html.see(f"/places/{self.place.ref}#{part}")


def agencies(session: Session) -> list[tuple[str, str]]:
    return [(code.code, code.label) for code in reference.codes(session, "agency")]


@sections.get("/{ref}/edit/{section}")
def edit_section(ref: str, section: Section, request: Request, db: Db, actor: Editor) -> Response:
    with db.read(actor) as session:
        form = _section(request, session, actor, queries.find(session, ref), section)
        return form.shown(_standing(form.place, section), {})


@sections.post("/{ref}/edit/{section}")
def send_section(
    ref: str,
    section: Section,
    request: Request,
    db: Db,
    actor: Editor,
    sent: html.Form,
    partners: Partners,
) -> Response:
    wanted, errors = html.parse(PlaceChange, _change(section, sent))
    with db.begin(actor) as session:
        form = _section(request, session, actor, queries.lock(session, ref), section, sent)
        if wanted is not None:
            draft = service.redraft(session, actor, form.place, wanted, partners)
            errors = draft.errors
            if not errors:
                service.revise(session, actor, form.place, wanted, draft)
                return form.done(section)
        return form.shown(sent, errors)


def _section(
    request: Request,
    session: Session,
    actor: Actor,
    place: Place,
    section: Section,
    sent: dict[str, str] | None = None,
) -> Form:
    chosen = weeks.hours(place.week_grid) if sent is None else weeks.from_form(sent)
    more: dict[str, Any] = {"agencies": agencies(session), "access": ACCESS}
    more |= week_of(chosen)
    more["classes"] = [(c, WORDS_OF_CLASS[c]) for c in details.choices(place)]
    more["modes"] = list(details.MODES.items())
    more["names_it"] = actor.role == "cs_lead"
    more["rings"] = actor.role in details.RINGS
    return Form(request, session, actor, place, f"section-{section}", TITLES[section], more)


WORDS_OF_CLASS = {
    "PUBLIC_REALM": "Public: parks, streets, stations",
    "MANAGED": "Managed: the reputation of a business or service",
    "ONLINE": "Online space",
    "DERIVED": "Worked out from data",
    "SENSITIVE": "Sensitive: partners do not see it",
    "RESTRICTED": "Restricted: needs two agencies and a lead; its label ends after 90 days",
    "RESIDENTIAL": "Somebody's home",
}


def week_of(chosen: frozenset[int]) -> dict[str, Any]:
    """What the table of hours and the boxes of whole parts need."""
    return {
        "chosen": chosen,
        "days": list(zip(weeks.DAYS, weeks.NAMES, strict=True)),
        "parts_of_week": [(name, words) for name, (words, _, _) in weeks.PRESETS.items()],
        "clock": weeks.clock,
    }


def _standing(place: Place, section: Section) -> dict[str, Any]:
    found = {name: getattr(place, name) for name in FIELDS[section]}
    if "safe_features" in found:
        found["safe_features"] = "\n".join(found["safe_features"])
    said = {True: "yes", False: "no"}
    return {name: said.get(v, v) if isinstance(v, bool) else v for name, v in found.items()}


def _change(section: Section, sent: dict[str, str]) -> dict[str, Any]:
    """The answers of one section; one left empty empties it."""
    found: dict[str, Any] = {"version": sent.get("version")}
    found |= {name: sent.get(name) for name in FIELDS[section]}
    for name in ("after_dark_concern", "may_name"):
        if name in found:
            found[name] = YES_NO.get(found[name] or "")
    if section == "good":
        lines = (sent.get("safe_features") or "").splitlines()
        found["safe_features"] = [line.strip() for line in lines if line.strip()]
    if section == "times":
        found["week"] = weeks.by_day(weeks.from_form(sent))
    if section == "manager" and not {"manager_contact", "rings"} & sent.keys():
        # A role that does not see whom to ring does not empty it either.
        del found["manager_contact"]
    if section == "class":
        found = {name: value for name, value in found.items() if value is not None}
    return found


@sections.get("/{ref}/names")
def names(ref: str, request: Request, db: Db, actor: Editor) -> Response:
    with db.read(actor) as session:
        return _names(request, session, actor, queries.find(session, ref)).shown({}, {})


@sections.post("/{ref}/names")
def send_names(ref: str, request: Request, db: Db, actor: Editor, sent: html.Form) -> Response:
    """Add a name, or take the one away whose button was pressed."""
    with db.begin(actor) as session:
        form = _names(request, session, actor, queries.lock(session, ref))
        if key := key_of(sent.get("remove")):
            relations.remove_alias(session, actor, form.place, key)
            return form.done("where")
        wanted, errors = html.parse(AliasIn, {"name": sent.get("name", "")})
        if wanted is None:
            return form.shown(sent, {"name": errors.get("name", "") and ENTER_NAME})
        try:
            relations.add_alias(session, actor, form.place, wanted)
        except InvalidError as wrong:
            return form.shown(sent, wrong.fields)
        return form.done("where")


ENTER_NAME = "Enter a name of at most 80 characters."


def _names(request: Request, session: Session, actor: Actor, place: Place) -> Form:
    more = {"aliases": life_queries.aliases(session, place)}
    return Form(request, session, actor, place, "names", "Other names", more)


def key_of(text: str | None) -> UUID | None:
    try:
        return UUID(text or "")
    except ValueError:
        return None


@sections.get("/{ref}/links")
def links(ref: str, request: Request, db: Db, actor: Editor) -> Response:
    with db.read(actor) as session:
        return _links(request, session, actor, queries.find(session, ref)).shown({}, {})


@sections.post("/{ref}/links")
def send_links(
    ref: str, request: Request, db: Db, actor: Editor, sent: html.Form, partners: Partners
) -> Response:
    """A related place, what it is part of, or the removal of one of them."""
    with db.begin(actor) as session:
        form = _links(request, session, actor, queries.lock(session, ref))
        if key := key_of(sent.get("remove")):
            relations.unlink(session, actor, form.place, key)
            return form.done("related")
        try:
            if "parent" in sent or "no_parent" in sent:
                _part_of(session, actor, form.place, sent, partners)
            else:
                relations.link(session, actor, form.place, _link_in(sent))
        except InvalidError as wrong:
            return form.shown(sent, wrong.fields)
        return form.done("related")


def _part_of(
    session: Session, actor: Actor, place: Place, sent: dict[str, str], partners: Partners
) -> None:
    change = {"version": sent.get("version"), "parent": sent.get("parent")}
    wanted, errors = html.parse(PlaceChange, change)
    if wanted is None:
        raise InvalidError(relations.WRONG, errors)
    draft = service.redraft(session, actor, place, wanted, partners)
    service.revise(session, actor, place, wanted, draft)


def _link_in(sent: dict[str, str]) -> LinkIn:
    given = {name: sent.get(name) for name in ("to", "relation", "since_on", "note")}
    wanted, errors = html.parse(LinkIn, given)
    if wanted is None:
        words = {"to": "Enter the reference of the other place.", "relation": "Choose one."}
        raise InvalidError(relations.WRONG, {n: words.get(n, w) for n, w in errors.items()})
    return wanted


def _links(request: Request, session: Session, actor: Actor, place: Place) -> Form:
    relations_of = [(c.code, c.label) for c in reference.codes(session, "place_relation")]
    more = {
        "links": life_queries.links(session, place),
        "above": life_queries.parent(session, place),
        "relations": relations_of,
    }
    return Form(request, session, actor, place, "links", "Related places", more)
