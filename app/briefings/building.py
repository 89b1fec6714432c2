"""The job that builds and checks a quarterly context report: records in, one frozen text out."""

import hashlib

from sqlalchemy.orm import Session

from app.audit import service as audit
from app.briefings import checks, of_numbers, products, queries, rules
from app.briefings.asked import Asked, Known
from app.briefings.composing import Found, snapshot
from app.briefings.models import Briefing, Json
from app.briefings.of_numbers import Numbers
from app.briefings.rules import State
from app.core.actor import job_actor
from app.core.clock import london
from app.core.db import Database
from app.core.errors import RuleBrokenError
from app.core.json import canonical
from app.places import queries as places
from app.priority import service as priority
from app.reference import queries as reference
from app.releases import queries as releases
from app.releases import rules as periods
from app.releases import view
from app.releases.models import Release
from geo.disclosure import Cell

BUILD = job_actor("briefings:build")
PRIORITY = job_actor("places:priority")
QUARTERS = 8


def check(db: Database, ref: str, boroughs: dict[str, str], known: Known | None = None) -> None:
    """Build the snapshot anew and check it; the briefing is then checked, or a draft with why."""
    _priorities(db, ref)
    with db.begin(BUILD) as session:
        briefing = queries.find(session, ref, lock=True)
        if briefing.state not in rules.OPEN:
            raise RuleBrokenError(rules.IS_FROZEN)
        briefing.state = State.DRAFT
        session.flush()
        release = releases.approved(session, briefing.period_code)
        if release is None or release.certificate is None:
            window = periods.window(briefing.period_code)
            briefing.checks = [checks.not_released(window.words)]
            return
        found = _found(session, briefing, release, boroughs, known or Known())
        made, silent = snapshot(session, found)
        _put(session, found, made, silent)


def _priorities(db: Database, ref: str) -> None:
    """Places have the priority of the cut: where no night of that week worked it out, it is now."""
    with db.read(BUILD) as session:
        briefing = queries.find(session, ref)
        day = london(briefing.cut_at).date()
        if briefing.state not in rules.OPEN or queries.worked_out(session, day):
            return
    with db.begin(PRIORITY) as session:
        priority.run(session, day)


def _found(
    session: Session, briefing: Briefing, release: Release, boroughs: dict[str, str], known: Known
) -> Found:
    window = periods.window(briefing.period_code)
    names = view.names_of(release.named, boroughs, releases.names(session))
    series = []
    one = window
    for _ in range(QUARTERS):
        series.append((one.period, _cells(session, one.period)))
        one = one.before
    earlier = dict(series)
    half = _half_year(session, window.period)
    numbers = Numbers(
        window.period,
        tuple(releases.cells(session, release)),
        earlier[window.before.period],
        earlier.get(window.year_before.period, ()),
        names,
        tuple(reversed(series)),
        () if half is None else tuple(releases.cells(session, half)),
        {} if half is None else (half.certificate or {}).get("left_out", {}),
    )
    asked = Asked(
        window,
        tuple(boroughs),
        boroughs,
        release.code,
        dict(reference.codes(session, "agency")),
        {one.code: one.name for one in reference.boroughs(session)},
        known,
    )
    named = {cell.geo_code for cell in numbers.now if cell.table_code == "RQ7"}
    return Found(
        briefing,
        release,
        half,
        numbers,
        asked,
        queries.lines(session, briefing),
        queries.decided_before(session, window.before.period),
        frozenset(checks.over(session, named, asked.values["cut_day"])),
        queries.corrected(session, window.period),
    )


def _cells(session: Session, period: str) -> tuple[Cell, ...]:
    release = releases.approved(session, period)
    return () if release is None else tuple(releases.cells(session, release))


def _half_year(session: Session, quarter: str) -> Release | None:
    period = of_numbers.half_year(quarter)
    return None if period is None else releases.approved(session, period)


def _put(session: Session, found: Found, made: Json, silent: list[str]) -> None:
    briefing = found.briefing
    told = canonical(made)
    briefing.snapshot = told
    briefing.snapshot_sha256 = hashlib.sha256(told.encode()).hexdigest()
    used = [found.release] if found.half is None else [found.release, found.half]
    briefing.release_ids = [one.id for one in used]
    briefing.method_version = rules.METHOD_VERSION
    briefing.template_version = rules.TEMPLATE_VERSION
    problems = checks.problems(
        checks.Subject(
            made,
            found.lines,
            tuple(found.decided),
            tuple(silent),
            found.release,
            (*found.numbers.now, *found.numbers.half),
            places.language(session),
            checks.unnameable(session, made, found.asked.values["cut_day"]),
            products.stray(made, briefing),
        )
    )
    problems += products.unprintable(made, briefing)
    briefing.checks = problems
    session.flush()
    stops = [one for one in problems if one["stops"] == "yes"]
    if not stops:
        briefing.state = State.CHECKED
    audit.record(
        session,
        "briefing.check",
        "briefing",
        briefing.ref,
        outcome="refused" if stops else "done",
        rows=len(problems),
    )
