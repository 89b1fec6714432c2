"""The whole report as text: every page from its measures, in a fixed order, without a clock."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.briefings import (
    caveats,
    of_clusters,
    of_fairness,
    of_maps,
    of_numbers,
    of_places,
    of_records,
    of_work,
    pages,
    rules,
)
from app.briefings.asked import Asked
from app.briefings.models import Briefing, Json
from app.briefings.of_numbers import Numbers
from app.briefings.rules import Line, Section
from app.releases import rules as periods
from app.releases.models import Release


@dataclass(frozen=True, slots=True)
class Found:
    """Everything that a snapshot is made of, beside the records of work."""

    briefing: Briefing
    release: Release
    half: Release | None
    numbers: Numbers
    asked: Asked
    lines: Sequence[Line]
    decided: Sequence[str]
    unnameable: frozenset[str]  # references of released places that are not named any more
    corrected: Sequence[str]


def snapshot(session: Session, found: Found) -> tuple[Json, list[str]]:
    """The report and who was silent."""
    asked, numbers = found.asked, found.numbers
    codes = tuple(asked.boroughs)
    silent, spoke, quiet = of_records.silent(session, asked)
    clusters = of_clusters.found(session, asked)
    certificate = found.release.certificate or {}
    blocks: dict[int, list[Json]] = {
        1: pages.summary(found.lines, _became(found), caveats.of(numbers.now)),
        2: _contexts(session, found, clusters),
        3: pages.harm(numbers),
        4: pages.when(numbers, codes),
        5: pages.boroughs(numbers, codes, asked.known),
        6: _responses(session, asked),
        7: of_work.outcomes(session, asked),
        8: _panels(session, found),
        9: [
            *pages.reported(numbers, [silent], _quiet_wards(numbers), found.lines),
            *_fairness(session, found),
        ],
        10: [],
        pages.ANNEX: [
            *pages.annex(certificate, found.release.sha256 or "", found.corrected),
            of_clusters.of_neighbours(session, asked, clusters),
        ],
    }
    titles = dict((*pages.PAGES, (pages.ANNEX, "Annex")))
    under = of_maps.ground(session, asked.partners)
    named = of_maps.pair(session, under, numbers, asked, clusters)
    blocks[2] += [] if named is None else [named]
    told = [
        {
            "number": n,
            "title": titles[n],
            "blocks": [of_maps.pictured(one, under) for one in blocks[n]],
        }
        for n in sorted(blocks)
    ]
    return _cover(found, spoke, quiet) | {"pages": told}, quiet


def _cover(found: Found, spoke: Sequence[str], quiet: Sequence[str]) -> Json:
    window = found.asked.window
    return {
        "kind": "QUARTERLY",
        "period": window.period,
        "title": f"Quarterly context report, {window.words}",
        "words": window.words,
        "known_on": f"{periods.day_before(window.cut_at):%-d %B %Y}",
        "marking": found.briefing.marking,
        "boroughs": list(found.asked.boroughs.values()),
        "coverage": _coverage(spoke, quiet),
        "release": found.release.code,
        "release_sha256": found.release.sha256,
        "half_year": None if found.half is None else found.half.code,
        "compared": [one.period for one in (window.before, window.year_before)],
        "method_version": rules.METHOD_VERSION,
        "template_version": rules.TEMPLATE_VERSION,
    }


def _coverage(spoke: Sequence[str], quiet: Sequence[str]) -> str:
    """Who reported and who did not, in one or two sentences."""
    first = f"Reported: {', '.join(spoke)}." if spoke else "No organisation reported."
    return f"{first} Silent: {', '.join(quiet)}." if quiet else first


def _became(found: Found) -> list[tuple[str, str]]:
    """Each decision of the last report with what was written of it."""
    told = {one.position: one.body for one in found.lines if one.section == Section.BECAME}
    return [(decision, told.get(n, "Not said yet.")) for n, decision in enumerate(found.decided, 1)]


def _contexts(
    session: Session, found: Found, clusters: Sequence[of_clusters.Cluster]
) -> list[Json]:
    asked, numbers = found.asked, found.numbers
    bands = _bands(numbers)
    online = of_clusters.online_rows(session, asked, numbers.names)
    others = [*of_clusters.rows(clusters), *online]
    named = of_numbers.named(numbers, "T2c", found.unnameable)
    platforms = of_numbers.of_half(numbers, "RH4", "T2f")
    return [
        of_places.contexts(session, asked, bands, others),
        of_places.pipeline(session, asked),
        named,
        of_clusters.across(session, asked, clusters),
        of_clusters.takedowns(session, asked),
        *([platforms] if platforms else []),
    ]


def _responses(session: Session, asked: Asked) -> list[Json]:
    first, late = of_work.actions(session, asked)
    return [
        of_places.funnel(session, asked),
        of_places.days(session, asked),
        first,
        late,
        of_places.guardians(session, asked),
        of_work.plans(session, asked),
    ]


def _panels(session: Session, found: Found) -> list[Json]:
    numbers = found.numbers
    episodes = numbers.shown(numbers.now, "RQ6", "BOTH")
    return [
        *of_work.panels(session, found.asked),
        of_numbers.table(numbers, "RQ6", "T8b"),
        of_records.interviews(session, found.asked, episodes),
        of_numbers.table(numbers, "RQ5", "T8c"),
    ]


def _fairness(session: Session, found: Found) -> list[Json]:
    """T9c to T9g: equality and bias, lateness, and how long people waited."""
    asked, numbers = found.asked, found.numbers
    return [
        of_fairness.looked_for(numbers, asked),
        of_fairness.labels(session, asked),
        pages.text("What is not known", [of_fairness.NO_FIELDS, of_fairness.NO_INDEX], ""),
        of_numbers.table(numbers, "RQ9", "T9d"),
        of_records.lateness(session, asked),
        of_records.steps(session, asked),
        of_records.answers(session, asked),
    ]


def _quiet_wards(numbers: Numbers) -> list[str]:
    return of_records.quiet_wards(numbers.half, dict(numbers.names))


def _bands(numbers: Numbers) -> dict[str, tuple[str, str | None]]:
    """Of each named place: its band now, and a quarter ago where it had one."""
    before = {c.geo_code: c.shown for c in numbers.last if c.table_code == "RQ7"}
    return {
        cell.geo_code: (cell.shown, before.get(cell.geo_code))
        for cell in numbers.now
        if cell.table_code == "RQ7"
    }
