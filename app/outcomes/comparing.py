"""Counts of incidents compared as the frozen design says, or withheld with the reason."""

from collections import Counter
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from app.audit import service as audit
from app.clusters.service import code_version
from app.core import clock
from app.core.actor import Actor
from app.core.errors import RuleBrokenError
from app.outcomes import counting, designing, gathering, judging
from app.outcomes.counting import Item
from app.outcomes.designing import Counts
from app.outcomes.models import WddResult
from app.outcomes.schemas import CompareIn
from app.places import queries as places
from app.places.models import Place
from app.plans.models import Measure
from geo.evaluation import Design, Said, Wdd, displacement, interrupted, verdict, wdd, wdq
from geo.evaluation.areas import area_of
from geo.lineage import params_hash

NO_DESIGN = "This measure has no design, so nothing is compared."
NOT_AGREED = "Nothing is compared before the plan is agreed."
NOT_OVER = "The window after the start of the plan ends on {:%-d %B %Y}. Compare after that day."
CHANGED, NOT_SAID = "CHANGED", "NOT_SAID"


def run(
    session: Session, actor: Actor, place: Place, measure: Measure, wanted: CompareIn
) -> WddResult:
    """Count, compare and keep the answer, whatever it is."""
    made = compare(session, actor, place, measure, wanted)
    return _kept(session, place, made, wanted.recording)


def run_by_itself(session: Session, actor: Actor, place: Place, measure: Measure) -> WddResult:
    """On its date. Nobody said how incidents were recorded: a lead does, and compares again."""
    made = compare(session, actor, place, measure, CompareIn(recording="SAME"))
    return _kept(session, place, made, NOT_SAID)


def _kept(session: Session, place: Place, made: WddResult, recording: str) -> WddResult:
    made.u = (made.u or {}) | {"recording": recording}
    session.add(made)
    audit.record(session, "outcome.compare", "place", place.ref, verdict=made.verdict)
    return made


def ran_by_itself(result: WddResult) -> bool:
    """And no lead has confirmed it since."""
    return (result.u or {}).get("recording") == NOT_SAID


def compare(
    session: Session, actor: Actor, place: Place, measure: Measure, wanted: CompareIn
) -> WddResult:
    """The answer, not kept yet."""
    design = designing.read(measure)
    if design is None:
        raise RuleBrokenError(NO_DESIGN)
    plan = gathering.plan_of(session, measure)
    if plan.state == "DRAFT":
        raise RuleBrokenError(NOT_AGREED)
    if design.windows.after[1] > clock.today():
        raise RuleBrokenError(NOT_OVER.format(design.windows.after[1]))
    items = counting.inside(session, design)
    found = designing.counts(design, items)
    phi = designing.phi_of(session, design)
    reason = judging.withheld(
        _facts(session, place, measure, items, changed=wanted.recording == CHANGED)
    )
    made = WddResult(
        measure_id=measure.id,
        design_hash=measure.design_hash or design.sha256(),
        run_at=clock.now(),
        reason=None if reason is None else reason[:300],
        phi=phi,
        code_version=code_version(),
        created_by=actor.id,
        updated_by=actor.id,
    )
    _fill(made, design, items, found)
    return made


def _fill(made: WddResult, design: Design, items: Sequence[Item], found: Counts) -> None:
    phi = made.phi or 1.0
    whole = found.compared(design, phi)
    without = designing.counts(design, items, proactive=False)
    made.t0, made.t1, made.c0, made.c1 = *found.t, *found.c
    if found.d is not None and found.cd is not None:
        made.d0, made.d1, made.cd0, made.cd1 = *found.d, *found.cd
    made.est, made.se = whole.total.est, whole.total.se
    made.low, made.high = whole.total.low, whole.total.high
    made.sdc = whole.smallest_detectable
    made.displacement_est = None if whole.displacement is None else whole.displacement.est
    made.verdict = verdict(whole, withheld=made.reason).verdict
    other = without.compared(design, phi)
    made.verdict_without_proactive = verdict(other, withheld=made.reason).verdict
    made.u = {
        "weights": list(design.area_weights),
        "without_proactive": _pairs(without),
        "series": _series(design, items),
    }
    made.u["plain"] = told_on(made)


def _pairs(found: Counts) -> dict[str, list[int]]:
    pairs = {"t": found.t, "c": found.c, "d": found.d, "cd": found.cd}
    return {name: list(pair) for name, pair in pairs.items() if pair is not None}


def _series(design: Design, items: Sequence[Item]) -> dict[str, Any] | None:
    """Incidents of the place in blocks of four weeks, where both windows have enough of them."""
    weeks, before, after = design.windows.weeks, design.windows.before, design.windows.after
    if before[1] != after[0]:
        return None  # a gap between the windows: no series
    blocks = [0] * (2 * weeks // 4)
    for item in items:
        at = (item.day - before[0]).days // 28
        if item.role == "T" and at < len(blocks):
            blocks[at] += 1
    found = interrupted(blocks, weeks // 4, period=13)
    if found.change is None:
        return None
    change = found.change
    return {"ratio": change.ratio, "low": change.low, "high": change.high, "blocks": blocks}


def _facts(
    session: Session, place: Place, measure: Measure, items: Sequence[Item], *, changed: bool
) -> judging.Facts:
    design = designing.read(measure)
    if design is None:
        raise RuleBrokenError(NO_DESIGN)
    plan = gathering.plan_of(session, measure)
    actions = gathering.done(session, plan.id)
    outside = counting.outside(session, design, place.borough_codes)
    control = UUID(design.areas[1].place_id)
    span = (design.windows.before[0], design.windows.after[1])
    frozen = plan.measures_hash == gathering.measures_hash(session, plan)
    return judging.Facts(
        design_changed=measure.design_hash != params_hash(measure.design or {}) or not frozen,
        boundary_changed=not _same(session, place, design),
        recording_changed=changed,
        control_has_plan=counting.planned_within(session, control, *span),
        actions=actions.actions,
        actions_done=actions.done,
        paired=design.windows.paired,
        items=outside.items,
        items_without_place=outside.without,
        cells=_cells(design, items),
    )


def _same(session: Session, place: Place, design: Design) -> bool:
    shape = places.shape_of(place)
    if shape is None:
        return False
    return bool(area_of(shape, design.rules.reach_m).equals(design.areas[0].shape))


def _cells(design: Design, items: Sequence[Item]) -> list[list[int]]:
    """Incidents by day, of each area and window."""
    cells: dict[tuple[str, bool], Counter[object]] = {}
    for item in items:
        key = (item.role, item.day >= design.windows.after[0])
        cells.setdefault(key, Counter())[item.day] += 1
    return [list(days.values()) for days in cells.values()]


def compared(result: WddResult) -> Wdd:
    """The comparison as it was stored."""
    return _wdd(
        result,
        {
            "t": (result.t0, result.t1),
            "c": (result.c0, result.c1),
            "d": (result.d0, result.d1),
            "cd": (result.cd0, result.cd1),
        },
    )


def without_proactive(result: WddResult) -> Wdd:
    return _wdd(result, (result.u or {}).get("without_proactive", {}))


def _wdd(result: WddResult, pairs: dict[str, Any]) -> Wdd:
    def pair(name: str) -> tuple[float, float] | None:
        one = pairs.get(name)
        return None if one is None or one[0] is None else (one[0], one[1])

    weights = (result.u or {}).get("weights", (1.0, 1.0, 1.0, 1.0))
    control, treated = pair("c") or (0, 0), pair("t") or (0, 0)
    rings = (pair("cd"), pair("d"))
    return wdd(control, treated, *rings, area_weights=weights, phi=result.phi or 1.0)


def sentences(result: WddResult, *, numbers: bool) -> list[str]:
    """What the comparison says. The second sentence only where looking for harm makes it."""
    whole = compared(result)
    said = [verdict(whole, withheld=result.reason)]
    if result.verdict_without_proactive not in {None, result.verdict}:
        other = verdict(without_proactive(result), withheld=result.reason)
        lead = "Without what police found by looking for it: "
        words = [f"{lead}{text[0].lower()}{text[1:]}" for text in (other.words, other.plain)]
        said.append(Said(other.verdict, *words))
    ring = displacement(whole) if result.reason is None else None
    said += [ring] if ring is not None else []
    return [one.words if numbers else one.plain for one in said]


def told_on(result: WddResult) -> list[str]:
    """For those who read no numbers, not even of the reason why nothing is said."""
    return ["Not evaluated."] if result.reason is not None else sentences(result, numbers=False)


def quotient(result: WddResult) -> float | None:
    """Of displacement, in the details only."""
    whole = (result.d0, result.d1)
    if result.reason is not None or None in whole:
        return None
    pairs = ((result.c0, result.c1), (result.t0, result.t1), whole)
    c, t, d = (((one[0] or 0), (one[1] or 0)) for one in pairs)
    return wdq(c, t, d)
