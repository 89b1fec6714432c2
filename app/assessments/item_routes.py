"""The 27 questions: nine on a page to look at, one on a page to answer, view by view."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response

from app.accounts.deps import Db
from app.assessments import (
    answers,
    evidence,
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
from app.assessments.evidence import Evidence
from app.assessments.indicators import CODES, DOMAINS, indicators
from app.assessments.reading import Whole
from app.assessments.scoring import DIFFERENT
from app.assessments.telling import clash_page, told
from app.assessments.writing import Desk
from app.core import pages as html

asking = APIRouter(prefix="/assessments", include_in_schema=False)

Number = Annotated[int, Path(ge=1, le=3)]


@asking.get("/{ref}/domains/{number}")
def domain(ref: str, number: Number, request: Request, db: Db, actor: Reader) -> Response:
    with db.read(of_role(actor)) as session:
        whole = reading.read(session, queries.find(session, ref))
        score = writing.scored(whole)[number - 1]
        return html.render(
            request,
            "assessments/domain.html",
            page_title=DOMAINS[number],
            items=view.items(whole, number),
            score=score,
            score_words=view.score_words(score),
            different=DIFFERENT,
            **told(session, actor, whole),
        )


@asking.get("/{ref}/items/{code}")
def item(ref: str, code: str, request: Request, db: Db, actor: Editor) -> Response:
    with db.begin(of_role(actor)) as session:
        desk = writing.open_to_change(session, actor, ref)
        return _form(request, desk, code, evidence.linkable(session, desk.whole), None, {})


@asking.post("/{ref}/items/{code}")
def save_item(
    ref: str, code: str, request: Request, db: Db, actor: Editor, sent: html.Form
) -> Response:
    with db.begin(of_role(actor)) as session:
        desk = writing.open_to_change(session, actor, ref)
        linkable = evidence.linkable(session, desk.whole)
        if errors := answers.problems(desk.whole, code, sent, linkable):
            return _form(request, desk, code, linkable, sent, errors)
        if clashes := answers.save_item(desk, code, sent, linkable):
            return clash_page(request, desk.whole, f"items/{code}", sent, clashes)
        home = f"/assessments/{desk.assessment.ref}"
        return html.see(home + _next(code) if "next" in sent else f"{home}/domains/{code[1]}")


def _next(code: str) -> str:
    """The question after this one; after the last of a domain, its page."""
    at = CODES.index(code) + 1
    after = CODES[at] if at < len(CODES) else ""
    return f"/items/{after}" if after[:2] == code[:2] else f"/domains/{code[1]}"


def _form(
    request: Request,
    desk: Desk,
    code: str,
    linkable: Sequence[Evidence],
    sent: Mapping[str, str] | None,
    errors: Mapping[str, str],
) -> Response:
    whole, before = desk.whole, answers.answers_of(desk.whole, code)
    now = {v: answers.shown_of(before.get(v), v, linkable) for v in rules.VIEWS}
    shown = next(one for one in indicators(online=whole.is_online) if one.code == code)
    seals = {v: locking.seal(now[v]) if sent is None else sent.get(f"seen_{v}", "") for v in now}
    return html.render(
        request,
        "assessments/item.html",
        page_title=shown.question,
        indicator=shown,
        number=CODES.index(code) % 9 + 1,
        values=_values(now) if sent is None else sent,
        seals=seals,
        errors=errors,
        linkable=linkable,
        views=list(rules.VIEWS.items()),
        ratings=list(forms.RATINGS.items()),
        answered=sorted(before),
        last={v: _last(whole, one) for v, one in before.items()},
        sureness=list(forms.SURENESS.items()),
        different=_different(whole, code),
        remarks=words.of_page(words.marked(desk.session, whole), f"items/{code}"),
        **told(desk.session, desk.actor, whole),
    )


def _last(whole: Whole, answer: Any) -> tuple[str, Any]:  # noqa: ANN401 - a row
    return writing.role_of(whole.assessment, answer.updated_by), answer.updated_at


def _values(now: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    found = {f"{name}_{v}": said for v, answer in now.items() for name, said in answer.items()}
    ticked: Sequence[str] = now["SETTLED"].get("evidence", "").split(",")
    return found | {f"evidence_{one}": "yes" for one in ticked if one}


def _different(whole: Whole, code: str) -> str:
    found = [one for one in view.items(whole, int(code[1])) if one.indicator.code == code]
    return DIFFERENT if found[0].differ else ""
