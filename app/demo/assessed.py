"""Synthetic assessments: how people looked, what they answered, what works, how safe it is."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from uuid import UUID

import shapely

from app.assessments import scoring
from app.assessments.indicators import CODES
from app.demo.lives import MARK, Story, at, part, record
from app.demo.models import stored
from app.demo.rules import Row

Made = tuple[str, Row]  # the table and its row
OPEN = ("GATHERING", "SCOPING", "PEER_REVIEW", "DRAFT")
SETTLED_LOWER = f"{MARK}settled lower than children said: seen twice since, by day and after dark."
DIFFER = frozenset({"D2_TRUST", "D2_POLICE"})  # children and adults see it differently
HEARD_AGAIN = "heard again"  # the method that a review of outcomes rests on
SCALES = {"CHILDREN": (9, 3), "YOUTH_WORK": (3, 5), "PLACE_MANAGER": (1, 7), "POLICE": (2, 6)}
ONE_POINT = f"{MARK}an adult who stays until the last bus."


def first(story: Story, signs: list[dict[str, str]]) -> Iterator[Made]:
    """The assessment that a place has, or is being given."""
    begun, done = story.day("ASSESSING"), story.reached("ASSESSED")
    again = story.reached("MONITORING")
    state = "SUPERSEDED" if again else "APPROVED" if done else _open_state(story)
    over = story.day("ASSESSED") if done else story.today
    yield "context_assessment", _assessment(story, "assessment", state, begun, over)
    if state in {"SCOPING", "DRAFT"}:
        yield from _methods(story, "assessment", begun, None)
        return
    yield from _methods(story, "assessment", begun, over)
    yield from _answers(story, "assessment", ratings(story), over, part_of_it=state == "GATHERING")
    yield from _panel(story, "assessment", signs, over, better=0)


def again(story: Story, signs: list[dict[str, str]]) -> Iterator[Made]:
    """The same methods once more, for the review of outcomes."""
    over = story.part_of_life(0.68)
    begun = over - timedelta(days=21)
    yield "context_assessment", _assessment(story, "again", "APPROVED", begun, over)
    yield from _methods(story, "again", begun, over)
    yield from _answers(story, "again", improved(story), over)
    yield from _panel(story, "again", signs, over, better=2)


def _open_state(story: Story) -> str:
    return "GATHERING" if story.plot else OPEN[story.number % len(OPEN)]


def _assessment(story: Story, what: str, state: str, begun: date, over: date) -> Row:
    approved = state in {"APPROVED", "SUPERSEDED"}
    scored = ratings(story) if what == "assessment" else improved(story)
    known = scoring.scores(scored, {}, ()) if approved or state == "PEER_REVIEW" else []
    values = {f"d{one.domain}": one.value for one in known}
    numbers = {f"d{one.domain}_known": one.known for one in known}
    return record(story, "AS", what, begun, story.author) | {
        "place_id": story.key,
        "state": state,
        "assessor_user_id": story.author,
        "prompted_by": "REPORT" if what == "assessment" else "REVIEW",
        "boundary": boundary(story),
        "boundary_reason": f"{MARK}the place, the ways into it, and where children wait.",
        "scope": f"{MARK}who comes here after school and in the evening, and who looks after them.",
        "managed_by": f"{MARK}the council and those who work here",
        "harm_codes": list(story.place["harm_codes"]),
        "child_count_band": "B8_19",
        "previous_responses": f"{MARK}patrols twice; children said that they were moved on.",
        "what_works": f"{MARK}the same adult at the same hour.",
        "limits": f"{MARK}girls were asked less than boys.",
        "started_on": begun,
        "due_on": begun + timedelta(days=45),
        "updated_at": at(over),
        "approved_by": story.approver if approved else None,
        "approved_at": at(over) if approved else None,
        "supersedes_id": story.id("assessment") if what == "again" else None,
    } | {"d1": None, "d2": None, "d3": None, "d1_known": 0, "d2_known": 0, "d3_known": 0} | (
        values | numbers
    )  # fmt: skip


def boundary(story: Story) -> str | None:
    """Of an online space there is none."""
    if story.shape is None:
        return None
    around = shapely.convex_hull(shapely.set_precision(story.shape.buffer(40, quad_segs=4), 1))
    return stored(around)


def _methods(story: Story, what: str, begun: date, over: date | None) -> Iterator[Made]:
    """Planned when it was begun; held until it was over."""
    saturday = begun + timedelta(days=(5 - begun.weekday()) % 7)
    days = (over - begun).days if over else 0
    late = begun + timedelta(days=max(days - 3, 0))
    looks: tuple[tuple[str, date, str | None, bool | None, int | None], ...] = (
        ("DESKTOP", begun, None, None, None),
        ("OBSERVATION", begun, "AFTER_SCHOOL", False, None),
        ("OBSERVATION", saturday, "EVENING", True, None),
        ("OBSERVATION", begun, "LATE", True, None),
        ("CHILD_SESSION", begun + timedelta(days=min(5, days)), "AFTER_SCHOOL", False, 9),
        ("CHILD_SURVEY", late, None, None, 24),
        ("MANAGER", begun + timedelta(days=min(4, days)), None, None, None),
    )
    if story.is_online:
        looks = (*looks[:1], ("ONLINE_SCAN", begun, None, None, None), *looks[4:6])
    for number, (code, day, day_part, dark, n) in enumerate(looks):
        name = HEARD_AGAIN if (what, code) == ("again", "CHILD_SURVEY") else f"{what} how {number}"
        held = over is not None and day <= story.today
        yield (
            "assessment_method",
            part(story, name, begun, story.author)
            | {
                "assessment_id": story.id(what),
                "method_code": code,
                "planned": True,
                "held_on": day if held else None,
                "day_part": day_part,
                "after_dark": dark,
                "n_children": n if held else None,
                "n_adults": 2 if code == "MANAGER" and held else None,
            },
        )


def ratings(story: Story) -> dict[str, int | None]:
    """As they were settled first; one or two of each domain are not known."""
    rng = story.rng("ratings")
    found: dict[str, int | None] = {c: int(rng.choice([1, 2, 2, 3, 3, 4])) for c in CODES}
    for domain in (1, 2, 3):
        of_domain = scoring.codes(domain)
        for code in rng.choice(of_domain[3:], int(rng.integers(0, 3)), replace=False):
            found[str(code)] = None
    found["D2_TRUST"], found["D3_LIGHT"] = 3, 3
    return found


def improved(story: Story) -> dict[str, int | None]:
    rng = story.rng("again")
    return {
        code: was if was is None else max(0, was - int(rng.random() < 0.7))
        for code, was in ratings(story).items()
    }


def _answers(
    story: Story,
    what: str,
    settled: Mapping[str, int | None],
    day: date,
    *,
    part_of_it: bool = False,
) -> Iterator[Made]:
    """Each view by itself; children and adults differ in two. Two people write."""
    for number, code in enumerate(CODES):
        rating, lower = settled[code], False
        if number % 3 == 1 and rating is not None:
            told = 4 if code in DIFFER and what != "again" else rating
            lower = rating < told
            views = {"CHILDREN": told, "PRACTITIONERS": told - 3 if told == 4 else rating}
            for view, said in views.items():
                by = story.author if view == "CHILDREN" else story.approver
                yield (
                    "assessment_answer",
                    _answer(story, what, code, day, by)
                    | {
                        "id": story.id(f"{what} {code} {view}"),
                        "view": view,
                        "rating": said,
                    },
                )
        if not part_of_it or number % 2:
            yield (
                "assessment_answer",
                _answer(story, what, code, day, story.author)
                | {
                    "rating": rating,
                    "note": SETTLED_LOWER if lower else None,
                },
            )


def _answer(story: Story, what: str, code: str, day: date, by: UUID) -> Row:
    return part(story, f"{what} {code}", day, by) | {
        "assessment_id": story.id(what),
        "indicator_code": code,
        "view": "SETTLED",
        "rating": None,
        "confidence": "M",
        "note": None,
    }


def _panel(
    story: Story, what: str, signs: list[dict[str, str]], day: date, *, better: int
) -> Iterator[Made]:
    for number, sign in enumerate(signs):
        yield (
            "signs_panel",
            part(story, f"{what} sign {number}", day, story.author)
            | {
                "assessment_id": story.id(what),
                "position": number,
                **sign,
            },
        )
    for party, (n, score) in SCALES.items():
        yield (
            "safety_scale",
            part(story, f"{what} {party}", day, story.author)
            | {
                "assessment_id": story.id(what),
                "review_id": None,
                "party": party,
                "n_people": n,
                "score": score + better,
                "one_point": ONE_POINT if party == "CHILDREN" else None,
                "on_date": day,
            },
        )
