"""Verify the whole audit against its seals, and against anchors where some are given."""

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy.orm import Session

from app.audit import anchors, queries, service
from app.audit.chain import AT, ERA, XID, Pruning, Verdict, check_ahead, check_future, examine
from app.audit.rules import Seal
from app.audit.seals import SEALER, seal
from app.core.actor import Actor
from app.core.db import Database
from app.core.partnership import partnership
from app.core.settings import Settings

CHANGED = "The {name} is not what was signed: its hash is another."
Progress = Callable[[int, int, str], None]
LEAST = timedelta(days=2192)  # six years: below that no event is pruned, whatever a list says
AHEAD_S = 600  # clocks of two machines may differ by so much
VERIFY, ASKED = "audit.verify", "asked"


def ask(session: Session) -> None:
    """The worker looks for this event and verifies: a million events take longer than a page."""
    service.record(session, VERIFY, "audit_event", None, outcome=ASKED, rows=0)


def asked(db: Database) -> bool:
    """Whether somebody has asked since the last verification ended."""
    with db.cursor(SEALER) as cursor:
        return queries.last_outcome(cursor, VERIFY) == ASKED


def verify(
    db: Database,
    actor: Actor = SEALER,
    *,
    compared: Sequence[anchors.Anchor] = (),
    progress: Progress = lambda *_: None,
) -> Verdict:
    """What the database shows the actor: the sealer or an auditor, who both read every event."""
    with db.cursor(actor) as cursor:
        return read_through(cursor, compared=compared, progress=progress)


def read_through(
    cursor: queries.Cursor,
    *,
    compared: Sequence[anchors.Anchor] = (),
    progress: Progress = lambda *_: None,
) -> Verdict:
    """Read everything once, holding one node a level of the tree of a seal.

    A million events take about eight seconds. The clock is that of this machine: whoever may
    rewrite the database may also choose the times in it.
    """
    now_s = time.time()
    wanted = {anchor.n for anchor in compared}
    hashes: dict[int, tuple[int, bytes]] = {}
    newest = _Newest(queries.sealed_events(cursor), progress, latest=_us(now_s + AHEAD_S))
    seals = _remembering(queries.every_seal(cursor), wanted, hashes)
    events = newest.passing(queries.every_event(cursor))
    pruning = _pruning(queries.pruned(cursor), compared, now_s)
    verdict = examine(seals, events, pruning=pruning)
    check_ahead(verdict, newest.ahead)
    era, xid = queries.current_era(cursor), queries.next_xid(cursor)
    check_future(verdict, newest.at, era=era, xid=xid)
    for name in queries.broken_documents(cursor):
        verdict.add("document-changed", None, CHANGED.format(name=name))
    if compared:
        anchors.compare(verdict, compared, hashes)
        verdict.anchors = len(compared)
    return verdict


def verify_with(
    db: Database,
    settings: Settings,
    actor: Actor = SEALER,
    *,
    anchor_file: Path | None = None,
    keys: Sequence[Ed25519PublicKey] = (),
    progress: Progress = lambda *_: None,
) -> Verdict:
    """The same, with the anchors of a file, and remembered as an event of its own."""
    unread = Verdict()
    compared: list[anchors.Anchor] = []
    if anchor_file is not None:
        known = keys or [anchors.private_key(settings.data_dir).public_key()]
        name = partnership(settings.partnership).name
        compared = anchors.read(anchor_file, known, partnership=name, verdict=unread)
    verdict = verify(db, actor, compared=compared, progress=progress)
    for problem in unread.problems:
        verdict.add(problem.code, problem.seal, problem.words)
    with db.begin(actor) as session:
        service.record(
            session,
            VERIFY,
            "audit_event",
            None,
            outcome="unchanged" if verdict.holds else "changed",
            rows=verdict.events,
            seals=verdict.seals,
            first_broken=verdict.first_broken,
            anchors=verdict.anchors,
        )
    return verdict


def anchor(db: Database, settings: Settings, out: Path) -> tuple[Seal, str] | None:
    """Seal, then sign the newest seal into `out`; None while there is nothing to sign."""
    newest = seal(db).last
    if newest is None:
        return None
    key = anchors.private_key(settings.data_dir)
    name = partnership(settings.partnership).name
    anchors.append(out, anchors.signed_line(newest, partnership=name, key=key))
    signed_by = anchors.key_id(key.public_key())
    with db.cursor(SEALER) as cursor:
        queries.add_anchor(cursor, n=newest.n, key_id=signed_by)
    return newest, signed_by


def anchor_restore(db: Database, settings: Settings, out: Path) -> bool:
    """Say in `out` where the life before ended that a restore went back to; False for the first.

    Only whoever restored says so, never the worker by itself: otherwise a database administrator
    who begins another life could have the seals of this one forgotten.
    """
    with db.cursor(SEALER) as cursor:
        era, ended = queries.current_era(cursor), queries.last_seal_of_life_before(cursor)
    if era == 1:
        return False
    key = anchors.private_key(settings.data_dir)
    name = partnership(settings.partnership).name
    anchors.append(out, anchors.signed_line(ended, partnership=name, key=key, begins=era))
    return True


def _pruning(upto: int, compared: Sequence[anchors.Anchor], now_s: float) -> Pruning:
    """With the newest seal that stood six years ago, as somebody else wrote down then."""
    before_s = now_s - LEAST.total_seconds()
    before = datetime.fromtimestamp(before_s, UTC).isoformat()
    then = [anchor.n for anchor in compared if anchor.at < before]
    return Pruning(upto, _us(before_s), max(then, default=0) if compared else None)


def _us(moment_s: float) -> int:
    return int(moment_s * 1_000_000)


class _Newest:
    """Counts the events that pass, and those dated after `latest`; remembers the last one's place.

    Times are in microseconds since 1970.
    """

    def __init__(self, total: int, progress: Progress, *, latest: int) -> None:
        self.at: tuple[int, int] | None = None
        self.ahead = 0
        self._total, self._progress, self._latest = total, progress, latest

    def passing(self, events: Iterator[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
        event = None
        for done, event in enumerate(events, start=1):
            self.ahead += event[AT] > self._latest
            yield event
            if done % queries.CHUNK == 0:
                self._progress(min(done, self._total), self._total, "Verifying events")
        if event is not None:
            self.at = (event[ERA], event[XID])
        self._progress(self._total, self._total, "Verifying events")


def _remembering(
    seals: Iterator[Seal], wanted: set[int], hashes: dict[int, tuple[int, bytes]]
) -> Iterator[Seal]:
    for found in seals:
        if found.n in wanted:
            hashes[found.n] = (found.era, found.hash)
        yield found
