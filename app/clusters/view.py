"""The page of one cluster: what it is, how sure we are, why here, and what was decided."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from app.audit import service as audit
from app.clusters import chapters, deciding, decisions, queries, rules, telling
from app.clusters.chapters import Alike, Rhythm, Site
from app.clusters.deciding import Kind
from app.clusters.evidence import Contribution, Evidence, Setting
from app.clusters.models import ClusterRun, Row
from app.clusters.telling import Rule, Verdict
from app.core import clock
from app.core.actor import Actor
from app.core.charts import Bars, bars
from app.reference import queries as reference

SITES = 50
LARGEST = 5
KINDS = {
    "incidents": "Incidents, beside the largest cluster",
    "reports": "Reported by the public or a partner",
    "agencies": "Agencies, of all that reported",
    "recency": "In the last 90 days",
    "after_dark": "After dark, where the time is known",
    "severity": "Severe harm",
}


class Share(NamedTuple):
    """One contribution: what it is, of how many, and the share in a hundred."""

    label: str
    n: int
    of: int
    percent: int


class Grid(NamedTuple):
    """The settings as a table: a row for each distance, a column for each number of days."""

    days: Sequence[int]
    rows: Sequence[tuple[float, Sequence[bool | None]]]


class Exact(NamedTuple):
    """What analysts and leads read beside: numbers, places, hours, sources."""

    tests: Sequence[str]
    why_here: Sequence[Share]
    months: Bars | None
    sources: Sequence[tuple[str, Sequence[tuple[str, int]]]]
    sites: Sequence[Site]
    sites_left: int
    rhythm: Rhythm | None
    alike: Sequence[Alike]
    children: str | None


class Told(NamedTuple):
    """Everything of the page; `exact` only for analysts and leads."""

    content_id: str
    lineage: str
    name: str
    source: str
    cross_borough: bool
    state: str
    place_ref: str | None
    lead_agency: str | None
    what: str
    why_listed: str
    why_not: str | None
    verdict: Verdict
    sure: Sequence[str]
    boroughs: Sequence[tuple[str, int]]
    across: bool
    rules: Sequence[Rule]
    settings: Grid | None
    lineage_words: Sequence[str]
    exact: Exact | None


def of(session: Session, actor: Actor, row: Row, run: ClusterRun) -> Told:
    """A cluster as this reader is told it; reading its places is audited."""
    exact, today = rules.sees_exact(actor.role), clock.today()
    names = queries.borough_names(session)
    counts = row.boroughs if exact else rules.own_side(row.boroughs, actor.boroughs)
    across = len(counts) < len(row.boroughs)
    evidence = Evidence.of(row.evidence)
    agencies = dict(reference.codes(session, "agency"))
    return Told(
        content_id=row.content_id,
        lineage=row.lineage,
        name=row.name,
        source=row.source,
        cross_borough=row.cross_borough,
        state=deciding.state_in_words(row.state, row.watch_until, today),
        place_ref=row.place_ref,
        lead_agency=agencies.get(row.lead_agency or "", row.lead_agency),
        what=telling.what_it_is(
            _over_all_days(session, row) if exact else row,
            run.params,
            own=sum(counts.values()) if across else None,
            today=today,
        ),
        why_listed=rules.rule_in_words(run.params),
        why_not=row.why_not,
        verdict=telling.verdict(row, evidence, exact=exact),
        sure=_sure(evidence, exact=exact),
        boroughs=[(names.get(code, code), n) for code, n in counts.items()],
        across=across,
        rules=[] if across else telling.rules(row, evidence, names, _home(row)),
        settings=grid(evidence.stability.settings),
        lineage_words=_lineage(session, row, run, today),
        exact=_exact(session, row, evidence) if exact else None,
    )


def _over_all_days(session: Session, row: Row) -> Row:
    """With the days of its edge too; the run gives those of the core."""
    first, last = chapters.days(session, row)
    return row if first is None or last is None else row._replace(first_on=first, last_on=last)


def _home(row: Row) -> str | None:
    """The borough with most of the incidents; ties by code."""
    return min(row.boroughs, key=lambda code: (-row.boroughs[code], code), default=None)


def _sure(evidence: Evidence, *, exact: bool) -> list[str]:
    found = [telling.stability(evidence.stability)]
    if exact:
        found.append(telling.without_proactive(evidence.without_proactive))
        found.append(telling.aoristic(evidence.aoristic))
    return found


def _exact(session: Session, row: Row, evidence: Evidence) -> Exact:
    sites, left = chapters.sites(session, row, limit=SITES)
    read = sum(site.spots for site in sites)
    audit.record(session, "cluster.members", "cluster", row.content_id, rows=read)
    months = [(long_month(one.month), one.n) for one in evidence.months]
    return Exact(
        tests=telling.tests(evidence, clock.today()),
        why_here=shares(evidence.why_here),
        months=bars(months) if months else None,
        sources=_sources(session, evidence),
        sites=sites,
        sites_left=left,
        rhythm=chapters.rhythm(session, row),
        alike=chapters.alike(session, row),
        children=_children(evidence),
    )


def shares(found: Sequence[Contribution]) -> list[Share]:
    """The five largest, as parts of a hundred."""
    largest = sorted(found, key=lambda one: -one.weight)[:LARGEST]
    return [Share(KINDS[one.kind], one.n, one.of, round(100 * one.weight)) for one in largest]


def _sources(session: Session, evidence: Evidence) -> list[tuple[str, Sequence[tuple[str, int]]]]:
    of = evidence.sources
    lists: Mapping[str, tuple[str, Mapping[str, int]]] = {
        "How it became known": ("discovered_by", of.discovered_by),
        "Agency": ("agency", of.agencies),
        "How certain": ("confidence", of.confidence),
    }
    return [
        (title, chapters.labels(session, name, counts))
        for title, (name, counts) in lists.items()
        if counts
    ]


def _children(evidence: Evidence) -> str | None:
    if evidence.r3.children is None:
        return None
    return f"{telling.many(evidence.r3.children, 'child')} linked as harmed here."


def grid(settings: Sequence[Setting]) -> Grid | None:
    """Distances down, days across; None in a cell that was not tried."""
    if not settings:
        return None
    found = {(one.eps_m, one.eps_days): one.found for one in settings}
    days = sorted({one.eps_days for one in settings})
    metres = sorted({one.eps_m for one in settings})
    return Grid(days, [(m, [found.get((m, d)) for d in days]) for m in metres])


def _lineage(session: Session, row: Row, run: ClusterRun, today: date) -> list[str]:
    origin = chapters.origin(session, row)
    found = []
    if origin.since < run.last_on:
        found.append(f"Continues {row.lineage} since {_month(origin.since, today)}.")
    else:
        day = deciding.long_day(origin.since)
        found.append(f"First found with the data up to {day}, as {row.lineage}.")
    if origin.split_from is not None:
        found.append(f"Split from {origin.split_from}.")
    if origin.merged:
        found.append(f"Took in {telling.listed(list(origin.merged))}.")
    return found


def _month(day: date, today: date) -> str:
    return f"{day:%B}" if day.year == today.year else f"{day:%B %Y}"


def long_month(month: str) -> str:
    """`2026-03` is `Mar 2026`."""
    return f"{date.fromisoformat(f'{month}-01'):%b %Y}"


def history(session: Session, actor: Actor, row: Row) -> dict[str, Any]:
    """What was decided, the newest first; a reader without the right finds nothing."""
    agencies = dict(reference.codes(session, "agency"))
    made = decisions.made(session, row)
    last = deciding.standing(made)
    return {
        "decisions": [
            (deciding.in_words(one, agencies), one, "you" if one.by == actor.id else "a lead")
            for one in made
        ],
        "last": None if last is None else deciding.in_words(last, agencies),
        "adopted": row.state == Kind.ADOPTED,
    }
