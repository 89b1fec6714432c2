"""Synthetic meetings: panels that were held or are planned, conferences, points of raters."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from uuid import UUID, uuid5

from psycopg.types.json import Jsonb

from app.assessments.weighting import CONTEXTS
from app.demo.assessed import Made
from app.demo.lives import MARK, Story, Team, at, record, reference, working
from app.demo.rules import Row

NAMES = UUID("6f0d7c52-2f4a-4f0e-8f10-2b8f5f1f6f21")
AGENCIES = {"lead": "AFC", "second": "AFC", "practitioner": "LA_KINGSTON", "police": "MPS_SWBCU",
            "partner": "EDU", "vca": "VRU"}  # fmt: skip
WHO = {
    "MARVE": ("lead", "second", "practitioner", "police"),
    "MISSING": ("lead", "practitioner", "police"),
    "DRB": ("lead", "practitioner", "police"),
    "VCA": ("lead", "second", "vca", "police"),
    "CONTEXT_CONFERENCE": ("lead", "practitioner", "police", "partner"),
}
ITEMS = (
    ("S", "STRENGTH", "Demo: children say hello to the woman in the kiosk."),
    ("L", "PLACE", "Demo: what children and adults say here, and what is still missing."),
    ("T", "THEME", "Demo: the way home after dark."),
)
DECIDED = "Demo: begin with light and adults; look at it again with children's answers."
KINDS = {"practitioner": "PRACTITIONER", "lead": "PRACTITIONER", "police": "POLICE",
         "partner": "SCHOOL"}  # fmt: skip
# Points over the seven contexts: those who rate do not agree about the neighbourhood.
POINTS: Mapping[str, Sequence[int]] = {
    "practitioner": (5, 15, 10, 55, 5, 5, 5),
    "lead": (5, 20, 5, 45, 5, 10, 10),
    "police": (10, 40, 10, 10, 20, 5, 5),
    "partner": (5, 25, 25, 30, 5, 5, 5),
}
FIRST = {"practitioner": "NEIGHBOURHOOD", "lead": "NEIGHBOURHOOD", "police": "PEER",
         "partner": "NEIGHBOURHOOD"}  # fmt: skip
WHY = {
    "practitioner": f"{MARK}light and adults first: then children can help each other.",
    "lead": f"{MARK}nobody is responsible for the steps, and everybody uses them.",
    "police": f"{MARK}what friends expect decides who is drawn in.",
    "partner": f"{MARK}children leave school in one crowd, and nobody is on the way.",
}
MINUTES = (
    f"{MARK}what works came first. Children's points were read out. Two goals were chosen and each "
    "task has an owner and a day."
)
LOOKED = f"{MARK}the report was received. The quarter was looked at by place, never by child."
# A daily briefing is signed by two sides; a lead may recall it and is no chair of it.
CHAIRS = {"DRB": ("practitioner", "police")}
HELD = frozenset({"HELD", "MINUTES_AGREED"})


def panels(
    told: Sequence[dict[str, str]], stories: Sequence[Story], team: Team, today: date
) -> Iterator[Made]:
    """Those of data/demo/context_meetings.csv, about the places of the plots that they name."""
    plots = {story.plot: story for story in stories if story.plot}
    for number, one in enumerate(told):
        about = [plots[name] for name in one["plots"].split() if name in plots]
        day = working(today + timedelta(days=int(one["days"])), forward=int(one["days"]) > 0)
        key = uuid5(NAMES, f"meeting {number}")
        row = _meeting(key, team, one["kind"], day, about)
        row |= {"held_at": at(day, int(one["hour"])), "state": one["state"]}
        yield from _whole(row | {"minutes": one["minutes"] or None}, team, about)
        if one["kind"] == "CONTEXT_CONFERENCE" and one["state"] == "PACK_ISSUED":
            yield from _points(key, about[0], ("practitioner", "police"), today)


def subgroup(stories: Sequence[Story], team: Team, cuts: Sequence[date]) -> Iterator[Made]:
    """It met after each quarter was known, about places that were worked with by then."""
    for cut in cuts:
        day = working(cut + timedelta(days=12), forward=True)
        about = [story for story in stories if story.plot and story.born < day] or stories[:1]
        key = uuid5(NAMES, f"subgroup {cut:%Y-%m-%d}")
        row = _meeting(key, team, "VCA", day, about[:3])
        yield from _whole(row | {"state": "MINUTES_AGREED", "minutes": LOOKED}, team, about[:3])


def months(stories: Sequence[Story], team: Team, cuts: Sequence[date]) -> Iterator[Made]:
    """The MARVE panel met twice in each quarter, about two places each time."""
    for cut, ago in ((cut, ago) for cut in cuts for ago in (75, 35)):
        day = working(cut - timedelta(days=ago), forward=True)
        known = [story for story in stories if story.plot and story.born < day] or stories[:1]
        about = known[ago % 2 :][:2] or known[:1]
        key = uuid5(NAMES, f"panel {day:%Y-%m-%d}")
        row = _meeting(key, team, "MARVE", day, about)
        yield from _whole(row | {"state": "MINUTES_AGREED", "minutes": MINUTES}, team, about)


def conferences(story: Story) -> Iterator[Made]:
    """The one that a plan was agreed in, with everybody's points."""
    day = story.agreed
    row = _meeting(story.id("conference"), story.team, "CONTEXT_CONFERENCE", day, [story])
    row |= {"state": "MINUTES_AGREED", "minutes": MINUTES}
    yield from _whole(row, story.team, [story])
    if story.plot:
        yield from _points(story.id("conference"), story, tuple(POINTS), day)


def weighted(story: Story) -> Iterator[Made]:
    """Of a place that is assessed, rated in a panel before its conference."""
    day = working(story.today - timedelta(days=5), forward=False)
    key = story.id("weighting")
    row = _meeting(key, story.team, "CONTEXT_CONFERENCE", day, [story])
    yield from _whole(row | {"state": "HELD", "minutes": None}, story.team, [story])
    yield from _points(key, story, tuple(POINTS), day)


def _meeting(key: UUID, team: Team, kind: str, day: date, about: Sequence[Story]) -> Row:
    made = min(day - timedelta(days=14), about[0].today)
    return record(about[0], "MT", "meeting", made, team.lead) | {
        "id": key,
        "ref": reference("MT", key),
        "purpose_code": "MARVE" if kind == "MARVE" else "PLAN",
        "tier": "H1",
        "kind": kind,
        "held_at": at(day, 14),
        "place_ids": [story.key for story in about],
    }


def _part(row: Row, what: str) -> Row:
    kept = ("created_at", "updated_at", "created_by", "updated_by", "is_synthetic")
    return {"id": uuid5(row["id"], what)} | {name: row[name] for name in kept}


def _whole(row: Row, team: Team, about: Sequence[Story]) -> Iterator[Made]:
    who, held = WHO[row["kind"]], row["state"] in HELD
    yield "meeting", row
    for name in who:
        yield (
            "meeting_member",
            _part(row, name)
            | {
                "meeting_id": row["id"],
                "user_id": getattr(team, name),
                "agency_code": AGENCIES[name],
                "is_chair": name in CHAIRS.get(row["kind"], ("lead", "second")),
                "rates": name != "second",
                "attended": True if row["state"] == "MINUTES_AGREED" else None,
            },
        )
    for number, (section, kind, body) in enumerate(ITEMS):
        for story in about if section == "L" else about[:1]:
            yield (
                "meeting_item",
                _part(row, f"item {number} {story.key}")
                | {
                    "meeting_id": row["id"],
                    "section": section,
                    "position": number,
                    "subject_kind": kind,
                    "subject_id": story.key if section == "L" else None,
                    "body": body,
                    "decision": DECIDED if held and section == "L" else None,
                    "action_ids": tasks(story) if held and section == "L" else [],
                },
            )


def tasks(story: Story) -> list[UUID]:
    """What a decision about a place came to: the first two tasks of its plan."""
    plan = story.reached("PLAN_ACTIVE")
    return [story.id(f"action {number}") for number in (0, 1)] if plan else []


def _points(meeting: UUID, story: Story, raters: Sequence[str], day: date) -> Iterator[Made]:
    for name in raters:
        by = getattr(story.team, name)
        yield (
            "context_weighting",
            {
                "id": uuid5(meeting, f"points {name}"),
                "created_at": at(day, 15),
                "updated_at": at(day, 15),
                "created_by": by,
                "updated_by": by,
                "is_synthetic": True,
                "place_id": story.key,
                "session_id": meeting,
                "rater_id": by,
                "rater_kind": KINDS[name],
                "points": Jsonb(dict(zip(CONTEXTS, POINTS[name], strict=True))),
                "must_change_first": FIRST[name],
                "rationale": WHY[name],
            },
        )
