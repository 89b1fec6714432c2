"""The triage form as it was sent: read into one value, and what is missing in it. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from app.core.types import clean_text
from app.reference import personal
from app.reports import rules
from app.reports.matching import as_typed
from app.reports.triage import Cut, Extract

NOTE = 300
LINK, NEW, NONE, OTHER = "LINK", "NEW", "NONE", "OTHER"
# These say by themselves why there is no place.
NO_PLACE_NEEDED = frozenset({"NFA", "REJECTED_ABUSIVE", "DUPLICATE", "OUT_OF_AREA_SENT"})
PAGE = (
    *("choice_", "why_", "also", "identifiable", "tone", "place", "new_"),
    *("outcome", "sent_to", "other", "reason", "note"),
)
CHOOSE_PLACE = "Choose a place, or say why none."
NOT_TO_POLICE = "Children simply being there goes to the youth service, not to the police."


@dataclass(frozen=True, slots=True)
class Answers:
    """What a lead wants to decide. `place` is LINK, NEW, NONE or empty."""

    version: int
    cut: Cut
    identifiable: str = ""
    harms: Sequence[str] = ()
    discovered_by: str | None = None
    how_known: str | None = None
    day_parts: Sequence[str] = ()
    tone: str = ""
    place: str = ""
    place_ref: str = ""
    new: Mapping[str, str] = field(default_factory=dict)
    chosen: Sequence[str] = ()
    other_ref: str = ""
    sent_to: str = ""
    reason: str = ""
    note: str = ""

    @property
    def outcomes(self) -> list[str]:
        return rules.decided_by(self.place, self.identifiable, self.chosen)


def read(sent: Mapping[str, str]) -> Answers:
    """Never refuses: what makes no sense is as good as not answered."""
    place, ref = sent.get("place", ""), sent.get("place_ref", "")
    if place.startswith("PL-"):
        place, ref = LINK, place
    elif place == OTHER:
        place = LINK
    other = sent.get("other", "")
    return Answers(
        version=int(sent["version"]) if _is_number(sent.get("version", "")) else 0,
        cut=cut_of(sent),
        identifiable=sent.get("identifiable", ""),
        harms=_ticked(sent, "harm_"),
        discovered_by=sent.get("discovered_by"),
        how_known=sent.get("how_known"),
        day_parts=[part for part in _ticked(sent, "part_") if part in rules.DAY_PARTS],
        tone=sent.get("tone", ""),
        place=place if place in {LINK, NEW, NONE} else "",
        place_ref=ref,
        new={name[4:]: said for name, said in sent.items() if name.startswith("new_")},
        chosen=_ticked(sent, "outcome_"),
        other_ref=sent.get("other_ref", "") if other in {"", OTHER} else other,
        sent_to=sent.get("sent_to", ""),
        reason=sent.get("reason", ""),
        note=sent.get("note", "").strip(),
    )


def cut_of(sent: Mapping[str, str]) -> Cut:
    return Cut(
        {int(name[7:]): said for name, said in sent.items() if _numbered(name, "choice_")},
        {int(name[4:]): said.strip() for name, said in sent.items() if _numbered(name, "why_")},
        [as_typed(line.strip()) for line in sent.get("also", "").splitlines() if line.strip()],
    )


def _numbered(name: str, prefix: str) -> bool:
    return name.startswith(prefix) and _is_number(name[len(prefix) :])


def _is_number(said: str) -> bool:
    return said.isdecimal() and len(said) < 10


def _ticked(sent: Mapping[str, str], prefix: str) -> list[str]:
    return [name[len(prefix) :] for name in sent if name.startswith(prefix)]


def of_extracts(cut: Cut, extracts: Sequence[Extract], said: Mapping[str, str]) -> dict[str, str]:
    """Every extract needs a decision, and every word that stays a reason."""
    wrong = {}
    undecided = [each for each in extracts if cut.choices.get(each.n) not in {"REDACT", "KEEP"}]
    if undecided:
        n = len(undecided)
        words = "1 extract still needs" if n == 1 else f"{n} extracts still need"
        wrong[f"choice_{undecided[0].n}"] = f"{words} a decision."
    for each in extracts:
        if cut.choices.get(each.n) == "KEEP" and not cut.whys.get(each.n):
            wrong[f"why_{each.n}"] = "Say why these words stay."
    whole = "\n".join(said.values())
    if any(words not in whole for words in cut.also):
        wrong["also"] = "Some of these words are not in the report. Copy them as they are there."
    return wrong


def of_sections(given: Answers) -> dict[str, str]:
    """In the order of the page; what needs the database is asked elsewhere."""
    wrong = {}
    if given.identifiable not in {"YES", "NO"}:
        wrong["identifiable"] = "Say if a child can be identified."
    if given.tone not in rules.TONES:
        wrong["tone"] = "Choose the tone."
    if problem := _of_place(given):
        wrong["place"] = problem
    if problem := rules.outcome_problem(given.outcomes):
        wrong["outcome"] = problem
    return wrong | _of_reason(given) | _of_note(given.note)


def in_order(wrong: Mapping[str, str]) -> dict[str, str]:
    """As the questions stand on the page."""
    return dict(sorted(wrong.items(), key=lambda pair: _place_on_page(pair[0])))


def _place_on_page(name: str) -> int:
    return next((n for n, start in enumerate(PAGE) if name.startswith(start)), len(PAGE))


def _of_place(given: Answers) -> str | None:
    if given.place == LINK and not given.place_ref:
        return CHOOSE_PLACE
    if given.place == NONE and not (given.note or NO_PLACE_NEEDED.intersection(given.chosen)):
        return CHOOSE_PLACE
    if given.place or NO_PLACE_NEEDED.intersection(given.chosen):
        return None
    return CHOOSE_PLACE


def _of_reason(given: Answers) -> dict[str, str]:
    wrong = {}
    if "NFA" in given.chosen and given.reason not in rules.NFA_REASONS:
        wrong["reason"] = "Choose a reason."
    if given.reason == "PRESENCE_ONLY" and "REFERRED_POLICE" in given.chosen:
        wrong["outcome"] = NOT_TO_POLICE
    if "REJECTED_ABUSIVE" in given.chosen and not given.note:
        wrong["note"] = "Enter a reason."
    return wrong


def _of_note(note: str) -> dict[str, str]:
    try:
        clean_text(note)
    except ValueError as problem:
        return {"note": str(problem)}
    if len(note) > NOTE:
        return {"note": f"Use at most {NOTE} characters."}
    if found := personal.found(note):
        return {"note": f"Leave out what may identify someone: {found[0].extract}."}
    return {}
