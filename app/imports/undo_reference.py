"""Undo of open data: what only this batch brought goes, what others brought too is theirs.

A row that a later batch holds passes to that batch, with what its file says. An outcome or count
that this batch had changed goes back to what the last of the others says (claims.py).
"""

from typing import LiteralString, NamedTuple
from uuid import UUID

from app.core.bulk import Cursor
from app.imports import undo_police
from app.reference import gazetteer_load


class Target(NamedTuple):
    """A table of rows that belong to batches; `value` and `extra` are what files may change."""

    name: LiteralString
    key: LiteralString = "key"
    value: LiteralString | None = None
    extra: LiteralString | None = None


class Undone(NamedTuple):
    """Rows that went, rows that stay with another batch, rows that are as they were before."""

    removed: int
    kept: int
    restored: int


BY_ID: LiteralString = "lpad(to_hex(id), 32, '0')::uuid"
EVENTS = Target("police_event", value="outcome_id", extra="lsoa_id")
STREETS = Target("street", key=BY_ID)
TARGETS = {
    "police-street": EVENTS,
    "stop-search": Target("police_search"),
    "counts": Target("area_count", value="n"),
    "lines": Target("line"),
    "route-stops": Target("route_stop"),
}
GAZETTEER = (STREETS, Target("site", key=BY_ID), Target("stop", key=BY_ID))

TOUCHED: LiteralString = """
    create temporary table touched on commit drop as
    select {key} as key, batch_id as owner, batch.seq as owner_seq
    from reference.{table} as stored join app.import_batch as batch on batch.id = batch_id
    where {key} in (select unnest(keys) from reference.import_claim
                    where target = '{table}' and batch_id = %(batch)s)
      and batch_id <> %(batch)s
    union all
    select {key}, batch_id, %(seq)s from reference.{table} as stored where batch_id = %(batch)s
"""
CLAIMED: LiteralString = """
    create temporary table claimed on commit drop as
    select each.key, claim.batch_id as batch, batch.seq, claim.part, each.was, each.said,
           each.extra, batch.state = 'APPLIED' and batch.id <> %(batch)s as counts
    from reference.import_claim as claim
    join app.import_batch as batch on batch.id = claim.batch_id
    cross join lateral unnest(claim.keys, claim.was, claim.said, claim.extra)
        as each (key, was, said, extra)
    where claim.target = '{table}'
"""
# Of rows that anybody claims: who takes them over, and what the last of the others says.
FATE: LiteralString = """
    create temporary table fate on commit drop as
    select touched.key, touched.owner,
        (array_agg(batch order by seq, part) filter (where counts))[1] as heir,
        (array_agg(extra order by seq, part) filter (where counts))[1] as extra,
        (array_agg(said order by seq desc, part desc)
            filter (where counts and said is not null))[1] as said,
        case when bool_or(batch = owner) then null
             else (array_agg(was order by seq, part))[1] end as base
    from touched join claimed on claimed.key = touched.key and claimed.seq >= touched.owner_seq
    group by touched.key, touched.owner
"""


# What a later import of the same rows needs to know of this one; nothing when it was the last.
FORGOTTEN: LiteralString = """
    delete from reference.import_claim as claim using app.import_batch as batch
    where batch.id = claim.batch_id and batch.state = 'UNDONE' and not exists (
        select from reference.import_claim as later
        join app.import_batch as after on after.id = later.batch_id
        where later.target = claim.target and after.state = 'APPLIED' and after.seq > batch.seq)
"""


def forget(cursor: Cursor) -> None:
    """After the batch is marked as undone."""
    cursor.execute(FORGOTTEN)


def undo(cursor: Cursor, kind: str, batch: UUID, seq: int) -> tuple[Undone, dict[str, int]]:
    """What became of the rows, and what else is to be remembered of it."""
    if kind in {"streets", "places"}:
        counts = [_rows(cursor, target, batch, seq) for target in GAZETTEER]
        gazetteer_load.settle_streets(cursor)
        return Undone(*map(sum, zip(*counts, strict=True))), {}
    target = TARGETS[kind]
    if target is not EVENTS:
        return _rows(cursor, target, batch, seq), {}
    undo_police.begin(cursor)
    done = _rows(cursor, target, batch, seq)
    highest = undo_police.take_from_places(cursor)
    _rows(cursor, STREETS, batch, seq)
    gazetteer_load.settle_streets(cursor)
    undo_police.drop_labels(cursor, batch)
    return done, {"highest_point": highest}


def _rows(cursor: Cursor, target: Target, batch: UUID, seq: int) -> Undone:
    named = {"table": target.name, "key": _of(target, "stored")}
    for statement in (TOUCHED, CLAIMED):
        cursor.execute(_filled(statement, named), {"batch": batch, "seq": seq})
    if target is STREETS:
        undo_police.claim_streets(cursor, batch)
    cursor.execute("analyze claimed")
    cursor.execute(FATE)
    value = f", {target.value} = fate.said" if target.value else ""
    extra = f", {target.extra} = fate.extra" if target.extra else ""
    kept = cursor.execute(
        f"update reference.{target.name} as stored set batch_id = fate.heir{value}{extra} "
        f"from fate where fate.key = {_of(target, 'stored')} and fate.owner = %s "
        "and fate.heir is not null".encode(),
        (batch,),
    ).rowcount
    restored = 0
    if target.value:
        now = "coalesce(fate.said, fate.base)"
        restored = cursor.execute(
            f"update reference.{target.name} as stored set {target.value} = {now} "
            f"from fate where fate.key = {_of(target, 'stored')} and fate.owner <> %s "
            f"and stored.{target.value} is distinct from {now}".encode(),
            (batch,),
        ).rowcount
    removed = _remove(cursor, target, batch)
    cursor.execute("drop table touched, claimed, fate")
    return Undone(removed, kept, restored)


def _remove(cursor: Cursor, target: Target, batch: UUID) -> int:
    """Whatever still belongs to the batch; of events the places are told."""
    if target is EVENTS:
        return undo_police.remove(cursor, batch)
    statement = f"delete from reference.{target.name} where batch_id = %s"
    return cursor.execute(statement.encode(), (batch,)).rowcount


def _filled(statement: str, named: dict[str, str]) -> bytes:
    for name, value in named.items():
        statement = statement.replace("{" + name + "}", value)
    return statement.encode()


def _of(target: Target, alias: str) -> str:
    return target.key.replace("id)", f"{alias}.id)") if "(" in target.key else f"{alias}.key"
