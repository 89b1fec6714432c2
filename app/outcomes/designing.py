"""The design of a comparison, written while its plan is a draft and frozen when it is agreed."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.audit import service as audit
from app.core import clock
from app.core.actor import Actor
from app.core.errors import InvalidError, RuleBrokenError
from app.outcomes import counting, gathering
from app.outcomes.counting import Item
from app.outcomes.schemas import DesignIn
from app.places import queries as places
from app.places.models import Place
from app.plans.models import Measure
from app.reference import queries as reference
from geo.evaluation import (
    Choice,
    Design,
    Rules,
    Wdd,
    Windows,
    choose,
    design_of,
    dispersion,
    planning_words,
    wdd,
    windows,
)
from geo.lineage import params_hash

WRONG = "Change the fields named below."
FROZEN = "This plan is agreed: what is compared is fixed and is not changed any more."
NO_SHAPE = "This place has no shape on the map, so incidents around it are not compared."
NO_HISTORY = "Incidents on record do not reach back so far. Choose shorter windows."
PLANNING = "planning"
HOME = "RESIDENTIAL"


@dataclass(frozen=True, slots=True)
class Proposal:
    """Which places could be the control, which could not, and what was written."""

    choice: Choice
    design: Design | None


@dataclass(frozen=True, slots=True)
class Counts:
    """Incidents of the four areas, before and after; rings both or neither."""

    t: tuple[int, int]
    c: tuple[int, int]
    d: tuple[int, int] | None
    cd: tuple[int, int] | None

    def compared(self, design: Design, phi: float, *, still: bool = False) -> Wdd:
        """`still`: as if nothing will change, to plan by."""
        t, c, d, cd = (
            one if one is None or not still else (one[0], one[0])
            for one in (self.t, self.c, self.d, self.cd)
        )
        if t is None or c is None:  # never: only rings may be left out
            raise InvalidError(WRONG)
        return wdd(c, t, cd, d, area_weights=design.area_weights, phi=phi)


def must_be_draft(session: Session, measure: Measure) -> None:
    if gathering.plan_of(session, measure).state != "DRAFT":
        raise RuleBrokenError(FROZEN)


def write(
    session: Session, actor: Actor, place: Place, measure: Measure, wanted: DesignIn
) -> Proposal:
    """Choose control and rings by rule; nobody picks the area that flatters."""
    must_be_draft(session, measure)
    if place.geom is None or place.sensitivity == HOME:
        raise RuleBrokenError(NO_SHAPE)
    when = _windows(session, wanted)
    harms = _harms(session, place, wanted)
    rules = _rules(session, wanted)
    sites = counting.sites(session, harms, min(wanted.starts_on, clock.today()))
    own = next((site for site in sites if site.id == str(place.id)), None)
    if own is None:
        raise RuleBrokenError(NO_SHAPE)
    choice = choose(own, sites, rules)
    if choice.status != "chosen":
        _forget(measure)
        audit.record(session, "outcome.design", "place", place.ref, status=choice.status)
        return Proposal(choice, None)
    made = design_of(
        choice, own.id, when, harm_codes=harms, item_filter=counting.FILTER, rules=rules
    )
    # What could be seen is told with the design: who reads it later may see fewer incidents.
    told = {PLANNING: planned(session, made)}
    measure.design = json.loads(made.canonical()) | told
    measure.design_hash = params_hash(measure.design)
    measure.version, measure.updated_by = measure.version + 1, actor.id
    audit.record(session, "outcome.design", "place", place.ref, hash=measure.design_hash)
    return Proposal(choice, made)


def _forget(measure: Measure) -> None:
    measure.design = measure.design_hash = None


def _windows(session: Session, wanted: DesignIn) -> Windows:
    found = windows(wanted.starts_on, wanted.weeks, counting.history_from(session, clock.today()))
    if found is None:
        raise InvalidError(WRONG, {"weeks": NO_HISTORY})
    return found


def _harms(session: Session, place: Place, wanted: DesignIn) -> Sequence[str]:
    every = [harm.code for harm in reference.harms(session)]
    if wanted.harms == "ALL":
        return every
    if not place.harm_codes:
        raise InvalidError(WRONG, {"harms": "The place has no harms of its own: count all."})
    return list(place.harm_codes)


def _rules(session: Session, wanted: DesignIn) -> Rules:
    if wanted.larger is None and wanted.weight is None:
        return Rules()
    if wanted.larger is None:
        raise InvalidError(WRONG, {"larger": "Enter the reference of the larger place."})
    if wanted.weight is None:
        raise InvalidError(WRONG, {"weight": "Enter how many times as large it is."})
    other = places.find(session, wanted.larger)
    return Rules(weights=((str(other.id), wanted.weight),))


def read(measure: Measure) -> Design | None:
    return None if measure.design is None else Design.read(measure.design)


def counts(design: Design, items: Sequence[Item], *, proactive: bool = True) -> Counts:
    """Incidents by area and window; `proactive`: also what was found by looking for it."""
    spans = (design.windows.before, design.windows.after)

    def pair(role: str) -> tuple[int, int]:
        days = [i.day for i in items if i.role == role and (proactive or not i.proactive)]
        before, after = (sum(span[0] <= day < span[1] for day in days) for span in spans)
        return before, after

    ringed = len(design.areas) > 2  # place and control
    return Counts(
        pair("T"), pair("C"), pair("D") if ringed else None, pair("CD") if ringed else None
    )


def phi_of(session: Session, design: Design) -> float:
    """How much monthly counts of the baseline year vary beyond chance, in place and control."""
    sites = counting.sites(session, design.harm_codes, design.windows.after[0])
    compared = {area.place_id for area in design.areas}
    return dispersion([list(site.months) for site in sites if site.id in compared])


def planned(session: Session, design: Design) -> str:
    """What could be seen at all, in words, by the incidents of the window before."""
    found = counts(design, counting.inside(session, design))
    phi = phi_of(session, design)
    return planning_words(found.t[0], found.compared(design, phi, still=True))
