"""One method, one sentence of the panel, one score: a form each."""

from collections.abc import Mapping
from typing import Any, Literal

from fastapi import APIRouter, Request, Response

from app.accounts.deps import Db
from app.accounts.permissions import PERMISSIONS
from app.assessments import evidence, forms, locking, parts, rules, writing
from app.assessments.deps import Editor, of_role
from app.assessments.models import Method
from app.assessments.parts import Row
from app.assessments.telling import clash_page, told
from app.assessments.writing import Desk
from app.core import clock
from app.core import pages as html
from app.core.actor import Actor

forms_of_parts = APIRouter(prefix="/assessments", include_in_schema=False)

Kind = Literal["methods", "signs", "scale"]
TITLES = {
    ("methods", True): "Add a method",
    ("methods", False): "Change a method",
    ("signs", True): "Add a sentence",
    ("signs", False): "Change a sentence",
    ("scale", True): "Add a score",
    ("scale", False): "Change a score",
}
WORDS = {
    "n_people": "Enter how many people were asked, 1 or more.",
    "score": "Enter a whole number from 0 to 10.",
    "party": "Choose who was asked.",
    "method_code": "Choose a method.",
    "column_code": "Choose a column.",
    "view": "Choose whose view it is.",
    "on_date": "Enter the day on which they were asked.",
    "body": "Write one sentence.",
    "n_children": "Enter a number, or leave it empty.",
    "n_adults": "Enter a number, or leave it empty.",
}
GENERIC = {"Answer this question.", "Check this answer."}
LISTS: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    "methods": {"method_code": rules.METHODS, "day_part": forms.DAY_PARTS},
    "signs": {"column_code": rules.COLUMNS},
    "scale": {"party": rules.PARTIES},
}
EVIDENCE = "evidence_"


@forms_of_parts.get("/{ref}/{kind}/{key}")
def part_page(ref: str, kind: Kind, key: str, request: Request, db: Db, actor: Editor) -> Response:
    with db.begin(of_role(actor)) as session:
        desk = writing.open_to_change(session, actor, ref)
        return _form(request, desk, kind, parts.part(desk.whole, kind, key), None, {})


@forms_of_parts.post("/{ref}/{kind}/{key}")
def save_part(
    ref: str, kind: Kind, key: str, request: Request, db: Db, actor: Editor, sent: html.Form
) -> Response:
    with db.begin(of_role(actor)) as session:
        desk = writing.open_to_change(session, actor, ref)
        row = parts.part(desk.whole, kind, key)
        back = f"/assessments/{desk.assessment.ref}/{'signs' if kind == 'scale' else kind}"
        if "remove" in sent and row is not None:
            parts.remove(desk, kind, row)
            return html.see(back)
        given = _given(kind, sent)
        wanted, errors = html.parse(parts.MODELS[kind], given)
        problems = problems_of(kind, given, errors)
        if wanted is None or problems:
            return _form(request, desk, kind, row, sent, problems)
        linkable = evidence.linkable(session, desk.whole) if kind == "signs" else []
        clash = parts.save_part(desk, kind, row, wanted=wanted, form=sent, linkable=linkable)
        if clash is not None:
            return clash_page(request, desk.whole, f"{kind}/{key}", sent, [clash])
        return html.see(back)


def _given(kind: str, sent: Mapping[str, str]) -> dict[str, Any]:
    given: dict[str, Any] = {n: sent[n] for n in forms.PARTS[kind] if n in sent}
    if kind == "signs":
        given["evidence"] = [n.removeprefix(EVIDENCE) for n in sent if n.startswith(EVIDENCE)]
    return given


def problems_of(kind: str, given: Mapping[str, Any], errors: Mapping[str, str]) -> dict[str, str]:
    """What is wrong, by field, in words to act on."""
    found = {n: WORDS.get(n, w) if w in GENERIC else w for n, w in errors.items()}
    for name, known in LISTS[kind].items():
        if given.get(name) and given[name] not in known:
            found.setdefault(name, "Choose one of the list.")
    for name in ("held_on", "on_date"):
        if name not in found and str(given.get(name, "")) > clock.today().isoformat():
            found[name] = "Enter a day that is not in the future."
    return found


def _form(
    request: Request,
    desk: Desk,
    kind: str,
    row: Row | None,
    sent: Mapping[str, str] | None,
    errors: Mapping[str, str],
) -> Response:
    linkable = evidence.linkable(desk.session, desk.whole) if kind == "signs" else []
    now = parts.shown_of(kind, row, linkable)
    if sent is None:
        ticks = {f"{EVIDENCE}{one}": "yes" for one in now.get("evidence", "").split(",") if one}
        values: Mapping[str, Any] = {**now, **ticks}
    else:
        values = sent
    return html.render(
        request,
        f"assessments/part-{kind}.html",
        page_title=TITLES[kind, row is None],
        key="new" if row is None else str(row.id),
        kind=kind,
        values={"seen": locking.seal(now), **values},
        errors=errors,
        linkable=linkable,
        removable=_removable(desk.actor, row),
        lists={name: list(known.items()) for name, known in LISTS[kind].items()},
        **told(desk.session, desk.actor, desk.whole),
        **_words(),
    )


def _removable(actor: Actor, row: Row | None) -> bool:
    planned_only = isinstance(row, Method) and row.held_on is None
    may = PERMISSIONS.rule(actor.role, "assessment.delete") is not None
    return row is not None and (planned_only or may)


def _words() -> dict[str, Any]:
    return {
        "question": rules.SCALE_QUESTION,
        "one_point": rules.ONE_POINT,
        "views": [(code, said) for code, said in rules.VIEWS.items() if code != "SETTLED"],
    }
