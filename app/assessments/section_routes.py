"""Basics, methods, panel and voice: a page each, saved by itself; they work without JavaScript."""

from collections.abc import Mapping
from typing import Any, Literal

from fastapi import APIRouter, Request, Response
from sqlalchemy.orm import Session

from app.accounts.deps import Db
from app.assessments import (
    basics,
    boundary,
    forms,
    locking,
    queries,
    reading,
    rules,
    view,
    words,
    writing,
)
from app.assessments.deps import Editor, Reader, of_role
from app.assessments.locking import Clash
from app.assessments.models import Assessment
from app.assessments.reading import Whole
from app.assessments.schemas import SlotsIn, VoiceIn
from app.assessments.telling import clash_page, told
from app.assessments.writing import Desk
from app.core import pages as html
from app.core.errors import InvalidError
from app.places import queries as places
from app.places import weeks
from app.places.models import Place
from app.places.routes import Partners
from app.places.section_routes import week_of
from app.reference import queries as reference

sections = APIRouter(prefix="/assessments", include_in_schema=False)

Section = Literal["basics", "methods", "signs", "voice"]
Saved = Literal["basics", "methods", "voice"]
Values = Mapping[str, Any]
Errors = Mapping[str, str]
PAGES = {
    "basics": "Basics",
    "methods": "Methods",
    "signs": "Signs of Safety",
    "voice": "Children's voice",
}
WORDS = {
    "no_voice_reason": "Say why in 40 to 500 characters.",
    "slots_reason": "Say why in 20 to 500 characters.",
}


@sections.get("/{ref}/{section}")
def section_page(ref: str, section: Section, request: Request, db: Db, actor: Reader) -> Response:
    with db.read(of_role(actor)) as session:
        whole = reading.read(session, queries.find(session, ref))
        return _page(request, Desk(session, actor, whole), section, None, {})


@sections.post("/{ref}/{section}")
def save_section(
    ref: str,
    section: Saved,
    request: Request,
    db: Db,
    actor: Editor,
    sent: html.Form,
    partners: Partners,
) -> Response:
    with db.begin(of_role(actor)) as session:
        desk = writing.open_to_change(session, actor, ref)
        try:
            clash = _save(desk, section, sent, partners)
        except InvalidError as wrong:
            return _page(request, desk, section, sent, wrong.fields)
        if clash is not None:
            return clash_page(request, desk.whole, section, sent, [clash])
        return html.see(f"/assessments/{desk.assessment.ref}")


def _save(
    desk: Desk, section: str, sent: Mapping[str, str], partners: tuple[str, ...]
) -> Clash | None:
    if section == "basics":
        place = desk.whole.place
        columns, said = basics.read(desk.session, place, sent, partners, desk.assessment)
    else:
        columns = _reason(section, sent)
        said = {name: forms.text_of(name, value) for name, value in columns.items()}
    return writing.save_section(desk, section, columns=columns, wanted=said, form=sent)


def _reason(section: str, sent: Mapping[str, str]) -> dict[str, Any]:
    """Why something is missing, and by when it comes."""
    model: type[SlotsIn] | type[VoiceIn] = SlotsIn if section == "methods" else VoiceIn
    names = forms.SECTIONS[section]
    wanted, errors = html.parse(model, {n: sent[n] for n in names if n in sent})
    if wanted is None:
        raise InvalidError(
            "Change the fields named below.",
            {n: WORDS.get(n, w) if w == "Check this answer." else w for n, w in errors.items()},
        )
    return wanted.model_dump()


def _page(
    request: Request, desk: Desk, section: str, sent: Mapping[str, str] | None, errors: Errors
) -> Response:
    whole, session = desk.whole, desk.session
    made = whole.assessment
    now = forms.said(made, forms.SECTIONS[section]) if section in forms.SECTIONS else {}
    if sent is None:
        values: Values = basics.standing(made) if section == "basics" else now
    else:
        values = sent
    return html.render(
        request,
        f"assessments/{section}.html",
        page_title=PAGES[section],
        values={"seen": locking.seal(now), **values},
        errors=errors,
        page=section,
        remarks=words.of_page(words.marked(session, whole), section),
        **told(session, desk.actor, whole),
        **(basics_lists(session, whole.place, made, sent) if section == "basics" else {}),
        **_lists(whole),
    )


def basics_lists(
    session: Session, place: Place, made: Assessment | None, sent: Mapping[str, str] | None
) -> dict[str, Any]:
    """What the form of the basics lets people choose from."""
    grid = made.hours_of_concern if made is not None else place.week_grid
    chosen = weeks.hours(grid) if sent is None else weeks.from_form(sent)
    return {
        "prompts": list(forms.PROMPTS.items()),
        "bands": list(forms.BANDS.items()),
        "harms": [(harm.code, harm.label) for harm in reference.harms(session)],
        "bounds": boundary.choices(made, places.shape_of(place)),
        "in_words_only": place.sensitivity == "RESIDENTIAL",
        **week_of(chosen),
    }


def _lists(whole: Whole) -> dict[str, Any]:
    known = rules.Known(methods=writing.held(whole), is_online=whole.is_online)
    return {
        "methods": whole.methods,
        "method_names": rules.METHODS,
        "voice_methods": rules.VOICE_METHODS,
        "day_parts": forms.DAY_PARTS,
        "missing_slots": [] if whole.is_online else rules.missing_slots(known),
        "columns": rules.COLUMNS,
        "signs": whole.signs,
        "views": rules.VIEWS,
        "scale": view.scale(whole.scales),
        "question": rules.SCALE_QUESTION,
        "not_asked": rules.NOT_ASKED_YET,
    }
