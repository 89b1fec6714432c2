"""The monthly MARVE pack: what was decided, children, places, themes, strengths, what is ahead.

Names of children and of people who pose harm are in the systems of their agencies, never here.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Row
from sqlalchemy.orm import Session

from app.core.clock import london
from app.packs import content, location, marve_facts, marve_sql, naming, themes
from app.packs.content import About, Asked, Json
from app.packs.marve_facts import Facts
from app.packs.marve_rules import LABELS_AHEAD, REVIEWS_AHEAD, STATES, Standing

AGES = {
    "A10_12": "10 to 12",
    "A13_15": "13 to 15",
    "A16_17": "16 and 17",
    "A18_25": "18 to 25",
}
ROLES = {"harmed_here": "harmed at", "at_risk_here": "at risk at"}
OVER = ("DONE", "WITHDRAWN")
SHARED = ("T", "S")  # what is decided about no place and no person may be read by partners
POINTERS = (
    "{n} held in the police system: contact the child exploitation team of the Metropolitan "
    "Police. Nothing about them is stored here."
)
NO_POINTER = "Nobody was put on the agenda. People who pose harm are held in the police system."
REST = "Places that are worked with and have no page"
QUIET = "No place that you may read is new, changed, urgent or due."


def build(session: Session, asked: Asked) -> list[Json]:
    facts = marve_facts.gather(session, asked)
    return [
        _section("0", "Actions of the last pack", _actions(session, facts),
                 empty="No decision of the last panel that you may read."),
        _section("V", "Victims", _children(session, facts),
                 empty="No child is linked with harm to these places."),
        _section("O", "People who pose harm", _pointers(facts), statutory=True),
        _section("L", "Locations", [location.page(facts, one) for one in facts.pages], empty=QUIET),
        _section("LL", REST, [_listed(facts, one) for one in facts.rest], most=20,
                 empty="None."),
        _section("T", "Themes", themes.themes(session, facts), empty="No theme stands out."),
        _section("S", "Strengths", themes.strengths(facts),
                 empty="Nobody has written down yet what works. Ask at each place."),
        _section("A", "Ahead", _ahead(session, facts), empty="Nothing falls due."),
    ]  # fmt: skip


def _section(code: str, title: str, items: Any, **more: Any) -> Json:  # noqa: ANN401 - as content
    return content.section(code, title, list(items), **more)


def _actions(session: Session, facts: Facts) -> Iterator[Json]:
    """Each decision, what became of it; then by who owns what is overdue."""
    rows = session.execute(marve_sql.DECIDED, facts.values).all()
    by_item: dict[Any, list[Row[Any]]] = defaultdict(list)
    for row in rows:
        by_item[row.id].append(row)
    done, late = Counter[str](), Counter[str]()
    for tasks in by_item.values():
        first = tasks[0]
        about = _of_decision(first)
        home = bool(first.ref) and naming.is_home(first)
        said = naming.sayable([first.decision], home=home) or ["A decision."]
        place = f"{naming.called(first)}: " if first.ref else ""
        yield content.line(f"{place}{said[0]} {_became(facts, tasks)}", **about)
        for task in tasks:
            if task.owner_agency:
                done[task.owner_agency] += task.state == "DONE"
                late[task.owner_agency] += _is_late(task, facts.today)
    if done or late:
        names = sorted({*done, *late}, key=lambda code: (-late[code], _agency(facts, code)))
        told = [[_agency(facts, code), str(done[code]), str(late[code])] for code in names]
        # Of all boroughs and of homes, so that no partner learns from it what is elsewhere.
        yield content.table("By organisation", ("", "Done", "Overdue"), told, statutory=True)


def _of_decision(first: Row[Any]) -> About:
    """Decisions about a child, a person or a place that is gone stay with statutory members."""
    if first.ref:
        return naming.about(first)
    return {"statutory": first.section not in SHARED}


def _became(facts: Facts, tasks: Sequence[Row[Any]]) -> str:
    known = [task for task in tasks if task.owner_agency]
    if not known:
        return "Not carried out: nobody was given a task."
    return " ".join(_told(facts, task) for task in known)


def _told(facts: Facts, task: Row[Any]) -> str:
    who = _agency(facts, task.owner_agency)
    if task.state == "DONE" and task.done_on is not None:
        return f"{who}: done on {task.done_on:%-d %B}."
    if _is_late(task, facts.today):
        return f"{who}: overdue since {task.due_on:%-d %B}."
    return f"{who}: due on {task.due_on:%-d %B}."


def _is_late(task: Row[Any], today: date) -> bool:
    return task.state not in OVER and task.due_on < today


def _agency(facts: Facts, code: str) -> str:
    return (facts.asked.agencies or {}).get(code, code)


def _children(session: Session, facts: Facts) -> Iterator[Json]:
    """Numbers for everybody; a line for each child for those whom a chair lets read references.

    No number holds what one of its readers may not open: homes and restricted places are left out.
    """
    rows = session.execute(marve_sql.CHILDREN, facts.values).all()
    shared = [row for row in rows if row.sensitivity not in (naming.HOME, naming.RESTRICTED)]
    for code, name in facts.asked.boroughs.items():
        here = {row.ref: row.age_band for row in shared if code in row.borough_codes}
        if here:
            bands = Counter(here.values())
            table: list[list[str | int]] = [[AGES[b], bands[b]] for b in AGES if bands[b]]
            title = f"Children harmed or at risk at these places, homes left out, {name}"
            yield content.table(title, ("Age", "Children"), table, boroughs=[code])
    for item in facts.agenda:
        if item.section == "V":
            yield _of_child("On the agenda", [item.body])
    held: dict[tuple[str, bool], list[Row[Any]]] = defaultdict(list)
    for row in rows:
        held[row.ref, row.sensitivity == naming.HOME].append(row)
    for (ref, home), links in sorted(held.items()):
        about = {
            "boroughs": sorted({code for link in links for code in link.borough_codes}),
            "home": home,
        }
        yield _of_child(_linked(facts, links), [ref], **about)


def _of_child(body: str, refs: Sequence[str], **about: Any) -> Json:  # noqa: ANN401 - as content
    """Not there at all for whoever may not read its reference."""
    return content.line(body, children=refs, statutory=True, **about) | {"of_child": True}


def _linked(facts: Facts, links: Sequence[Row[Any]]) -> str:
    first = links[0]
    homes = facts.asked.boroughs
    lives = homes.get(first.home_lad_code, "outside the partnership")
    told = [f"{ROLES[one.role]} {_place(one)} since {one.since:%B %Y}" for one in links]
    return f"{AGES[first.age_band]}, lives in {lives}: {naming.joined(told)}"


def _place(link: Row[Any]) -> str:
    return f"Address {link.place}" if link.sensitivity == naming.HOME else link.place


def _pointers(facts: Facts) -> Iterator[Json]:
    n = sum(item.section == "O" for item in facts.agenda)
    if n:
        yield content.line(POINTERS, counts={"n": n})
    else:
        yield content.line(NO_POINTER)


def _listed(facts: Facts, standing: Standing) -> Json:
    place = facts.places[standing.key]
    where = naming.where(place.borough_codes, facts.asked.boroughs)
    state = STATES.get(place.state, place.state)
    body = f"{naming.called(place)}. {where}. Level {place.level[2:]}. {state}."
    return content.line(body, **naming.about(place))


def _ahead(session: Session, facts: Facts) -> Iterator[Json]:
    places = sorted(facts.places.values(), key=lambda row: (row.review_on or date.max, row.ref))
    for place in places:
        due = place.review_on
        if due is not None and due <= facts.today + REVIEWS_AHEAD:
            word = "overdue since" if due < facts.today else "due on"
            told = f"Review of {naming.called(place)} {word} {due:%-d %B}."
            yield content.line(told, **naming.about(place))
    for place in sorted(places, key=lambda row: (row.label_expires_on, row.ref)):
        ends = place.label_expires_on
        if facts.today <= ends <= facts.today + LABELS_AHEAD and place.state != "CLOSED":
            told = f"The label of {naming.called(place)} ends on {ends:%-d %B}."
            yield content.line(told, **naming.about(place))
    for row in session.execute(marve_sql.OBJECTIONS, facts.values):
        told = f"Objection to the label of {naming.called(row)}, of {_day(row.created_at)}."
        yield content.line(told, **(naming.about(row) | {"statutory": True}))
    for row in session.execute(marve_sql.CONFERENCES, facts.values):
        told = f"Context conference about {naming.called(row)} on {_day(row.held_at)}."
        yield content.line(told, **naming.about(row))


def _day(at: Any) -> str:  # noqa: ANN401 - of a row
    return f"{london(at):%-d %B}"
