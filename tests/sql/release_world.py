"""Releases and briefings for the matrix: one of each state, with a cell, a reading and a line."""

from itertools import product
from uuid import UUID

from app.core.ids import new_reference, random_id
from tests.sql.oracle import Row
from tests.sql.world import ME, SOMEBODY, Plain

HASH = "0" * 64
OF_RELEASES = ("DRAFT", "CHECKED", "APPROVED", "WITHDRAWN")
OF_BRIEFINGS = ("DRAFT", "CHECKED", "FROZEN", "TABLED", "RECALLED")
TIMES = {"window_from": "2026-01-01", "window_to": "2026-04-01", "cut_at": "2026-04-20"}
SIGNED = {"lead_by": UUID(int=0x51), "auditor_by": UUID(int=0x52)}
EMPTY = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"  # of "{}"
MASK = {"square": "10362:3386", "easting_m": 518300, "northing_m": 169300, "ring_m": 360}
WHY = "Synthetic: one borough was counted twice."


def documents() -> list:
    """By each author; what is read of them depends on the state alone."""
    made: list = []
    for n, (state, author) in enumerate(product(OF_RELEASES, (ME, SOMEBODY))):
        made += release(n, state, author)
    for state, author in product(OF_BRIEFINGS, (ME, SOMEBODY)):
        made += briefing(state, author)
    made.append(notice(made[-1].values["briefing_id"]))
    releases = [one.row.key for one in made if one.row.table == "app.release"]
    made.append(summary(made[-1].values["briefing_id"], UUID(releases[0])))
    made.append(Plain(Row("app.place_mask", "10362:3386"), MASK))
    made.append(reading())
    return made


def release(n: int, state: str, author: UUID) -> list[Plain]:
    key = random_id()
    by = {"created_by": author, "updated_by": author}
    values = by | TIMES | {"id": key, "code": f"2026-Q{n}", "period_kind": "Q", "period": "2026-Q1"}
    values |= {"state": state}
    if state != "DRAFT":
        values |= {"certificate": {}, "sha256": HASH}
    if state in ("APPROVED", "WITHDRAWN"):
        values |= SIGNED | {"approved_at": "2026-04-21"}
    if state == "WITHDRAWN":
        values |= {"withdrawn_reason": WHY, "withdrawn_by": author}
    cell = {"release_id": key, "state": state, "table_code": "RQ1", "period": "2026-Q1"}
    cell |= {"geo_kind": "BOTH", "geo_code": "BOTH", "shown": "0", "low": 0, "high": 0}
    granted = {"granted": {"release": key}}
    return [
        Plain(Row("app.release", str(key), author=author, state=state, **granted), values),
        Plain(Row("app.release_cell", str(key), state=state, **granted), cell | {"rule": "ZERO"}),
    ]


def briefing(state: str, author: UUID) -> list[Plain]:
    key, line = random_id(), random_id()
    by = {"created_by": author, "updated_by": author}
    values = by | TIMES | {"id": key, "ref": new_reference("BR"), "kind": "QUARTERLY"}
    values |= {"period_code": "2026-Q1", "state": state}
    if state != "DRAFT":
        values |= {"snapshot": "{}", "snapshot_sha256": EMPTY}
    if state in ("FROZEN", "TABLED", "RECALLED"):
        values |= SIGNED | {"frozen_at": "2026-04-21"}
    if state == "TABLED":
        values |= {"decisions": "{}", "decisions_sha256": EMPTY}
    if state == "RECALLED":
        values |= {"recalled_reason": WHY, "recalled_by": author}
    said = by | {"id": line, "briefing_id": key, "section": "CHANGE", "kind": "SENTENCE"}
    said |= {"body": "Synthetic", "state": state}
    granted = {"granted": {"briefing_draft": key, "briefing_released": key}}
    file = {"briefing_id": key, "state": state, "format": "PDF", "printed_as": "FROZEN"}
    file |= {"document_sha256": EMPTY, "body": b"{}", "body_sha256": EMPTY}
    return [
        Plain(Row("app.briefing", str(key), author=author, state=state, **granted), values),
        Plain(Row("app.briefing_entry", str(line), author=author, state=state, **granted), said),
        Plain(Row("app.briefing_file", str(key), state=state, **granted), file),
    ]


def notice(briefing: UUID) -> Plain:
    values = {"briefing_id": briefing, "event": "FROZEN", "user_id": SOMEBODY}
    return Plain(Row("app.briefing_notice", str(briefing)), values)


def summary(briefing: UUID, release: UUID) -> Plain:
    key = random_id()
    values = {"id": key, "briefing_id": briefing, "release_id": release, "page": "{}"}
    values |= {"created_by": SOMEBODY, "updated_by": SOMEBODY, "lead_by": SOMEBODY}
    return Plain(Row("app.public_summary", str(key)), values | {"lead_at": "2026-10-02"})


def reading() -> Plain:
    values = {"id": 1, "actor_id": SOMEBODY, "role": "vca_member", "release_code": "2026-Q1"}
    return Plain(Row("app.release_read", "1"), values | {"table_code": "RQ1"})
