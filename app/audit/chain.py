"""Whether every event still lies under its seal, and every seal on the one before.

Pure: it is given seals and events in their order, whoever read them and from wherever.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from app.audit.rules import START, Seal, Tree, leaf

AT, ERA, XID = 3, 4, 13  # positions in rules.Event
KEPT = 100
Row = tuple[Any, ...]


class Pruning(NamedTuple):
    """What the trail says of events that are gone, and what can show that they were old enough.

    Those under the seals up to `upto` were pruned. Whatever was made before `before` (microseconds
    since 1970) may be. `anchored` is the newest seal that an anchor of before then names: 0 for
    none, None where no anchors were given.
    """

    upto: int = 0
    before: int = 0
    anchored: int | None = None


NOTHING = Pruning()


@dataclass(frozen=True, slots=True)
class Problem:
    """What does not fit, where the chain shows it first."""

    code: str
    seal: int | None
    words: str


@dataclass(slots=True)
class Verdict:
    """`unsealed` events have come since the last seal; `eras` are lives of the database.

    Of the seals up to `pruned` the events are gone, as the trail says; that they were kept long
    enough is proven by anchors only. `lost` are seals that were anchored and are not in the backup
    that was restored since, in words.
    """

    seals: int = 0
    events: int = 0
    unsealed: int = 0
    eras: list[int] = field(default_factory=list)
    last: Seal | None = None
    anchors: int | None = None
    pruned: int = 0
    found: int = 0
    lost: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        return self.found == 0

    @property
    def first_broken(self) -> int | None:
        broken = [p.seal for p in self.problems if p.seal is not None]
        return min(broken, default=None)

    def add(self, code: str, seal: int | None, words: str) -> None:
        """The first hundred are kept, all are counted."""
        self.found += 1
        if len(self.problems) < KEPT:
            self.problems.append(Problem(code, seal, words))


def examine(seals: Iterable[Seal], events: Iterator[Row], *, pruning: Pruning = NOTHING) -> Verdict:
    """Walk both once. Seals are asked for first: events that came later are the unsealed ones."""
    verdict = Verdict()
    first: Row | None = None
    event: Row | None = None
    for seal in seals:
        _check_link(verdict, seal)
        if verdict.seals == 0:
            first = event = next(events, None)
        event = _check_events(verdict, seal, event, events, pruning.upto)
        verdict.last = seal
        verdict.seals += 1
        if seal.era not in verdict.eras:
            verdict.eras.append(seal.era)
    verdict.unsealed = (event is not None) + sum(1 for _ in events)
    if verdict.pruned:
        _check_age(verdict, first, pruning)
    return verdict


def check_ahead(verdict: Verdict, count: int) -> None:
    """Events that are dated after now were not written by the service."""
    if count:
        verdict.add("event-dated-ahead", None, f"{_events(count)} dated after this moment.")


def check_future(verdict: Verdict, newest: tuple[int, int] | None, *, era: int, xid: int) -> None:
    """No event can be of a transaction that has not begun; `newest` is (era, xid) of the last."""
    if newest is not None and newest >= (era, xid):
        verdict.add(
            "event-of-the-future",
            None,
            "An event belongs to a transaction that has not begun. "
            "Was the database restored without a new era?",
        )


def _check_link(verdict: Verdict, seal: Seal) -> None:
    last = verdict.last
    expected = 1 if last is None else last.n + 1
    if seal.n != expected:
        verdict.add("seal-missing", expected, f"Seal {expected} is missing.")
    if seal.hash != seal.expected_hash():
        verdict.add("seal-changed", seal.n, f"Seal {seal.n} was changed.")
    if seal.previous != (START if last is None else last.hash):
        verdict.add("chain-broken", seal.n, f"Seal {seal.n} does not follow the one before.")
    if seal.lo != _continues(last, seal) or seal.lo >= seal.hi:
        verdict.add(
            "window-gap", seal.n, f"Transactions are left out or repeated at seal {seal.n}."
        )


def _continues(last: Seal | None, seal: Seal) -> int | None:
    """Where the window must begin: numbers of transactions begin again with an era."""
    if last is None or last.era < seal.era:
        return 0
    return last.hi if last.era == seal.era else None


def _check_events(
    verdict: Verdict, seal: Seal, event: Row | None, events: Iterator[Row], upto: int
) -> Row | None:
    """Take the events of one window off the stream; the first of the next is given back."""
    since, until = (seal.era, seal.lo), (seal.era, seal.hi)
    tree, strays = Tree(), 0
    while event is not None:
        at = (event[ERA], event[XID])
        if at >= until:
            break
        if at < since:
            strays += 1
        else:
            tree.add(leaf(event))
        event = next(events, None)
    verdict.events += tree.count + strays
    if strays:
        verdict.add("events-outside", seal.n, f"{_events(strays)} before seal {seal.n} in none.")
    if seal.n <= upto and verdict.events == 0:  # pruning leaves nothing before what it took
        verdict.pruned = seal.n
    else:
        _compare(verdict, seal, tree)
    return event


def _check_age(verdict: Verdict, first: Row | None, pruning: Pruning) -> None:
    """Whoever deletes events can also say that they were pruned.

    Only an anchor shows how old a seal is. Without any, the first event that is left must be old
    itself: its time is hashed, and that of a seal is not.
    """
    if pruning.anchored is not None:
        old = verdict.pruned <= pruning.anchored
    else:
        old = first is not None and first[AT] < pruning.before
    if not old:
        words = f"Events under the seals up to {verdict.pruned} are gone, and nothing shows that "
        verdict.add("pruned-early", verdict.pruned, f"{words}they were old enough.")


def _compare(verdict: Verdict, seal: Seal, tree: Tree) -> None:
    if tree.count < seal.events:
        words = f"{_events(seal.events - tree.count)} missing under seal {seal.n}."
        verdict.add("events-missing", seal.n, words)
    elif tree.count > seal.events:
        words = f"{_events(tree.count - seal.events)} too many under seal {seal.n}."
        verdict.add("events-added", seal.n, words)
    elif tree.count == 0 or tree.root() != seal.root:
        verdict.add("events-changed", seal.n, f"Events under seal {seal.n} were changed.")


def _events(count: int) -> str:
    return "1 event is" if count == 1 else f"{count:,} events are"
