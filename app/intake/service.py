"""Answers become a report: taken page by page, sent once."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy.orm import Session

from app.core import clock
from app.core.working_days import due_on
from app.intake import questions, rules, view
from app.intake.drafts import Lock
from app.intake.questions import Form
from app.intake.schemas import Answers, Done, Draft, Pending, Spot
from app.reports.schemas import Received, ReportIn
from app.reports.sealing import Keys
from app.reports.service import Sending, receive

CONTACT = ("email", "phone", "safe_times")


def answered(draft: Draft, step: str, kept: Mapping[str, Any], fields: Sequence[str]) -> Draft:
    """With the answers of one page, in place of those it had before."""
    others = {name: value for name, value in draft.answers.items() if name not in fields}
    steps = [*(each for each in draft.answered if each != step), step]
    changed = draft.but(answers=others | dict(kept), answered=steps, pending=None)
    if step == "kind" and kept["where_kind"] != draft.answer("where_kind"):
        return _without_where(changed)
    return changed


def _without_where(draft: Draft) -> Draft:
    """A route has no pin and a group no postcode: another kind asks anew."""
    answers = {n: v for n, v in draft.answers.items() if n not in questions.OF_PLACE}
    steps = [step for step in draft.answered if step != "where"]
    return draft.but(answers=answers, answered=steps, spot=None, map=None, matches=())


def refused(
    draft: Draft,
    step: str,
    said: Answers,
    *,
    errors: Mapping[str, str] | None = None,
    found: Sequence[str] = (),
    missed: str = "",
) -> Draft:
    """Nothing is taken; the page is shown again with what was typed."""
    pending = Pending(step=step, typed=said, errors=errors or {}, found=found, missed=missed)
    return draft.but(pending=pending)


def told(draft: Draft) -> Draft:
    """An error is shown once; what was typed stays until it can be taken."""
    pending = draft.pending
    if pending is None or not (pending.errors or pending.missed):
        return draft
    return draft.but(pending=pending.model_copy(update={"errors": {}, "missed": ""}))


def onwards(draft: Draft) -> str:
    """The first question without an answer, or the page to check them all."""
    return f"/report/{rules.next_step(draft.answered, draft.sender is not None)}"


def taken(draft: Draft, step: str, form: Form) -> tuple[str, Draft]:
    """Where to go next, and the form with the answer in it, or with what is wrong with it."""
    here, question = f"/report/{step}", questions.of(step, draft.answers)
    pending = draft.pending
    if pending and pending.found and "decision" in form:
        if form["decision"] != ["keep"]:
            return here, rephrased(draft)
        draft, said = accepted(draft), pending.typed
    else:
        said = questions.typed(question, form)
    kept, wrong = questions.checked(step, said, draft.answer("where_kind"))
    if wrong:
        return here, refused(draft, step, said, errors=wrong)
    if found := questions.identifying(question, kept, draft.accepted):
        return here, refused(draft, step, said, found=found)
    draft = answered(draft, step, kept, question.fields)
    danger = step == "now" and kept["danger_answer"] == "YES"
    return "/report/emergency" if danger else onwards(draft), draft


def rephrased(draft: Draft) -> Draft:
    """The page again, with the words to be changed in it."""
    return draft.but(pending=draft.pending and draft.pending.model_copy(update={"found": ()}))


def accepted(draft: Draft) -> Draft:
    """These words are to be kept, and are not asked about again."""
    found = draft.pending.found if draft.pending else ()
    return draft.but(accepted=[*draft.accepted, *found])


def report_of(draft: Draft) -> ReportIn:
    """What all the pages say together."""
    answers = dict(draft.answers)
    wants = answers.pop("contact", "NO") == "YES"
    contact = {name: answers.pop(name) for name in CONTACT if name in answers}
    for name in ("where_q", "match"):
        answers.pop(name, None)
    if answers.get("where_kind") == "PLACE":
        answers |= _where(draft.spot, draft.answer("where_text"))
    given = answers | {"contact": contact if wants else None}
    return ReportIn.model_validate(given, strict=False)


def _where(spot: Spot | None, words: str) -> dict[str, Any]:
    """The pin, and what was said of it; a pin that is too far away becomes words."""
    if spot is None:
        return {"where_text": words or None}
    if spot.verdict == "too_far":
        return {"where_text": f"{spot.label}. {words}".strip()[:200]}
    named = f"{spot.label}. {words}".strip() if words else spot.label
    pin = {
        "easting": spot.easting_m,
        "northing": spot.northing_m,
        "pin_accuracy_m": spot.accuracy_m,
    }
    return pin | {"where_text": named if len(named) <= 200 else words}


def sending(
    draft: Draft, lock: Lock, report: ReportIn, waits: Sequence[str], *, synthetic: bool
) -> Sending:
    """One act of sending, with what the form shows afterwards."""
    seconds = clock.now().timestamp() - draft.started_at_s
    spot = draft.spot if draft.answer("where_kind") == "PLACE" else None
    outside = spot is not None and spot.verdict == "outside"
    return Sending(
        key=draft.key.bytes,
        body=orjson.dumps(report.model_dump(mode="json"), option=orjson.OPT_SORT_KEYS),
        channel="WEB" if draft.sender is None else "PARTNER_ACCOUNT",
        quarantine=[*rules.quarantine_reasons(trapped=draft.trapped, seconds=seconds), *waits],
        out_of_area_lad=spot.lad_code if spot and outside else None,
        about=draft.about,
        draft_id=lock.id,
        done=lambda receipt: lock.seal(_done(draft, receipt)),
        is_synthetic=synthetic,
    )


def _done(draft: Draft, receipt: str) -> Draft:
    """The receipt, and no answer."""
    now = clock.now()
    done = Done(
        receipt=receipt,
        due_on=due_on(now),
        at_s=now.timestamp(),
        help_lines=draft.answer("reporter_kind") in view.HELPED,
    )
    return Draft(key=draft.key, started_at_s=draft.started_at_s, sender=draft.sender, done=done)


def send(
    session: Session,
    keys: Keys,
    draft: Draft,
    lock: Lock,
    waits: Sequence[str] = (),
    *,
    synthetic: bool,
) -> Received:
    """Kept once, however often it is sent; `waits` are reasons for quarantine beside its own."""
    report = report_of(draft)
    one = sending(draft, lock, report, waits, synthetic=synthetic)
    return receive(session, keys, report, one)


def is_of(draft: Draft, actor: UUID | None) -> bool:
    """A report that a signed-in person began is sent by that person and nobody else."""
    return draft.sender is None or draft.sender == actor
