"""How sure each cluster of a run is: tests, rules and rank, in the keys of `evidence`."""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from multiprocessing import get_context
from typing import Any

from app.clusters.across import across, cbc
from app.clusters.rules import Settings, Source
from app.clusters.standing import Part, Run, standing
from app.clusters.study import Study
from geo import reportable
from geo.boundaries import Lads
from geo.crossborough import HotSpot, Level1
from geo.evidence import persistent, stability
from geo.evidence.emerging import Spread
from geo.evidence.persistent import Persistent
from geo.evidence.study import emerging_of
from geo.lineage import content_id

EPOCH = date(1970, 1, 1)
ALPHA = 0.05
MANY, WORKERS = 20_000, 2  # incidents; processes
SIGNIFICANT = ("emerging", "persistent", "both")
SPACE_ONLY = "Without a limit of days there are no other settings to compare with."
NOT_RECORDED = "Published data does not say how incidents came to light."
MONTHS_ONLY = "The publisher gives the month only."


@dataclass(frozen=True, slots=True)
class Weighed:
    """What `app.cluster` holds of a cluster beside its plain numbers; None: not tested."""

    evidence: Part
    p_emerging: float | None = None
    p_persistent: float | None = None
    stability: int | None = None
    r3_flow: bool | None = None
    r4_link: bool | None = None
    cbc: bool | None = None
    rank_weight: float | None = None


def weigh(study: Study, level1: Level1, settings: Settings, lads: Lads) -> Sequence[Weighed]:
    """In the order of the hot spots. Without replicates nothing is tested."""
    run = Run(study, level1.hot_spots, settings, lads)
    if not settings.replicates:
        return [Weighed(spot.evidence) for spot in run.spots]
    with _side_by_side(int(study.events.weight.sum())) as spread:
        emerging = emerging_of(
            study.events,
            run.spots,
            settings.geo(),
            neighbours=study.neighbours,
            key=run.key,
            replicates=settings.replicates,
            spread=spread,
        )
    columns = zip(
        map(_dated, emerging),
        _persistent(run),
        _stability(run),
        _without_proactive(run),
        _aoristic(run),
        standing(run),
        strict=True,
    )
    weighed = [_weighed(spot, list(parts)) for spot, parts in zip(run.spots, columns, strict=True)]
    return _ruled(run, weighed)


@contextmanager
def _side_by_side(events: int) -> Iterator[Spread]:
    """Two processes where the work is worth their start; no number depends on it."""
    if events < MANY or len(os.sched_getaffinity(0)) < WORKERS:
        yield map
        return
    with ProcessPoolExecutor(WORKERS, mp_context=get_context("spawn")) as pool:
        yield pool.map


def _ruled(run: Run, weighed: Sequence[Weighed]) -> list[Weighed]:
    """With R1 to R4, and whether each is a cross-borough cluster."""
    ids = content_ids(run.study, run.spots, run.settings)
    found = across(run.spots, ids, run.study, run.settings, key=run.key)
    sure = [one.evidence["significance"] in SIGNIFICANT for one in weighed]
    known = run.study.children is not None
    rows = zip(run.spots, weighed, found, cbc(run.spots, sure, found), strict=True)
    return [
        replace(
            one,
            evidence=one.evidence | _spans(run, spot) | {"r3": rules.r3, "r4": rules.r4},
            r3_flow=rules.r3["holds"] if known else None,
            r4_link=rules.r4["holds"] if known else None,
            cbc=is_cbc,
        )
        for spot, one, rules, is_cbc in rows
    ]


def _spans(run: Run, spot: HotSpot) -> Part:
    geo = run.settings.geo()
    needed = reportable.needed(spot.n_core, least=geo.span_min, share=geo.span_share)
    r1 = spot.evidence["r1"] | {"holds": spot.r1_span, "needed": needed}
    return {"r1": r1, "r2": spot.evidence["r2"] | {"holds": spot.r2_straddle}}


def content_ids(study: Study, spots: Sequence[HotSpot], settings: Settings) -> list[str]:
    """The same wherever the same incidents are searched with the same settings."""
    params = settings.hash()
    return [content_id(params, study.tokens(spot.members[spot.core])) for spot in spots]


def _weighed(spot: HotSpot, parts: Sequence[Part]) -> Weighed:
    emerging, lasting, stable, without, aoristic, recorded = parts
    p_persistent = lasting.pop("p_persistent")
    evidence = spot.evidence | {
        "significance": significance(emerging["p"], p_persistent),
        "emerging": emerging,
        "persistent": lasting,
        "stability": stable,
        "without_proactive": without,
        "aoristic": aoristic,
    }
    return Weighed(
        evidence | recorded,
        p_emerging=emerging["p"],
        p_persistent=p_persistent,
        stability=stable.get("found"),
        rank_weight=recorded.get("rank", {}).get("weight"),
    )


def significance(p_emerging: float | None, p_persistent: float | None) -> str:
    """Which of the two tests says that it is more than chance."""
    told = {"emerging": p_emerging, "persistent": p_persistent}
    passed = [name for name, p in told.items() if p is not None and p <= ALPHA]
    if len(passed) == len(told):
        return "both"
    if passed:
        return passed[0]
    return "not tested" if p_emerging is None and p_persistent is None else "chance"


def _dated(found: Any) -> Part:  # noqa: ANN401 - a dataclass of geo with days
    own: Part = asdict(found)
    days = (own.pop("first_day"), own.pop("last_day"))
    return own | dict(zip(("from", "to"), map(iso, days), strict=True))


def iso(day: int | None) -> str | None:
    return None if day is None else (EPOCH + timedelta(days=day)).isoformat()


def _persistent(run: Run) -> list[Part]:
    """Compared with every square of the partnership and what surrounds it."""
    geo = run.settings.geo()
    shapes = [
        shape
        for code, shape in zip(run.lads.codes, run.lads.shapes, strict=True)
        if code in run.settings.partners
    ]
    cells = persistent.area(shapes, halo_m=geo.halo_m, cell_m=geo.cell_m)
    found = persistent.busy(
        run.study.events,
        run.spots,
        cells,
        snapshot_day=run.snapshot_day,
        dated=run.study.by_day,
    )
    return [_lasting(one) for one in found]


def _lasting(found: Persistent) -> Part:
    own: Part = asdict(found)
    return own | {"quarters": persistent.QUARTERS, "p_persistent": found.p_persistent}


def _stability(run: Run) -> list[Part]:
    if run.settings.eps_days is None:
        return [_not_tested(SPACE_ONLY) for _ in run.spots]
    found = stability.stability(run.study.events, run.spots, run.settings.geo(), run.study.near)
    return [
        _tested(
            found=sum(one.found),
            of=len(one.settings),
            settings=[
                {"eps_m": eps_m, "eps_days": days, "found": held}
                for (eps_m, days), held in zip(one.settings, one.found, strict=True)
            ],
        )
        for one in found
    ]


def _without_proactive(run: Run) -> list[Part]:
    recorded, study = run.study.recorded, run.study
    if recorded is None:
        return [_not_tested(NOT_RECORDED) for _ in run.spots]
    keep = ~recorded.facts.proactive
    held = stability.held(study.events, run.spots, run.settings.geo(), study.neighbours, keep=keep)
    return [
        _tested(found=bool(found), left_out=int((~keep[spot.members]).sum()))
        for spot, found in zip(run.spots, held, strict=True)
    ]


def _aoristic(run: Run) -> list[Part]:
    recorded, study = run.study.recorded, run.study
    if recorded is None or run.settings.eps_days is None:
        why = MONTHS_ONLY if run.settings.source is Source.POLICE else SPACE_ONLY
        return [_not_tested(why) for _ in run.spots]
    found = stability.aoristic(
        study.events,
        run.spots,
        run.settings.geo(),
        study.neighbours,
        first_day=recorded.facts.first_day,
        until_day=recorded.facts.until_day,
        key=run.key,
    )
    return [_tested(share=one.share, draws=one.draws, survives=one.survives) for one in found]


def _tested(**found: Any) -> Part:  # noqa: ANN401 - numbers of any kind
    return {"status": "tested", "why": None} | found


def _not_tested(why: str) -> Part:
    return {"status": "not tested", "why": why}
