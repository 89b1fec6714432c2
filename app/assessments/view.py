"""An assessment as its pages show it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from app.assessments import forms, rules, writing
from app.assessments.dots import Dots, dots
from app.assessments.indicators import DOMAINS, Indicator, indicators
from app.assessments.locking import Clash
from app.assessments.models import Answer, Assessment, Scale
from app.assessments.reading import Whole
from app.assessments.rules import State
from app.assessments.scoring import Change, Compared, Score, compare, views_differ

STATES = {
    "DRAFT": "Draft",
    "SCOPING": "Scoping",
    "GATHERING": "Gathering",
    "ANALYSIS": "Analysis",
    "PEER_REVIEW": "Peer review",
    "APPROVED": "Approved",
    "SUPERSEDED": "Superseded",
}
STEPS = {
    State.SCOPING: "Begin scoping",
    State.GATHERING: "Begin gathering",
    State.ANALYSIS: "Begin the analysis",
    State.PEER_REVIEW: "Send to peer review",
    State.APPROVED: "Approve it",
}
SHORT = {1: "Children's strengths and needs", 2: "Guardianship",
         3: "Environment, resources, policy"}  # fmt: skip


class Task(NamedTuple):
    """A line of the task list."""

    title: str
    page: str
    said: str
    done: bool


def tasks(whole: Whole) -> list[Task]:
    made = whole.assessment
    bounded = bool(made.boundary_reason)
    held = sum(one.held_on is not None for one in whole.methods)
    answered = writing.settled(whole)
    found = [
        Task("Basics", "basics", "Saved" if bounded else "Boundary missing", bounded),
        Task("Methods", "methods", f"{len(whole.methods)} planned or held, {held} held", held > 0),
    ]
    for score in writing.scored(whole):
        codes = [one.code for one in indicators() if one.domain == score.domain]
        n = sum(code in answered for code in codes)
        found.append(Task(SHORT[score.domain], f"domains/{score.domain}", f"{n} of 9", n == 9))
    columns = {one.column_code for one in whole.signs}
    parties = {one.party for one in whole.scales}
    signed = len(columns) == len(rules.COLUMNS) and len(parties) > 1
    said = f"{len(columns)} of 3 columns, {len(parties)} asked"
    return [
        *found,
        Task("Signs of Safety", "signs", said, signed),
        Task("Voice", "voice", voice(whole).short, voice(whole).heard),
    ]


class Voice(NamedTuple):
    """Whether children were heard, how, or why not."""

    heard: bool
    short: str
    words: str
    n: int


def voice(whole: Whole) -> Voice:
    made = whole.assessment
    n = sum(one.n_children or 0 for one in whole.methods if one.method_code in rules.VOICE_METHODS
            and one.held_on is not None)  # fmt: skip
    if rules.has_voice(writing.held(whole)):
        return Voice(True, "Heard", f"Children were heard: {_children(n)} took part.", n)
    if made.no_voice_reason and made.voice_due_on:
        by = f"{made.voice_due_on:%-d %B %Y}"
        words = f"Not yet heard. They will be by {by}. {made.no_voice_reason}"
        return Voice(False, "Not yet heard", words, 0)
    return Voice(False, "Not yet heard", "Children have not yet been heard.", 0)


def _children(n: int) -> str:
    return "1 child" if n == 1 else f"{n} children"


class Item(NamedTuple):
    """One question with what each view says."""

    indicator: Indicator
    settled: str
    note: str
    confidence: str
    views: Sequence[tuple[str, str]]
    differ: bool
    evidence: int
    answered: bool


def items(whole: Whole, domain: int) -> list[Item]:
    by_code: dict[str, dict[str, Answer]] = {}
    for answer in whole.answers:
        by_code.setdefault(answer.indicator_code, {})[answer.view] = answer
    return [
        _item(one, by_code.get(one.code, {}))
        for one in indicators(online=whole.is_online)
        if one.domain == domain
    ]


def _item(indicator: Indicator, by_view: Mapping[str, Answer]) -> Item:
    settled = by_view.get("SETTLED")
    views = [
        (words, _rating(by_view[view]))
        for view, words in rules.VIEWS.items()
        if view in by_view and view != "SETTLED"
    ]
    return Item(
        indicator,
        "" if settled is None else _rating(settled),
        "" if settled is None else settled.note or "",
        "" if settled is None else forms.SURENESS[settled.confidence],
        views,
        views_differ({view: answer.rating for view, answer in by_view.items()}),
        0 if settled is None else len(settled.evidence_ids),
        settled is not None,
    )


def _rating(answer: Answer) -> str:
    return forms.RATINGS["NK" if answer.rating is None else str(answer.rating)]


def score_words(score: Score) -> str:
    """The score with how much of it children said, and how sure it is."""
    if not score.known:
        return f"{score.words}."
    share = f"{100 * score.voice_share:.0f}%"
    said = f"Children spoke to {share} of what is known. Confidence: {score.confidence}."
    if score.value is None:
        return f"{score.words}. {said}"
    return f"{score.value} of 100, higher is more concern. {said}"


class Party(NamedTuple):
    """One score with the words to it."""

    id: UUID
    label: str
    is_child: bool
    n: int
    score: int
    why: str
    one_point: str
    on: date
    few: bool


@dataclass(frozen=True, slots=True)
class ScalePage:
    """Dots and table of the same scores."""

    chart: Dots
    parties: Sequence[Party]
    asked_children: bool


def scale(scales: Sequence[Scale]) -> ScalePage:
    """Children first, then in the order of the list; each score by itself."""
    order = list(rules.PARTIES)
    rows = sorted(scales, key=lambda one: (order.index(one.party), one.on_date, str(one.id)))
    parties = [
        Party(
            one.id,
            rules.PARTIES[one.party],
            one.party == "CHILDREN",
            one.n_people,
            one.score,
            one.why or "",
            one.one_point or "",
            one.on_date,
            one.party == "CHILDREN" and one.n_people < rules.SMALL_GROUP,
        )
        for one in rows
    ]
    chart = dots([(f"{one.label}: {one.score}", one.score, one.is_child) for one in parties])
    return ScalePage(chart, parties, any(one.is_child for one in parties))


class Notice(NamedTuple):
    """What another wrote at the same time, for whoever wrote first."""

    number: int
    title: str
    who: str
    at: datetime
    page: str
    kept: str
    rows: Sequence[tuple[str, str, str]]


def notices(assessment: Assessment, reader: UUID) -> list[Notice]:
    told: list[dict[str, Any]] = (assessment.provenance or {}).get("clashes", [])
    return [
        Notice(
            number,
            one["title"],
            writing.role_of(assessment, one["by"]),
            datetime.fromisoformat(one["at"]),
            page_of(one["what"]),
            one["kept"],
            [
                (forms.LABELS.get(name, name), *_both(name, one["first"], one["second"]))
                for name in one["first"]
            ],
        )
        for number, one in enumerate(told)
        if one["to"] == str(reader)
    ]


def _both(name: str, first: Mapping[str, str], second: Mapping[str, str]) -> tuple[str, str]:
    return forms.in_words(name, first[name]), forms.in_words(name, second.get(name, ""))


def page_of(what: str) -> str:
    """Where what two people wrote at once is shown."""
    kind, _, rest = what.partition(":")
    name = rest.partition(":")[0]
    return {"item": f"items/{name}", "section": name, "scale": "signs"}.get(kind, kind)


def compared(clashes: Sequence[Clash]) -> list[tuple[str, list[tuple[str, str, str]]]]:
    """Both versions of what two people wrote at once, field by field."""
    return [
        (
            clash.title,
            [
                (
                    forms.LABELS.get(name, name),
                    *_both(name, {**dict.fromkeys(clash.fields, ""), **clash.now}, clash.wanted),
                )
                for name in clash.fields
            ],
        )
        for clash in clashes
    ]


class Moved(NamedTuple):
    question: str
    before: str
    now: str


class Domain(NamedTuple):
    """One domain in two versions."""

    title: str
    before: str
    now: str
    change: str
    moved: Sequence[Moved]


def side_by_side(before: Whole, now: Whole) -> list[Domain]:
    """How each domain changed, by the rule, with every item that moved."""
    was, rated = writing.settled(before), writing.settled(now)
    earlier, later = writing.scored(before), writing.scored(now)
    asked = {one.code: one.question for one in indicators(online=now.is_online)}
    return [
        _domain(found, earlier[n - 1], later[n - 1], asked, DOMAINS[n])
        for n in DOMAINS
        for found in [compare(n, was, rated)]
    ]


def _domain(
    found: Compared, before: Score, now: Score, asked: Mapping[str, str], title: str
) -> Domain:
    words = str(found.change)
    if found.change is Change.NOT_COMPARABLE:
        words = "Cannot be compared: fewer than 6 questions are known in both."
    moved = [
        Moved(asked[code], forms.RATINGS[str(was)], forms.RATINGS[str(rating)])
        for code, was, rating in found.moved
    ]
    return Domain(title, before.words, now.words, words, moved)
