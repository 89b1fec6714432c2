"""One page of a MARVE pack about one place: what works first, numbers that are known, the ask."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Row

from app.assessments import dots
from app.assessments.rules import NOT_ASKED_YET, PARTIES, SMALL_GROUP
from app.core.clock import london
from app.core.working_days import between
from app.outcomes.rules import VERDICTS
from app.packs import content, naming
from app.packs.content import Json
from app.packs.marve_facts import Facts
from app.packs.marve_rules import (
    ITEMS,
    STATES,
    Item,
    Standing,
    band,
    kinds,
    target_days,
)  # fmt: skip
from app.places import weeks

RESULTS = {
    "MET": "Met",
    "PARTLY": "Partly met",
    "NOT_MET": "Not met",
    "NOT_MEASURED": "Not measured",
    None: "Not reviewed yet",
}
DOMAINS = (("d1", "Children's strengths and needs"), ("d2", "Guardianship"), ("d3", "Environment"))
KINDS = {"REPORT": "Reports", "INCIDENT": "Incidents", "INTELLIGENCE": "Items of intelligence"}
NOTHING_ASKED = "Nothing is asked. For information."
NO_STRENGTH = "Nobody has written down yet what works here. Ask."
SMALL_DOT = "Children: fewer than 8 were asked, so their answer stays on the page of the place."
NO_VERDICT = "No evaluation of incidents"
OPEN = ("OPEN", "IN_PROGRESS", "DONE_PENDING_EVIDENCE")


def page(facts: Facts, standing: Standing) -> Json:
    """In the order in which a panel reads it."""
    place = facts.places[standing.key]
    parts = [
        *_head(facts, place, standing),
        *_picture(facts, place),
        *_strengths(facts, place),
        *_hours(facts, place),
        *_known(facts, place),
        *_judged(facts, place),
        *_done(facts, place),
        *_asked(facts, place),
    ]
    return content.page(naming.called(place), parts, **naming.about(place)) | {"key": place.ref}


def part(name: str, body: str, **more: Any) -> Json:  # noqa: ANN401 - as content.line takes them
    """A line with the heading that it stands under."""
    return content.line(body, **more) | {"part": name}


def _head(facts: Facts, place: Row[Any], standing: Standing) -> Iterator[Json]:
    where = naming.where(place.borough_codes, facts.asked.boroughs)
    days = _days(facts, place)
    yield part("head", f"{place.kind}. {where}. Level {place.level[2:]}. {days}")
    if place.urgent_since is not None:
        since = london(place.urgent_since)
        yield part("head", f"Urgent since {since:%-d %B}.", statutory=True)
    if place.band is not None:
        yield part("head", f"Priority: {band(place.band)}.", statutory=True)
    for reason in facts.why(standing):
        fresh = reason == ITEMS.format(n=standing.new_items)
        counts = {"n": standing.new_items} if fresh else {}
        told = ITEMS.format(n="{n}") if fresh else reason
        hidden = reason.startswith(("Urgent", "Priority"))
        if not reason.startswith("Urgent"):
            yield part("why", told, counts=counts, statutory=hidden)


def _days(facts: Facts, place: Row[Any]) -> str:
    state = STATES.get(place.state, place.state)
    if place.in_state_since is None:
        return f"{state}."
    days = between(london(place.in_state_since).date(), facts.today)
    target = target_days(place.state, place.level)
    unit = "working day" if days == 1 else "working days"
    if target is None:
        return f"{state} for {days} {unit}."
    over = f", over by {days - target}" if days > target else ""
    return f"{state} for {days} {unit} (target {target}{over})."


def _picture(facts: Facts, place: Row[Any]) -> Iterator[Json]:
    if place.id in facts.maps:
        yield part("map", "Where it is") | {"kind": "shape", "drawn": facts.maps[place.id]}
    elif naming.is_home(place):
        yield part("map", f"Address {place.ref}: no map.", home=True)
    else:
        yield part("map", "It has no place on a map.")


def _strengths(facts: Facts, place: Row[Any]) -> Iterator[Json]:
    """Children's words stand first; what could identify somebody is left out."""
    signs = [sign.body for sign in facts.signs.get(place.id, ())]
    home = naming.is_home(place)
    told = naming.sayable([*signs, place.strengths, *place.safe_features], home=home)
    for one in dict.fromkeys(told):
        yield part("strengths", one)
    if not told:
        yield part("strengths", NO_STRENGTH)


def _hours(facts: Facts, place: Row[Any]) -> Iterator[Json]:
    concern = weeks.hours(place.week_grid)
    slots = facts.guardians.get(place.id, ())
    there = frozenset(hour for slot in slots for hour in weeks.hours(slot.week_grid))
    if not concern:
        yield part("week", "Hours of concern are not known.")
        return
    made = content.week("Each square is an hour.", weeks.bits(concern), weeks.bits(there))
    yield made | {"part": "week"}
    yield part("week", f"Hours of concern: {'; '.join(weeks.in_words(concern))}.")
    covered, gaps = len(concern & there), concern - there
    told = f"An adult looks out for children in {covered} of {len(concern)} hours of concern."
    yield part("week", told)
    if gaps and covered:
        yield part("week", f"Nobody: {'; '.join(weeks.in_words(gaps))}.")


def _known(facts: Facts, place: Row[Any]) -> Iterator[Json]:
    harms = [facts.harms.get(code, code) for code in place.harm_codes]
    yield part("harms", naming.joined(harms) or "No harm is named yet.")
    items = facts.items.get(place.id, [])
    counted = kinds(items, facts.asked.window.start_at)
    rows: list[list[str | int]] = [[KINDS[kind], *counted[kind]] for kind in KINDS]
    columns = ("", "This window", "12 months")
    yield content.table("Became known", columns, rows) | {"part": "items"}
    yield from _quality(items)
    last = place.last_information_at
    day = "not known" if last is None else f"{london(last):%-d %B %Y}"
    yield part("items", f"Last information: {day}.")


def _quality(items: list[Item]) -> Iterator[Json]:
    graded = [one for one in items if one.grade is not None]
    if graded:
        good = sum(one.well_graded for one in graded)
        counts = {"good": good, "all": len(graded)}
        yield part("items", "{good} of {all} items of intelligence graded B or better.",
                   counts=counts)  # fmt: skip
    if items:
        looked = sum(one.proactive for one in items)
        told = "{looked} of {all} are there because the police looked for them."
        yield part("items", told, counts={"looked": looked, "all": len(items)})


def _judged(facts: Facts, place: Row[Any]) -> Iterator[Json]:
    scores: list[Row[Any] | None] = [*facts.scores.get(place.id, ()), None, None]
    now, before = scores[:2]
    rows = [[name, _score(now, key), _score(before, key)] for key, name in DOMAINS]
    columns = ("", "Now", "Before")
    title = "Scores of the assessment: 0 is protection, 100 serious concern"
    yield content.table(title, columns, rows) | {"part": "domains"}
    yield from _dots(facts.scales.get(place.id, ()))
    goals = facts.goals.get(place.id, ())
    told = [[goal.body, RESULTS[goal.result]] for goal in goals]
    told = [row for row in told if naming.sayable(row[:1], home=naming.is_home(place))]
    if told:
        yield content.table("Goals", ("", "Result"), told) | {"part": "goals"}
    verdict = next((row.verdict for row in facts.verdicts.get(place.id, ())), None)
    yield part("goals", f"Incidents: {VERDICTS.get(verdict or '', NO_VERDICT).lower()}.")


def _score(row: Row[Any] | None, key: str) -> str:
    if row is None:
        return "-"
    score = getattr(row, key)
    return str(score) if score is not None else f"{getattr(row, key + '_known')} of 9 known"


def _dots(scales: Any) -> Iterator[Json]:  # noqa: ANN401 - rows
    """A score of fewer than eight children goes no further than the page of the place."""
    kept = [s for s in scales if s.party != "CHILDREN" or s.n_people >= SMALL_GROUP]
    marks = [(PARTIES[s.party], s.score, s.party == "CHILDREN") for s in kept]
    if marks:
        made = dots.dots(marks)
        drawn = made._asdict() | {"dots": [one._asdict() for one in made.dots]}
        told = "How safe it is, from 0 (harm will happen again) to 10 (any child is safe enough)"
        yield part("scale", told) | {"kind": "dots", "drawn": drawn}
    if len(kept) < len(scales):
        yield part("scale", SMALL_DOT)
    elif not any(s.party == "CHILDREN" for s in scales):
        yield part("scale", f"{NOT_ASKED_YET}.")


def _done(facts: Facts, place: Row[Any]) -> Iterator[Json]:
    actions = facts.actions.get(place.id, ())
    home = naming.is_home(place)
    last = next((a for a in actions if a.done_on is not None), None)
    if last is not None and (body := naming.sayable([last.body], home=home)):
        yield part("done", f"Last done, {last.done_on:%-d %B}: {body[0]}")
    waiting = sorted((a for a in actions if a.state in OPEN), key=lambda a: (a.due_on, a.body))
    for action in waiting[:1]:
        late = "overdue since" if action.due_on < facts.today else "due"
        body = naming.sayable([action.body], home=home) or ["An action"]
        yield part("done", f"Next, {late} {action.due_on:%-d %B}: {body[0]}")
    if last is None and not waiting:
        yield part("done", "Nothing is agreed yet.")


def _asked(facts: Facts, place: Row[Any]) -> Iterator[Json]:
    asks = naming.sayable(facts.asks(place.id), home=naming.is_home(place))
    yield part("ask", asks[0] if asks else NOTHING_ASKED)
    yield part("readers", _readers(place))


def _readers(place: Row[Any]) -> str:
    """Who of the panel will be able to see this page, in words."""
    if naming.is_home(place):
        return "Who sees this page: the police, leads, and practitioners if a chair allows homes."
    if place.sensitivity == naming.RESTRICTED:
        return "Who sees this page: the police, leads and practitioners. Partners do not."
    return (
        "Who sees this page: the police, leads, and practitioners and partners of its borough; "
        "partners see small numbers as bands."
    )
