"""Synthetic plans: goals, measures and how they went, tasks of several agencies, reviews."""

from collections.abc import Iterator
from datetime import date, timedelta

from app.demo.assessed import HEARD_AGAIN, Made
from app.demo.lives import MARK, Story, at, part, record
from app.demo.rules import Row
from app.plans.library import goal, responses

EQUALITY = (
    f"{MARK}looked at with children: what it does to racialised and to disabled children is asked "
    "at each review."
)
SUMMARY = f"{MARK}more adults whom you know, light on the way home, and somewhere warm to wait."
GOALS = ("G_TRUSTED_ADULT", "G_LIT_OVERSEEN")
ONLINE_GOALS = ("G_TRUSTED_ADULT", "G_ONLINE_GONE")
OVER = frozenset({"DONE", "WITHDRAWN"})
DONE = frozenset({"DONE", "DONE_PENDING_EVIDENCE"})
LATE_DAYS = 20
SOME, DONE_LATE = 0.25, timedelta(days=16)  # how many of the tasks were done late, and how late
DRAFTED = timedelta(days=12)  # before it was agreed
COUNTED = "counted"
# What the last review said of the two goals.
RESULTS = {"CLOSED": ("MET", "MET"), "MONITORING": ("MET", "PARTLY")}


def made(story: Story, actions: list[dict[str, str]]) -> Iterator[Made]:
    """A plan as it was agreed; it begins as a draft, and `states` says where it is now."""
    agreed = story.agreed
    yield (
        "context_plan",
        record(story, "PN", "plan", agreed - DRAFTED, story.author)
        | {
            "place_id": story.key,
            "assessment_id": story.id("assessment"),
            "conference_id": story.id("conference"),
            "state": "DRAFT",
            "agreed_on": agreed,
            "active_on": story.day("PLAN_ACTIVE"),
            "equality_check": EQUALITY,
            "consultation": f"{MARK}children, staff and neighbours read it before it was agreed.",
            "summary_plain": SUMMARY,
            "shown_on": agreed,
            "ring_m": 250,
        },
    )
    yield from _goals(story, agreed)
    yield from _measures(story, agreed)
    yield from _observations(story)
    yield from _actions(story, actions)
    yield from _reviews(story)


def state(story: Story) -> str:
    return "COMPLETED" if story.state == "CLOSED" else "ACTIVE"


def _goals(story: Story, day: date) -> Iterator[Made]:
    results = RESULTS.get(story.state, (None, None))
    for number, code in enumerate(ONLINE_GOALS if story.is_online else GOALS):
        known = goal(code)
        yield (
            "plan_goal",
            part(story, f"goal {number}", day, story.author)
            | {
                "plan_id": story.id("plan"),
                "goal_code": code,
                "position": number,
                "body": known.text,
                "indicator_code": known.indicator_code,
                "result": results[number],
            },
        )


def _measure(story: Story, name: str, day: date, **given: object) -> Made:
    usual: Row = {"baseline_n": None, "method_code": None, "unit": ""}
    return "plan_measure", part(story, name, day, story.author) | usual | {
        "is_change": True,
        "baseline_on": day - timedelta(days=3),
        "due_on": day + timedelta(days=180),
        **given,
    }


def _measures(story: Story, day: date) -> Iterator[Made]:
    yield _measure(
        story, "survey", day, goal_id=story.id("goal 0"), kind="SURVEY_SHARE", direction="UP",
        body="Children who can name an adult here they trust", unit="%", baseline=21,
        baseline_n=24, target=60, method_code="CHILD_SURVEY",
    )  # fmt: skip
    if story.is_online:
        yield _measure(
            story, "item", day, goal_id=story.id("goal 1"), kind="TAKEDOWN_DAYS", unit="days",
            direction="DOWN", body="Days that a reported post stays", baseline=14, target=3,
        )  # fmt: skip
    else:
        yield _measure(
            story, "item", day, goal_id=story.id("goal 1"), kind="INDICATOR", direction="DOWN",
            body="Light, sightlines and ways out, as they are rated", unit="of 4", baseline=3,
            target=1, method_code="OBSERVATION",
        )  # fmt: skip
    if story.plot == "monitoring":
        yield _measure(
            story, COUNTED, day, goal_id=story.id("goal 1"), kind="INCIDENT_WDD", direction="DOWN",
            body="Incidents here, against a control area", unit="incidents", baseline=4, target=2,
        )  # fmt: skip


def _observations(story: Story) -> Iterator[Made]:
    """Every sixty days since the plan began; the last day is the one of the review."""
    begun = story.day("PLAN_ACTIVE")
    until = story.part_of_life(0.9) if story.reached("MONITORING") else story.today
    days = [begun + timedelta(days=n) for n in range(60, (until - begun).days, 60)]
    for number, day in enumerate(days, 1):
        share, n = min(21 + 11 * number, 71), 22 + number
        light = max(3 - number // 2, 0 if story.state == "CLOSED" else 1)
        said = {"survey": (share, n), "item": (max(14 - 3 * number, 2), None)}
        if not story.is_online:
            said["item"] = (light, None)
        for name, (value, asked) in said.items():
            what = part(story, f"{name} {number}", day, story.author)
            yield (
                "measure_observation",
                what
                | {
                    "measure_id": story.id(name),
                    "on_date": day,
                    "value": value,
                    "n": asked,
                    "note": f"{MARK}asked in the same way as before." if asked else None,
                },
            )


def _actions(story: Story, actions: list[dict[str, str]]) -> Iterator[Made]:
    plot = "active" if story.plot == "active" else "usual"
    for number, told in enumerate(one for one in actions if one["plot"] == plot):
        yield "plan_action", _action(story, f"action {number}", told)


def _action(story: Story, name: str, told: dict[str, str]) -> Row:
    agreed = story.agreed
    base = story.today if told["plot"] == "active" else story.day("PLAN_ACTIVE")
    due = base + timedelta(days=int(told["due_days"]))
    now = told["state"] or _usual_state(story, due)
    finished = now in DONE
    took = DONE_LATE if story.rng(name).random() < SOME else timedelta(days=-2)
    day = min(due + took, story.today - timedelta(days=1))
    owners = {"demo-lead": story.team.lead, "demo-practitioner": story.team.practitioner}
    owner = (owners | {"demo-partner": story.team.partner}).get(told["owner"])
    confirms = story.team.second if now == "DONE" else None
    return record(story, "AC", name, agreed, story.author) | {
        "place_id": story.key,
        "plan_id": story.id("plan"),
        "goal_id": story.id(f"goal {told['goal']}"),
        "meeting_id": story.id("conference"),
        "response_code": told["response_code"],
        "kind": responses()[told["response_code"]].kind,
        "body": told["body"],
        "owner_agency": told["owner_agency"],
        "owner_user_id": owner,
        "due_on": due,
        "state": now,
        "evidence": told["evidence"] if finished else None,
        "help_wanted": bool(told["help"]),
        "done_by": (owner or story.author) if finished else None,
        "done_at": at(day, 16) if finished else None,
        "confirmed_by": confirms,
        "confirmed_at": at(day + timedelta(days=1)) if confirms else None,
    }


def _usual_state(story: Story, due: date) -> str:
    if story.reached("MONITORING") or due < story.today - timedelta(days=LATE_DAYS):
        return "DONE"
    return "IN_PROGRESS" if due < story.today else "OPEN"


def _reviews(story: Story) -> Iterator[Made]:
    """After three months, and where the place is watched or closed after six."""
    begun = story.day("PLAN_ACTIVE")
    three, six = begun + timedelta(days=91), begun + timedelta(days=182)
    if not story.reached("MONITORING"):
        if three <= story.today:
            yield from _review(story, "M3", three, three, "CONTINUE")
        return
    yield from _review(story, "M3", three, three, "CONTINUE")
    decision = "CLOSE_SAFER" if story.state == "CLOSED" else "STEP_DOWN"
    yield from _review(story, "M6", six, story.part_of_life(0.72), decision)


REASONS = {
    "CONTINUE": f"{MARK}one measure moves, the light does not yet. Go on and ask again.",
    "STEP_DOWN": f"{MARK}children say that it is better, and three adults stay. Keep watching.",
    "CLOSE_SAFER": f"{MARK}children asked again name adults whom they trust; nothing moved nearby.",
}


def _review(story: Story, round_: str, due: date, held: date, decision: str) -> Iterator[Made]:
    last = round_ == "M6"
    name = f"review {round_}"
    yield (
        "outcome_review",
        record(story, "OR", name, held, story.author)
        | {
            "plan_id": story.id("plan"),
            "assessment_id": story.id("again") if last else None,
            "round": round_,
            "due_on": due,
            "held_on": held,
            "voice_method_ids": [story.id(HEARD_AGAIN)] if last else [],
            "no_voice_reason": None
            if last
            else f"{MARK}the group was away; it is asked again in the next term, before summer.",
            "decision": decision,
            "displacement": "NONE_SEEN",
            "displacement_text": f"{MARK}the streets within 250 m were walked on four evenings.",
            "reason": REASONS[decision],
            "decided_by": story.team.lead,
            "decided_at": at(held, 15),
            "second_by": story.team.second if last else None,
            "second_at": at(held + timedelta(days=1)) if last else None,
        },
    )
    for party, (n, score) in {"CHILDREN": (9, 6), "YOUTH_WORK": (3, 7)}.items():
        yield (
            "safety_scale",
            part(story, f"{name} {party}", held, story.author)
            | {
                "assessment_id": None,
                "review_id": story.id(name),
                "party": party,
                "n_people": n,
                "score": score if last else score - 2,
                "one_point": None,
                "on_date": held,
            },
        )
