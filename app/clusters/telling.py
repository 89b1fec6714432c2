"""What a cluster is and how sure we are, in the words of a page. Pure: numbers in, sentences out.

Nothing is made up here: a part that was not tested says so, with the reason that the run gave.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from math import floor
from typing import NamedTuple, Protocol

from app.clusters.deciding import long_day
from app.clusters.evidence import Aoristic, Evidence, Stability, Tested, WithoutProactive
from app.clusters.models import Row

LIMIT = 0.05
MAY_BE_CHANCE = "A pattern that may be chance. Do not act on this alone."
NOT_TESTED = "Not tested."
ACROSS = "Also active across the boundary."
Names = Mapping[str, str]


class Verdict(NamedTuple):
    """How sure we are: a word or two for lists, sentences for the page."""

    short: str
    sentences: Sequence[str]
    sure: bool


class Likely(Protocol):
    """Any row that knows how likely its cluster is by chance."""

    @property
    def p_emerging(self) -> float | None: ...


class Rule(NamedTuple):
    """One of R1 to R4: `holds` None is not tested."""

    name: str
    question: str
    holds: bool | None
    sentence: str


def what_it_is(row: Row, params: Mapping[str, object], *, own: int | None, today: date) -> str:
    """The first sentence of a page; `own` is the reader's side where only that may be told."""
    when = between(row.first_on, row.last_on, today)
    near = f"within {params['eps_m']:g} metres"
    if params["eps_days"] is not None:
        near = f"{near} and {params['eps_days']} days"
    if own is not None:
        return f"{many(own, 'incident')} on your side of the boundary {when}, {near} of each other."
    places = many(row.n_places, "place")
    return f"{many(row.n, 'incident')} at {places} {when}, {near} of each other."


def between(first: date, last: date, today: date) -> str:
    """`between 2 and 29 October`; a year only where it is not this one.

    >>> between(date(2026, 10, 2), date(2026, 10, 29), date(2026, 11, 22))
    'between 2 and 29 October'
    """
    if first == last:
        return f"on {_day(first, today)}"
    if (first.year, first.month) == (last.year, last.month):
        return f"between {first.day} and {_day(last, today)}"
    begin = f"{first.day} {first:%B}" if first.year == last.year else long_day(first)
    return f"between {begin} and {_day(last, today)}"


def verdict(row: Likely, evidence: Evidence, *, exact: bool = True) -> Verdict:
    """What the two tests say. Chances are for analysts and leads; others get the words."""
    kind = evidence.significance
    if kind == "not tested":
        why = _why(evidence.emerging) or _why(evidence.persistent)
        return Verdict("Not tested", [f"{NOT_TESTED} {why}".strip()], sure=False)
    if kind == "chance":
        return Verdict("May be chance", [MAY_BE_CHANCE], sure=False)
    found = []
    if kind in {"emerging", "both"}:
        found.append(_emerging(row.p_emerging) if exact else "More than chance would explain.")
    if kind in {"persistent", "both"}:
        found.append(persistent(evidence))
    short = {"emerging": "Unlikely to be chance", "persistent": "High through the year"}
    return Verdict(
        short.get(kind, "Unlikely to be chance, high through the year"), found, sure=True
    )


def _emerging(p: float | None) -> str:
    if p is None or p <= 0:
        return "More than chance would explain."
    return f"A grouping this strong would appear by chance in about 1 of {floor(1 / p):,} runs."


def persistent(evidence: Evidence) -> str:
    of = evidence.persistent
    if of.quarters_with is None:
        return "Higher than expected through the year, corrected for many places."
    return (
        f"Higher than expected in {of.quarters_with} of {of.quarters} quarters, "
        "corrected for many places."
    )


def tests(evidence: Evidence, today: date) -> list[str]:
    """The numbers behind the verdict, for analysts and leads."""
    return [*_emerging_numbers(evidence, today), *_persistent_numbers(evidence)]


def _emerging_numbers(evidence: Evidence, today: date) -> list[str]:
    of = evidence.emerging
    if of.status != "tested":
        return [f"Is it new and sudden? {_not(of)}"]
    found = []
    if of.observed is not None and of.expected is not None:
        when = "" if not (of.first_on and of.last_on) else between(of.first_on, of.last_on, today)
        found.append(
            f"{capital_many(of.observed, 'incident')} {when} at these places, "
            f"where about {about(of.expected)} would be expected.".replace("  ", " ")
        )
    if of.p is not None:
        found.append(
            f"The chance of a grouping this strong anywhere in the area is {chance(of.p)}."
        )
    return found


def _persistent_numbers(evidence: Evidence) -> list[str]:
    of = evidence.persistent
    if of.status != "tested":
        return [f"Is it high all year? {_not(of)}"]
    found = []
    if of.observed is not None and of.expected is not None:
        found.append(
            f"Over the year {many(of.observed, 'incident')} here and next to here, "
            f"where about {about(of.expected)} would be expected."
        )
    if of.label:
        found.append(f"{of.label[:1].upper()}{of.label[1:].rstrip('.')}.")
    if of.category:
        found.append(f"Over ten quarters or more: {of.category.replace('_', ' ')}.")
    return found


def stability(of: Stability) -> str:
    if of.found is None or of.of is None:
        return f"With other settings? {_not(of)}"
    return f"Found in {of.found} of {of.of} settings."


def without_proactive(of: WithoutProactive) -> str:
    if of.found is None:
        return f"Without proactive police work? {_not(of)}"
    if not of.left_out:
        return "None of it comes from proactive police work."
    left = f"without the {many(of.left_out, 'incident')} that proactive police work found"
    if of.found:
        return f"Found also {left}."
    return f"Not found {left}. It may show where police looked."


def aoristic(of: Aoristic) -> str:
    if of.share is None or of.draws is None:
        return f"With days that are not exact? {_not(of)}"
    found = round(of.share * of.draws)
    return (
        "The day of some incidents is not exact. "
        f"With days taken at random it is found in {found} of {of.draws} tries."
    )


def rules(row: Row, evidence: Evidence, names: Names, home: str | None) -> list[Rule]:
    """R1 to R4, each with its own numbers; `home` is the borough with most of the incidents."""
    others = [code for code in row.boroughs if code != home]
    return [
        Rule("R1", "Incidents in two boroughs", row.r1_span, _r1(row, names)),
        Rule("R2", "Reaches over a boundary", row.r2_straddle, _r2(evidence, names, home)),
        Rule("R3", "Children from elsewhere", row.r3_flow, _r3(evidence, names, home)),
        Rule("R4", "Linked by shared children", row.r4_link, _r4(evidence, names, home, others)),
    ]


def _r1(row: Row, names: Names) -> str:
    if row.r1_span:
        counted = [f"{short(names, code)} ({n:,})" for code, n in row.boroughs.items()]
        return f"Incidents in {listed(counted)}."
    if len(row.boroughs) > 1:
        return "Its core does not hold enough incidents of two boroughs."
    return "All of its core is in one borough."


def _r2(evidence: Evidence, names: Names, home: str | None) -> str:
    far = [short(names, code) for code in evidence.r2.share if code != home]
    if evidence.r2.holds and far:
        return f"Reaches over the {listed(far)} boundary."
    return "Does not reach over a boundary, or R1 holds already."


def _r3(evidence: Evidence, names: Names, home: str | None) -> str:
    of = evidence.r3
    if of.status != "tested" or of.children is None:
        return _not(of)
    numbers = f"{of.elsewhere or 0} of {many(of.children, 'child')} harmed here live elsewhere"
    if of.expected is not None:
        numbers = f"{numbers}; about {about(of.expected)} would be expected"
    if not of.holds:
        return f"No more than expected: {numbers}."
    far = [short(names, code) for code in of.homes if code != home]
    where = listed(far) if far else "elsewhere"
    return f"More children from {where} are harmed here than expected. {numbers}."


def _r4(evidence: Evidence, names: Names, home: str | None, others: Sequence[str]) -> str:
    of = evidence.r4
    if of.status != "tested":
        return _not(of)
    whole = of.component
    if not of.holds or whole is None:
        return "No link through shared children that is more than chance would explain."
    linked = len(whole.places) + len(whole.online) + max(0, len(whole.clusters) - 1)
    far = [short(names, code) for code in whole.boroughs if code != home]
    where = f" in {listed(far)}" if far else ""
    return f"Linked to {many(linked, 'place')}{where} through shared children."


def _why(of: Tested) -> str:
    return of.why or ""


def _not(of: Tested) -> str:
    words = "Not enough data." if of.status == "not enough data" else NOT_TESTED
    why = (of.why or "").strip()
    return words if not why or why.rstrip(".") == words.rstrip(".") else f"{words} {why}"


def chance(p: float) -> str:
    """`3 in 1,000`, never 0.

    >>> [chance(p) for p in (0.003, 0.0004, 0.04, 0.5)]
    ['3 in 1,000', '4 in 10,000', '4 in 100', '50 in 100']
    """
    for of in (100, 1_000, 10_000, 100_000):
        if p * of >= 2 or of == 100_000:
            return f"{max(1, round(p * of)):,} in {of:,}"
    raise AssertionError(p)


def about(expected: float) -> str:
    """Whole numbers from 2; `one` between; small ones in words.

    >>> [about(x) for x in (0.2, 0.8, 1.4, 2.4, 11.7)]
    ['none', 'one', 'one', '2', '12']
    """
    if expected < 0.5:
        return "none"
    return "one" if expected < 1.5 else f"{round(expected):,}"


def many(n: int, noun: str) -> str:
    if n == 1:
        return f"1 {noun}"
    return f"{n:,} {'children' if noun == 'child' else noun + 's'}"


def capital_many(n: int, noun: str) -> str:
    """Words up to nine at the beginning of a sentence.

    >>> capital_many(5, "incident"), capital_many(14, "incident")
    ('Five incidents', '14 incidents')
    """
    words = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine")
    said = many(n, noun)
    return f"{words[n]}{said[1:]}" if 0 <= n < 10 else said


def listed(parts: Sequence[str]) -> str:
    """With commas, and one `and`: `a, b and c`."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


def short(names: Names, code: str) -> str:
    """`Newcastle` for Newcastle upon Tyne: as people say it."""
    return names.get(code, code).partition(" upon ")[0]


def _day(day: date, today: date) -> str:
    return f"{day.day} {day:%B}" if day.year == today.year else long_day(day)
