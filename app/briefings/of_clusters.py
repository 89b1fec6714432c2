"""Clusters and online spaces, in words: rows of T2a, V27, V28 and the annex for neighbours."""

from collections import Counter
from collections.abc import Mapping, Sequence
from string import ascii_uppercase
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from app.briefings import context_sql, words
from app.briefings.asked import Asked, block
from app.briefings.models import Json
from app.briefings.of_places import BANDS, NO_NUMBER, order
from app.clusters.deciding import long_day
from geo.disclosure import show

CLASSES = {
    "both": "New, and high through the year",
    "emerging": "New and sudden",
    "persistent": "High through the year",
    "chance": "May be chance",
    "not tested": "Not tested",
}
RULES = (
    ("r1_span", "incidents at its core lie in more than one borough"),
    ("r2_straddle", "its ground reaches across the border"),
    ("r3_flow", "children come from elsewhere more than expected"),
    ("r4_link", "the same children are harmed on both sides"),
)
DECIDED = {"CANDIDATE": "Found", "REVIEWED": "Looked at", "WATCH": "Watched", "ADOPTED": "Adopted"}
PROACTIVE = ("PROACTIVE_PATROL", "STOP_SEARCH")
LEVEL = "CL0"
MOST = 3
NEIGHBOURS = {"E09000024": "Merton", "E09000032": "Wandsworth"}
NONE_RAN = "No analysis of clusters was finished by the cut-off."
NONE_ACROSS = "No cluster lies across a border."
NOTE = "A cluster is a pattern in records. Its incidents are not counted here."


class Cluster(NamedTuple):
    """A cluster as it may be named: by a letter and what is near."""

    letter: str
    ref: str
    name: str
    codes: Sequence[str]
    where: str
    across: bool
    band: str | None
    state: str
    rules: str
    sure: str
    stability: str
    sources: str
    since: str

    @property
    def label(self) -> str:
        return f"{self.letter}: {self.name}"


def found(session: Session, asked: Asked) -> list[Cluster]:
    """Of the newest run at the cut: both classes first, then one, then what may be chance."""
    rows = list(session.execute(context_sql.CLUSTERS, asked.values))
    classes = list(CLASSES)
    rows.sort(key=lambda row: (classes.index(row.significance), row.name, row.ref))
    return [_cluster(row, n, asked) for n, row in enumerate(rows)]


def _cluster(row: Any, number: int, asked: Asked) -> Cluster:  # noqa: ANN401 - a row
    holds = [told for name, told in RULES if getattr(row, name)]
    return Cluster(
        letter=_letter(number),
        ref=row.ref,
        name=row.name,
        codes=row.borough_codes,
        where=asked.where(row.borough_codes),
        across=row.cross_borough,
        band=row.band and row.band.upper(),
        state=DECIDED.get(row.state, "Found"),
        rules="; ".join(holds).capitalize() or "None",
        sure=CLASSES[row.significance],
        stability="Not tested" if row.stability is None else f"{row.stability} of 9",
        sources=_sources(row.agencies, row.discovered_by),
        since=long_day(row.opened_on),
    )


def _letter(number: int) -> str:
    """A to Z, then AA.

    >>> _letter(0), _letter(27)
    ('A', 'AB')
    """
    turns, rest = divmod(number, len(ascii_uppercase))
    return (_letter(turns - 1) if turns else "") + ascii_uppercase[rest]


def _sources(agencies: Mapping[str, int], found_by: Mapping[str, int]) -> str:
    """In words: how many know of it, and whether police went looking. No number of incidents.

    >>> _sources({"AFC": 3}, {"CASEWORK": 1, "STOP_SEARCH": 2})
    'One organisation; mostly found by police work'
    """
    known = len(agencies)
    said = "One organisation" if known == 1 else "A few organisations"
    said = "Many organisations" if known > 3 else said
    asked_for = sum(found_by.get(one, 0) for one in PROACTIVE)
    looked = asked_for * 2 > sum(found_by.values())
    return f"{said}; mostly found by police work" if looked else said


def rows(clusters: Sequence[Cluster]) -> list[tuple[Any, list[Any]]]:
    """The surest three for T2a, with what they are sorted by: places come first in that table."""
    return [
        (order(one.band, LEVEL, one.label),
         [one.label, ["Cluster", one.where, BANDS[one.band], "None", one.state, NO_NUMBER,
                      "Each month"]])
        for one in clusters[:MOST]
    ]  # fmt: skip


def online_rows(
    session: Session, asked: Asked, platforms: Mapping[str, str]
) -> list[tuple[Any, list[Any]]]:
    """Online spaces as their platform: one row, with the highest priority and level of them."""
    held: dict[str, list[Any]] = {}
    for row in session.execute(context_sql.ONLINE, asked.values):
        held.setdefault(row.platform_code, []).append(row)
    made = []
    for code, spaces in sorted(held.items()):
        name = f"Online: {platforms.get(code, code.capitalize())}"
        best = min(spaces, key=lambda s: order(s.band, s.level, name))
        level = max(space.level for space in spaces)
        where = asked.where(sorted({one for space in spaces for one in space.borough_codes}))
        told = ["Online", where, BANDS[best.band], "Not set" if level == LEVEL else level[2:],
                "Worked with", NO_NUMBER, "With its place"]  # fmt: skip
        made.append((order(best.band, level, name), [name, told]))
    return made


def across(session: Session, asked: Asked, clusters: Sequence[Cluster]) -> Json:
    """V28: clusters that lie across a border."""
    told = [
        [one.label, [one.where, one.rules, one.sure, one.stability, one.sources, one.since]]
        for one in clusters
        if one.across
    ]
    columns = ("Where", "Why across the border", "How sure", "Found again", "Known to",
               "Known since")  # fmt: skip
    title = "Clusters across a border"
    return block("T2d", title, columns, told, note=NOTE, empty=_empty(session, asked))


def of_neighbours(session: Session, asked: Asked, clusters: Sequence[Cluster]) -> Json:
    """The annex for Merton and Wandsworth: clusters only."""
    told = [
        [one.label, [" and ".join(name for code, name in NEIGHBOURS.items() if code in one.codes),
                     one.where, one.sure]]
        for one in clusters
        if set(NEIGHBOURS) & set(one.codes)
    ]  # fmt: skip
    title = "Clusters that reach into Merton or Wandsworth"
    return block("A2", title, ("For", "Where", "How sure"), told, note=NOTE,
                 empty=_empty(session, asked))  # fmt: skip


def _empty(session: Session, asked: Asked) -> str:
    ran = session.execute(context_sql.RAN, asked.values).scalar_one()
    return NONE_ACROSS if ran else NONE_RAN


def takedowns(session: Session, asked: Asked) -> Json:
    """V27: what was asked to be taken down, by the number rule; days until it was gone."""
    found_ = list(session.execute(context_sql.TAKEDOWN, asked.values))
    first, end = asked.window.start_at, asked.window.end_at
    n: Counter[str] = Counter()
    days = []
    for row in found_:
        n["asked"] += row.asked is not None and first <= row.asked < end
        gone = row.removed is not None and first <= row.removed < end
        n["gone"] += gone
        n["back"] += gone and row.state == "RETURNED"
        if gone and row.asked is not None:
            days.append((row.removed - row.asked).days)
    days.sort()
    middle = str(days[len(days) // 2]) if len(days) >= words.LEAST else words.FEW
    told = [
        ["Asked to be taken down", [show(n["asked"]).text]],
        ["Taken down", [show(n["gone"]).text]],
        ["of these, back again", [show(n["back"]).text]],
        ["Days until they were gone, median", [middle]],
    ]
    note = "Small numbers are not shown exactly. No median is made of fewer than 8."
    return block("T2e", "Online spaces this quarter", ["Number"], told, note=note)
