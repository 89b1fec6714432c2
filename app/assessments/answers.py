"""Answers to the 27 questions: each view saved by itself, none over another's unseen."""

from collections.abc import Mapping, Sequence

from app.assessments import evidence, forms, locking, rules, writing
from app.assessments.evidence import Evidence
from app.assessments.indicators import CODES
from app.assessments.locking import Clash, Said
from app.assessments.models import Answer
from app.assessments.reading import Whole
from app.assessments.rules import VIEWS
from app.assessments.schemas import AnswerIn
from app.assessments.writing import Desk, met, saved
from app.core import pages as html
from app.core.errors import NotFoundError

SETTLED = "SETTLED"


def answers_of(whole: Whole, code: str) -> dict[str, Answer]:
    """By view."""
    if code not in CODES:
        raise NotFoundError("Page not found. Check the address.")
    return {one.view: one for one in whole.answers if one.indicator_code == code}


def wanted_of(sent: Mapping[str, str], view: str, linkable: Sequence[Evidence]) -> dict[str, str]:
    """The answer of one view as the form has it."""
    found = {
        "rating": sent.get(f"rating_{view}", ""),
        "confidence": sent.get(f"confidence_{view}", "M"),
        "note": locking.tidy(sent.get(f"note_{view}")),
    }
    if view == SETTLED:
        ticked = sorted(str(one.id) for one in linkable if f"evidence_{one.id}" in sent)
        found["evidence"] = ",".join(ticked)
    return found


def shown_of(answer: Answer | None, view: str, linkable: Sequence[Evidence]) -> dict[str, str]:
    """What is saved, as far as this reader's form shows it."""
    shown = frozenset(str(one.id) for one in linkable) if view == SETTLED else None
    return forms.answer_said(answer, shown)


def problems(
    whole: Whole, code: str, sent: Mapping[str, str], linkable: Sequence[Evidence]
) -> dict[str, str]:
    """What is wrong with the answers to one question, by field."""
    found: dict[str, str] = {}
    said = {view: wanted_of(sent, view, linkable) for view in VIEWS}
    for view, answer in said.items():
        given = {name: answer[name] or None for name in ("confidence", "note")}
        given = {name: value for name, value in given.items() if value is not None}
        _, errors = html.parse(AnswerIn, given | {"rating": answer["rating"]})
        found |= {f"{name}_{view}": words for name, words in errors.items()}
        if answer["note"] and not answer["rating"]:
            found.setdefault(f"rating_{view}", "Choose a rating, or Not known, with the note.")
    if found:
        return found
    before = answers_of(whole, code)
    settled = _rated(said[SETTLED]["rating"])
    children = _of_children(before.get("CHILDREN"), said["CHILDREN"], sent)
    if problem := rules.rating_problem(children, settled, said[SETTLED]["note"]):
        found[f"note_{SETTLED}"] = problem
    seen = {one.id for one in linkable}
    kept = before[SETTLED].evidence_ids if SETTLED in before else []
    linked = bool(said[SETTLED]["evidence"]) + sum(one not in seen for one in kept)
    if problem := rules.evidence_problem(settled, linked, writing.held(whole)):
        found["evidence"] = problem
    return found


def _of_children(answer: Answer | None, said: Said, sent: Mapping[str, str]) -> int | None:
    """What children say: as the form has it, or as it was saved since by somebody else."""
    untouched = locking.seal(said) == sent.get("seen_CHILDREN")
    return answer.rating if untouched and answer is not None else _rated(said["rating"])


def _rated(rating: str) -> int | None:
    return int(rating) if rating.isdecimal() else None


def save_item(
    desk: Desk, code: str, sent: Mapping[str, str], linkable: Sequence[Evidence]
) -> list[Clash]:
    """All views of one question; none of them where somebody else changed one meanwhile."""
    before, clashes, todo = answers_of(desk.whole, code), [], []
    for view in VIEWS:
        now = shown_of(before.get(view), view, linkable)
        wanted, seen = wanted_of(sent, view, linkable), sent.get(f"seen_{view}")
        if locking.seal(wanted) in {seen, locking.seal(now)}:
            continue  # not touched, or the same
        answer = before.get(view)
        clash = _clash(desk, f"{code}:{view}", answer, now, wanted)
        if met(desk, clash, {"seen": seen or "", "over": sent.get("over", "")}):
            clashes.append(clash)
        elif wanted["rating"]:
            todo.append((view, answer, wanted))
    if clashes:
        return clashes
    for view, answer, wanted in todo:
        _keep(desk, answer or _new(desk, code, view), wanted, linkable)
    if todo:
        saved(desk, f"item:{code}")
    return []


def _clash(desk: Desk, what: str, answer: Answer | None, now: Said, wanted: Said) -> Clash:
    code, _, view = what.partition(":")
    last = desk.assessment if answer is None else answer
    title = f"{code}, {VIEWS[view].lower()}"
    return Clash(f"item:{what}", title, now, wanted, last.updated_by, last.updated_at)


def _new(desk: Desk, code: str, view: str) -> Answer:
    answer = Answer(
        assessment_id=desk.assessment.id,
        indicator_code=code,
        view=view,
        version=0,
        evidence_ids=[],
        created_by=desk.actor.id,
        updated_by=desk.actor.id,
    )
    desk.session.add(answer)
    return answer


def _keep(desk: Desk, answer: Answer, wanted: Said, linkable: Sequence[Evidence]) -> None:
    answer.version += 1
    answer.rating = _rated(wanted["rating"])
    answer.confidence = wanted["confidence"]
    answer.note = wanted["note"] or None
    if answer.view == SETTLED:
        shown = frozenset(str(one.id) for one in linkable)
        ticked = [one for one in wanted["evidence"].split(",") if one]
        answer.evidence_ids = evidence.kept(answer.evidence_ids, shown, ticked)
    desk.session.flush()
    desk.session.refresh(answer)
