"""Observations of measures: the same method again, on another day."""

from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from sqlalchemy.orm import Session

from app.core import clock
from app.core.actor import Actor
from app.core.errors import InvalidError, RuleBrokenError
from app.outcomes import gathering, judging, queries, service
from app.outcomes.models import Observation
from app.outcomes.schemas import ObservationIn, ReleaseIn
from app.places import queries as places
from app.places import rules
from app.places.models import Place
from app.plans import green
from app.plans.models import Measure
from app.safety_maps import queries as maps
from app.safety_maps.releasing import Release
from app.safety_maps.rules import LEAST, LIGHTS, Area

WRONG = service.WRONG
DRAFT = "Nothing is measured before the plan is agreed: its baseline is part of the plan."
COUNTED = "Incidents are counted by the comparison, not typed in."
LATER = "This day has not come yet."
EARLIER = "Enter a day after the baseline, {:%-d %B %Y}."
MORE = "More said so than were asked."
METHOD = "Choose one of the list."
FROM_MAPS = "The share of safety maps comes from a release. Choose the release."
NO_AREA = (
    "This measure does not say of which area and light its maps are, so no release can be "
    "compared with its baseline."
)
NO_RELEASE = (
    "Nothing to compare yet: a release of at least {} drawings is needed, of the same area, {}, "
    "all drawn after {:%-d %B %Y}. So far {} drawings were made since then."
)
TWICE = "This release was measured already."


class Value(NamedTuple):
    value: float
    n: int | None


def observe(
    session: Session, actor: Actor, place: Place, measure: Measure, wanted: ObservationIn
) -> Observation:
    plan = gathering.plan_of(session, measure)
    if plan.state == "DRAFT":
        raise RuleBrokenError(DRAFT)
    if measure.kind == judging.COUNTED:
        raise RuleBrokenError(COUNTED)
    if measure.kind == judging.MAPS:
        raise RuleBrokenError(FROM_MAPS)
    errors = _day(measure, wanted)
    value = _value(measure, wanted, errors)
    method = _method(session, place, wanted, errors)
    _lint(session, wanted.note, errors)
    if errors or value is None:
        raise InvalidError(WRONG, errors)
    return service.observe(
        session,
        actor,
        measure,
        Decimal(str(value.value)),
        on_date=wanted.on_date,
        n=value.n,
        method_id=method,
        note=wanted.note,
    )


def releases(session: Session, place: Place, measure: Measure) -> list[Release]:
    """What a share of safety maps may be measured by: drawn after its baseline, never before.

    Raises
    ------
    RuleBrokenError
        There is none yet, in words that say what is missing.
    """
    of = green.measured_on(measure.unit)
    if of is None or measure.baseline_on is None:
        raise RuleBrokenError(NO_AREA)
    area, dark = of
    every = maps.green_shares(session, place, area.code, after_dark=dark)
    later = [one for one in every if one.first > measure.baseline_on and one.share.n >= LEAST]
    if not later:
        drawn = _drawn(session, place, measure, area, dark=dark)
        words = LIGHTS[dark].lower()
        raise RuleBrokenError(NO_RELEASE.format(LEAST, words, measure.baseline_on, drawn))
    return later


def _drawn(session: Session, place: Place, measure: Measure, area: Area, *, dark: bool) -> int:
    began = measure.baseline_on
    return sum(
        one.of == (area.code, dark) and began is not None and one.on > began
        for one in maps.sheets(session, place)
        if one.state != "WITHHELD"
    )


def observe_maps(
    session: Session, actor: Actor, place: Place, measure: Measure, wanted: ReleaseIn
) -> Observation:
    """The green share of a later release, as it was released."""
    if gathering.plan_of(session, measure).state == "DRAFT":
        raise RuleBrokenError(DRAFT)
    found = {one.key: one for one in releases(session, place, measure)}
    errors: dict[str, str] = {}
    one = found.get(wanted.release)
    if one is None:
        errors["release"] = METHOD
    elif any(seen.on_date == one.last for seen in queries.observations(session, measure)):
        errors["release"] = TWICE
    _lint(session, wanted.note, errors)
    if errors or one is None:
        raise InvalidError(WRONG, errors)
    return service.observe(
        session,
        actor,
        measure,
        one.share.percent,
        on_date=one.last,
        n=one.share.n,
        note=wanted.note,
    )


def _lint(session: Session, note: str | None, errors: dict[str, str]) -> None:
    said = rules.lint(note or "", places.language(session))
    if stopped := rules.stops(said):
        errors["note"] = f"Change the words. {stopped}"


def _day(measure: Measure, wanted: ObservationIn) -> dict[str, str]:
    if wanted.on_date > clock.today():
        return {"on_date": LATER}
    if measure.baseline_on is not None and wanted.on_date <= measure.baseline_on:
        return {"on_date": EARLIER.format(measure.baseline_on)}
    return {}


def _value(measure: Measure, wanted: ObservationIn, errors: dict[str, str]) -> Value | None:
    if measure.kind in judging.SHARES:
        return _share(wanted, errors)
    if wanted.value is None:
        errors["value"] = "Enter the value."
        return None
    most = judging.SCALES.get(measure.kind)
    if most is not None and wanted.value > most:
        errors["value"] = f"Enter a value from 0 to {most:g}."
        return None
    return Value(round(wanted.value, 2), wanted.n)


def _share(wanted: ObservationIn, errors: dict[str, str]) -> Value | None:
    """In per cent of those who were asked."""
    if wanted.k is None:
        errors["k"] = "Enter how many said so."
    if wanted.n is None:
        errors["n"] = "Enter how many were asked."
    if wanted.k is None or wanted.n is None:
        return None
    if wanted.k > wanted.n:
        errors["k"] = MORE
        return None
    return Value(round(100 * wanted.k / wanted.n, 2), wanted.n)


def _method(
    session: Session, place: Place, wanted: ObservationIn, errors: dict[str, str]
) -> UUID | None:
    """The held method that it comes from, where one was recorded."""
    if wanted.method is None:
        return None
    for one in gathering.held(session, place):
        if str(one.key) == wanted.method:
            return one.key
    errors["method"] = METHOD
    return None
