"""The job that builds and checks a quarterly context report: records in, one frozen text out."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.audit import service as audit
from app.briefings import checks, of_numbers, of_work, pages, queries, rules
from app.briefings.models import Briefing, Json
from app.briefings.of_numbers import Numbers
from app.briefings.rules import Line, Section, State
from app.core.actor import job_actor
from app.core.db import Database
from app.core.errors import RuleBrokenError
from app.places import queries as places
from app.releases import queries as releases
from app.releases import rules as periods
from app.releases import view
from app.releases.models import Release
from geo.disclosure import Cell

BUILD = job_actor("briefings:build")
QUARTERS = 8


@dataclass(frozen=True, slots=True)
class Found:
    """Everything that a snapshot is made of."""

    briefing: Briefing
    release: Release
    numbers: Numbers
    asked: of_work.Asked
    lines: Sequence[Line]
    decided: Sequence[str]


def check(db: Database, ref: str, boroughs: dict[str, str]) -> None:
    """Build the snapshot anew and check it; the briefing is then checked, or a draft with why."""
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
        found = _found(session, briefing, release, boroughs)
        made, silent = snapshot(session, found)
        _put(session, found, made, silent)


def snapshot(session: Session, found: Found) -> tuple[Json, list[str]]:
    """The whole report as text in a fixed order, and who was silent; no clock is in it."""
    numbers, asked, lines = found.numbers, found.asked, found.lines
    codes = tuple(asked.boroughs)
    silent_block, silent = of_work.silent(session, asked)
    first, late = of_work.actions(session, asked)
    became = list(zip(found.decided, rules.said(lines, Section.BECAME), strict=False))
    certificate = found.release.certificate or {}
    blocks: dict[int, list[Json]] = {
        1: pages.summary(lines, became),
        2: [of_work.contexts(session, asked, _bands(numbers)), of_work.pipeline(session, asked),
            of_numbers.table(numbers, "RQ7", "T2c")],
        3: pages.harm(numbers),
        4: pages.when(numbers, codes),
        5: pages.boroughs(numbers, codes),
        6: [of_work.funnel(session, asked), first, late, of_work.days(session, asked),
            of_work.plans(session, asked)],
        7: [of_work.outcomes(session, asked)],
        8: [of_work.panels(session, asked), of_numbers.table(numbers, "RQ6", "T8b"),
            of_numbers.table(numbers, "RQ5", "T8c")],
        9: pages.reported(numbers, silent_block, lines),
        10: [],
        pages.ANNEX: pages.annex(certificate, found.release.sha256 or ""),
    }  # fmt: skip
    titles = dict((*pages.PAGES, (pages.ANNEX, "Annex")))
    window = asked.window
    return {
        "kind": "QUARTERLY",
        "period": window.period,
        "title": f"Quarterly context report, {window.words}",
        "words": window.words,
        "known_on": f"{periods.day_before(window.cut_at):%-d %B %Y}",
        "marking": found.briefing.marking,
        "boroughs": list(asked.boroughs.values()),
        "release": found.release.code,
        "release_sha256": found.release.sha256,
        "compared": [one.period for one in (window.before, window.year_before)],
        "method_version": rules.METHOD_VERSION,
        "template_version": rules.TEMPLATE_VERSION,
        "pages": [{"number": n, "title": titles[n], "blocks": blocks[n]} for n in sorted(blocks)],
    }, silent


def canonical(made: Json) -> str:
    """Sorted keys, UTF-8, no spaces: the same bytes on each machine.

    >>> canonical({"b": 1, "a": "é"})
    '{"a":"é","b":1}'
    """
    return json.dumps(made, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _found(
    session: Session, briefing: Briefing, release: Release, boroughs: dict[str, str]
) -> Found:
    window = periods.window(briefing.period_code)
    names = view.names_of(release.named, boroughs, releases.names(session))
    series = []
    one = window
    for _ in range(QUARTERS):
        series.append((one.period, _cells(session, one.period)))
        one = one.before
    known = dict(series)
    year_ago = known.get(window.year_before.period, ())
    numbers = Numbers(
        window.period,
        tuple(releases.cells(session, release)),
        known[window.before.period],
        year_ago,
        names,
        tuple(reversed(series)),
    )
    asked = of_work.Asked(window, tuple(boroughs), boroughs)
    decided = queries.decided_before(session, window.before.period)
    return Found(briefing, release, numbers, asked, queries.lines(session, briefing), decided)


def _cells(session: Session, period: str) -> tuple[Cell, ...]:
    release = releases.approved(session, period)
    return () if release is None else tuple(releases.cells(session, release))


def _bands(numbers: Numbers) -> dict[str, tuple[str, str | None]]:
    """Of each named place: its band now, and a quarter ago where it had one."""
    before = {c.geo_code: c.shown for c in numbers.last if c.table_code == "RQ7"}
    return {
        cell.geo_code: (cell.shown, before.get(cell.geo_code))
        for cell in numbers.now
        if cell.table_code == "RQ7"
    }


def _put(session: Session, found: Found, made: Json, silent: list[str]) -> None:
    briefing = found.briefing
    told = canonical(made)
    problems = checks.problems(
        checks.Subject(
            made,
            found.lines,
            tuple(found.decided),
            tuple(silent),
            found.release,
            found.numbers.now,
            places.language(session),
            checks.unnameable(session, made, found.asked.values["cut_day"]),
        )
    )
    briefing.snapshot = told
    briefing.snapshot_sha256 = hashlib.sha256(told.encode()).hexdigest()
    briefing.release_ids = [found.release.id]
    briefing.method_version = rules.METHOD_VERSION
    briefing.template_version = rules.TEMPLATE_VERSION
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
