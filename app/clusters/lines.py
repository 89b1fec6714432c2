"""A list of clusters in words: each row, and the sentences above it. Pure."""

from collections.abc import Mapping, Sequence
from datetime import date
from math import floor
from typing import NamedTuple, Self

from app.clusters import deciding, rules, telling
from app.clusters.lists import Counts, Filters, Listed
from app.clusters.models import ClusterRun
from app.clusters.rules import State
from app.core import clock

UNDER_WAY = frozenset({State.QUEUED, State.RUNNING})
SURE = {
    "emerging": "Unlikely to be chance",
    "persistent": "High through the year",
    "both": "Unlikely to be chance, high through the year",
    "chance": "May be chance",
    "not tested": "Not tested",
}
CHANGES = {"new": "New", "changed": "Changed", "same": "As before"}
SHOWN = {
    "sure": "More than chance",
    "chance": "Also may be chance",
    "all": "Everything found",
}


class Line(NamedTuple):
    """One row as it is read."""

    content_id: str
    name: str
    source: str
    boroughs: Sequence[str]
    cross_borough: bool
    n: int
    first_on: date
    last_on: date
    sure: str
    why_not: str | None
    change: str
    decision: str

    @classmethod
    def of(cls, row: Listed, names: Mapping[str, str], own: Sequence[str] | None) -> Self:
        counts = row.boroughs if own is None else rules.own_side(row.boroughs, own)
        told = [f"{telling.short(names, code)} {n:,}" for code, n in counts.items()]
        if len(counts) < len(row.boroughs):
            told.append(rules.ACROSS)
        return cls(
            content_id=row.content_id,
            name=row.name,
            source=row.source,
            boroughs=told,
            cross_borough=row.cross_borough,
            n=row.n,
            first_on=row.first_on,
            last_on=row.last_on,
            sure=_sure(row, exact=own is None),
            why_not=None if row.reportable else row.why_not,
            change=_change(row),
            decision=deciding.state_in_words(row.state, row.watch_until, clock.today()),
        )


def _sure(row: Listed, *, exact: bool) -> str:
    words = SURE.get(row.significance, SURE["not tested"])
    emerging = row.significance in {"emerging", "both"}
    if exact and emerging and row.p_emerging:
        return f"{words} (1 of {floor(1 / row.p_emerging):,})"
    return words


def _change(row: Listed) -> str:
    words = CHANGES.get(row.change or "", "First run")
    return f"{words}, {row.n_before:,} before" if row.change == "changed" else words


def summary(runs: Sequence[ClusterRun], counts: Counts, filters: Filters) -> str:
    """The sentence above the list, or in its place when it is empty."""
    done = [run for run in runs if run.state == State.DONE]
    if not done:
        return "Nothing has been calculated yet."
    if counts.shown:
        return f"{telling.many(counts.shown, 'cluster')}."
    if filters.given():
        return "No clusters match these filters."
    return f"The last run on {_on(done[0])} found no clusters."


def hidden(counts: Counts, filters: Filters) -> str | None:
    """What is left out because it may be chance; None where nothing is, or it is shown."""
    if filters.show != "sure" or not counts.chance:
        return None
    return f"{telling.many(counts.chance, 'pattern')} may be chance."


def running(runs: Sequence[ClusterRun]) -> str | None:
    """While a calculation is under way: since when, and of which day the results are."""
    under_way = [run for run in runs if run.state in UNDER_WAY]
    if not under_way:
        return None
    first = min(under_way, key=lambda run: run.started_at or run.requested_at)
    at = clock.london(first.started_at or first.requested_at)
    done = [run for run in runs if run.state == State.DONE]
    results = f"These are the results of {_on(done[0])}." if done else "There are no results yet."
    begun = "started" if first.started_at else "was asked for"
    return f"A new calculation {begun} at {at:%H:%M}. {results}"


def of_run(run: ClusterRun) -> str:
    """The source, days and settings of a run, as a sentence."""
    days = run.params["eps_days"]
    near = f"{run.params['eps_m']:g} metres, {'any time' if days is None else f'{days} days'}"
    window = rules.period_in_words(run.first_on, run.last_on)
    least = f"at least {run.params['min_points']} incidents"
    return f"{run.source.capitalize()} data, {window}: {near}, {least}."


def progress(run: ClusterRun, usual_s: float | None) -> str:
    """How far a run is, in words: since when, and how long the last one took."""
    if run.state == State.QUEUED:
        return "Waiting for the worker"
    if run.state == State.RUNNING and run.started_at is not None:
        since = f"Running since {clock.london(run.started_at):%H:%M:%S}"
        return since if usual_s is None else f"{since}. The last one took {_seconds(usual_s)}"
    if run.state == State.FAILED:
        return f"Failed: {run.failure}"
    took = took_s(run)
    return "Done" if took is None else f"Done in {_seconds(took)}"


def took_s(run: ClusterRun) -> float | None:
    if run.started_at is None or run.finished_at is None:
        return None
    return (run.finished_at - run.started_at).total_seconds()


def _seconds(seconds: float) -> str:
    if seconds < 1:
        return "less than a second"
    if seconds < 90:
        return telling.many(round(seconds), "second")
    return telling.many(round(seconds / 60), "minute")


def _on(run: ClusterRun) -> str:
    day = clock.london(run.finished_at or run.requested_at).date()
    return f"{day.day} {day:%B}" if day.year == clock.today().year else deciding.long_day(day)
