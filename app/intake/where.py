"""The page of a place: search by name, choose of what was found, or put it in words."""

from collections.abc import Collection

from sqlalchemy.orm import Session

from app.core.types import clean_text
from app.intake import places, questions, rules, service
from app.intake.questions import CHOOSE, Form
from app.intake.schemas import Answers, Draft

SEARCH_NEEDED = "Enter a postcode, street or place name."
CHOICE_NEEDED = "Select which one you mean."
WORDS_NEEDED = "Describe where it is."
HERE, CHOICES = "/report/where", "/report/where/choose"
NONE = "NONE"
LONGEST = {"where_q": 100, "where_text": 200}

Taken = tuple[str, Draft]


def searched(session: Session, draft: Draft, form: Form, partners: Collection[str]) -> Taken:
    """To the choice of what was found, or back with the words "We could not find"."""
    said = questions.typed(questions.OF_WHERE["PLACE"], form)
    words, wrong = _text(said, "where_q")
    if wrong or not words:
        errors = wrong or {"where_q": SEARCH_NEEDED}
        return HERE, service.refused(draft, "where", said, errors=errors)
    matches = places.matches(session, words, partners)
    if not matches:
        return HERE, service.refused(draft, "where", said, missed=words)
    answers = dict(draft.answers) | {"where_q": words}
    return CHOICES, draft.but(answers=answers, matches=matches, pending=None)


def chosen(session: Session, draft: Draft, form: Form, partners: Collection[str]) -> Taken:
    """One of the matches, or none of them and words instead."""
    pending = draft.pending
    typed: Answers = questions.typed(CHOOSE, form)
    if pending and pending.found and "decision" in form:
        if form["decision"] != ["keep"]:
            return CHOICES, service.rephrased(draft)
        draft, typed = service.accepted(draft), pending.typed
    words, wrong = _text(typed, "where_text")
    match = str(typed.get("match", ""))
    known = [str(n) for n in range(len(draft.matches))]
    if match not in (*known, NONE):
        wrong["match"] = CHOICE_NEEDED
    elif match == NONE and not words:
        wrong["where_text"] = WORDS_NEEDED
    if wrong:
        return CHOICES, service.refused(draft, "choose", typed, errors=wrong)
    found = questions.identifying(CHOOSE, typed, draft.accepted)
    if found:
        return CHOICES, service.refused(draft, "choose", typed, found=found)
    kept = {"where_q": draft.answer("where_q"), "match": match} | (
        {"where_text": words} if words else {}
    )
    spot = None if match == NONE else places.placed(session, draft.matches[int(match)], partners)
    changed = service.answered(draft, "where", kept, questions.OF_PLACE)
    return service.onwards(changed), changed.but(spot=spot)


def in_words(draft: Draft) -> Draft:
    """Somebody would rather describe it: the same question, asked for words."""
    kept = {"where_kind": "DESCRIBED"}
    return service.answered(draft, "kind", kept, ("where_kind",))


def no_place(draft: Draft) -> str | None:
    """Where to go when it is not about a place that can be pointed at."""
    if draft.done:
        return "/report/done"
    if not rules.may_see("where", draft.answered, draft.sender is not None):
        return service.onwards(draft)
    return None if draft.answer("where_kind") == "PLACE" else HERE


def no_choice(draft: Draft) -> str | None:
    """Where to go when there is nothing to choose from."""
    return no_place(draft) or (None if draft.matches else HERE)


def _text(typed: Answers, name: str) -> tuple[str, dict[str, str]]:
    try:
        words = clean_text(str(typed.get(name, "")))
    except ValueError as problem:
        return "", {name: str(problem)}
    if len(words) > LONGEST[name]:
        return "", {name: f"Use {LONGEST[name]} characters or fewer."}
    return words, {}
