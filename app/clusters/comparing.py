"""Two runs beside each other: what is new, changed, gone, split and merged.

Analysts and leads compare by the places that clusters share, by the rules of lineage, so that runs
of other settings or days can be compared too. Others compare by the lineage alone.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.clusters import queries, rules
from app.clusters.models import ClusterRun, Row
from app.clusters.queries import Asked
from app.core.actor import Actor
from geo.lineage import Matches, match

MOST, EVERY = 100, 5000
WORDS = {
    "new": "New",
    "gone": "Gone",
    "more": "More",
    "fewer": "Fewer",
    "same": "As before",
    "moved": "As many, not the same incidents",
    "split": "Split from",
    "merged": "Now part of",
}


class Line(NamedTuple):
    """A pattern before, after, or both. `of` is the number of the line it split from or joined."""

    number: int
    kind: str
    was: Row | None
    now_is: Row | None
    n_before: int | None
    n_after: int | None
    of: int | None

    @property
    def row(self) -> Row:
        found = self.now_is or self.was
        if found is None:
            raise ValueError("a line of nothing")
        return found

    @property
    def words(self) -> str:
        said = WORDS[self.kind]
        return said if self.of is None else f"{said} number {self.of}"


class Compared(NamedTuple):
    """Both runs and the lines, the largest first; `left` of them are not listed."""

    before: ClusterRun
    after: ClusterRun
    lines: Sequence[Line]
    left: int
    same_settings: bool
    counts: Mapping[str, int]


def compared(session: Session, actor: Actor, before: UUID, after: UUID) -> Compared:
    """Reported patterns of two runs."""
    was, now_is = queries.find_run(session, before), queries.find_run(session, after)
    own = None if rules.sees_exact(actor.role) else actor.boroughs
    old, new = _patterns(session, was), _patterns(session, now_is)
    if own is None:
        matches = match(_sites(session, was, old), _sites(session, now_is, new))
    else:
        matches = match(_lineages(old), _lineages(new))
    lines = numbered(old, new, matches, own)
    counts = Counter(line.kind for line in lines)
    left = max(0, len(lines) - MOST)
    same = was.params_hash == now_is.params_hash
    return Compared(was, now_is, lines[:MOST], left, same, counts)


def _patterns(session: Session, run: ClusterRun) -> dict[str, Row]:
    """By a key that sorts by the age of the lineage."""
    asked = Asked(runs=[run.id], patterns_only=True)
    rows = queries.clusters(session, asked, limit=EVERY)
    return {f"{row.lineage_since}|{row.lineage}|{row.content_id}": row for row in rows}


def _sites(
    session: Session, run: ClusterRun, patterns: Mapping[str, Row]
) -> dict[str, frozenset[str]]:
    found = {key: frozenset(sites) for key, sites in session.execute(SITES, {"run": run.id})}
    return {key: found.get(row.id, frozenset()) for key, row in patterns.items()}


SITES = text("""
    select cluster_id, array_agg(distinct site_id) from app.cluster_member
    where run_id = :run group by cluster_id
""")


def _lineages(patterns: Mapping[str, Row]) -> dict[str, frozenset[str]]:
    return {key: frozenset({row.lineage}) for key, row in patterns.items()}


def numbered(
    old: Mapping[str, Row],
    new: Mapping[str, Row],
    matches: Matches,
    own: Sequence[str] | None,
) -> list[Line]:
    """One line a pattern, the largest first; what split or merged names the line it belongs to."""
    pairs: list[tuple[str | None, str | None]] = [(matches.continues.get(n), n) for n in new]
    kept = set(matches.continues.values())
    pairs += [(o, None) for o in old if o not in kept]
    pairs.sort(key=lambda pair: _size(old, new, pair, own))
    at_old = {o: i for i, (o, _) in enumerate(pairs, start=1) if o is not None}
    at_new = {n: i for i, (_, n) in enumerate(pairs, start=1) if n is not None}
    found = []
    for number, (o, n) in enumerate(pairs, start=1):
        of = at_old.get(matches.splits.get(n or "", "")) or at_new.get(
            matches.merges.get(o or "", "")
        )
        was, now_is = old.get(o or ""), new.get(n or "")
        kind = _kind(was, now_is, own, joined=of is not None)
        found.append(Line(number, kind, was, now_is, _n(was, own), _n(now_is, own), of))
    return found


def _size(
    old: Mapping[str, Row],
    new: Mapping[str, Row],
    pair: tuple[str | None, str | None],
    own: Sequence[str] | None,
) -> tuple[int, str]:
    o, n = pair
    most = max(_n(old.get(o or ""), own) or 0, _n(new.get(n or ""), own) or 0)
    return -most, n or o or ""


def _n(row: Row | None, own: Sequence[str] | None) -> int | None:
    if row is None:
        return None
    return row.n if own is None else sum(rules.own_side(row.boroughs, own).values())


def _kind(was: Row | None, now_is: Row | None, own: Sequence[str] | None, *, joined: bool) -> str:
    if was is None:
        return "split" if joined else "new"
    if now_is is None:
        return "merged" if joined else "gone"
    before, after = _n(was, own) or 0, _n(now_is, own) or 0
    if before != after:
        return "more" if after > before else "fewer"
    alike = own is not None or was.content_id == now_is.content_id or was.run_id == now_is.run_id
    return "same" if alike else "moved"
