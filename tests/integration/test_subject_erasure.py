"""Erased because somebody asked: gone here, and closed for good in a backup of before."""

from uuid import UUID

import psycopg
import pytest

from app.core.actor import PUBLIC
from app.core.db import Database
from app.core.errors import NotFoundError
from app.reports.own_keys import key_id
from app.reports.schemas import ReportIn
from app.reports.sealing import ERASED, Keys, SealBrokenError, opened, seal
from app.reports.service import Sending, receive
from app.retention import erasing
from app.vault.jobs import shred
from app.vault.keys import Vault
from tests import uses
from tests.conftest import CLAIMS_KEY, Logins
from tests.dumps import backup, dumped, restored
from tests.people import HTML
from tests.subjects import ERASURE, decided, registered
from tests.uses import PLAN, World, posting

CANARY = "Canary words of a reporter, synthetic"
MAIL = "canary-reporter@example.org"
PARK = {
    "danger_answer": "NO",
    "where_kind": "PLACE",
    "easting": 518000.0,
    "northing": 169300.0,
    "what_harms": ["DRUGS"],
    "notice_text": CANARY,
    "when_kind": "OFTEN",
    "day_parts": ["LATE"],
    "contact": {"email": MAIL},
}
COLUMNS = """
    select table_schema, table_name, column_name from information_schema.columns
    join information_schema.tables using (table_schema, table_name)
    where table_type = 'BASE TABLE'
      and table_schema not in ('pg_catalog', 'information_schema', 'public')
"""


@pytest.fixture
def world(db, settings):
    return World(db, settings)


@pytest.fixture
def keys(settings):
    return Keys.of(settings)


def holding(world, *needles):
    """Every column of every table, queue and search vectors too, that holds one of these."""
    found = []
    with world.superuser() as admin:
        for schema, table, column in admin.execute(COLUMNS).fetchall():
            like = " or ".join(f'"{column}"::text ilike %s' for _ in needles)
            sql = f'select exists (select from {schema}."{table}" where {like})'
            given = [f"%{needle}%" for needle in needles]
            if admin.execute(sql.encode(), given).fetchone()[0]:
                found.append(f"{schema}.{table}.{column}")
    return found


def files_with(settings, *needles):
    """Caches, exports, uploads, logs: whatever the service keeps beside the database."""
    postgres = settings.data_dir / "postgres"
    return [
        path
        for path in settings.data_dir.rglob("*")
        if path.is_file() and postgres not in path.parents
        and any(needle.encode() in path.read_bytes() for needle in needles)
    ]  # fmt: skip


def linked_child(world):
    """With an identity, a link, and its reference in somebody's words."""
    page, *_ = uses.asked_for(world)
    ref = page.split("/")[2]
    shop = world.shop()
    body = uses.LINK | {"place": shop}
    sent = world.lead.post(f"/api/v1/children/{ref}/links", json=body, headers=PLAN)
    assert sent.status_code == 201
    said = {"version": 1, "description": f"Synthetic: seen with {ref}"}
    assert world.lead.patch(f"/api/v1/places/{shop}", json=said).status_code == 200
    with world.superuser() as admin:
        (key,) = admin.execute("select id from app.child where ref = %s", (ref,)).fetchone()
    return ref, key


def reported(db, keys):
    """A report with words and a contact; its key in the database, and its code."""
    with db.begin(PUBLIC) as session:
        made = receive(session, keys, ReportIn.model_validate(PARK), Sending(b"one", b"body"))
    dsn = db.logins.cluster.dsn("postgres", db.logins.dbname)
    with psycopg.connect(dsn) as admin:
        found = admin.execute("select id from app.report where ref = %s", (made.ref,))
        (report,) = found.fetchone()
    return report, made


def boxes(dsn, report):
    with psycopg.connect(dsn) as admin:
        (words,) = admin.execute(
            "select sealed from app.report_original where report_id = %s", (report,)
        ).fetchone()
        (reach,) = admin.execute(
            "select sealed from app.report_contact where report_id = %s", (report,)
        ).fetchone()
    return bytes(words), bytes(reach)


def test_a_child_is_erased_by_request_and_no_old_backup_opens_it(world, settings, tmp_path):
    ref, key = linked_child(world)
    page = registered(world, ref, **ERASURE)
    old = backup(world.db, tmp_path / "old.dump")
    with world.superuser() as admin:
        box = admin.execute(
            "select sealed, key_id, key_version from vault.identity where child_id = %s", (key,)
        ).fetchone()
    vault = Vault.of(settings)
    assert vault.open(key, *box).surname == uses.WHO["surname"], "it opens before"

    answer = decided(world, page, "ERASED")
    assert answer.status_code == 303, answer.text
    done = erasing.approved(world.db, settings)

    assert done["child"] == done["identity"] == 1
    assert holding(world, ref, str(key), key.hex) == []
    dump = dumped(world.db).decode()
    assert ref not in dump
    assert str(key) not in dump
    assert files_with(settings, ref) == []
    shown = world.as_("auditor").get(page, headers=HTML).text
    assert "Decided: to be told" in shown
    assert "What remains" in shown
    with restored(world.db, old, "of_before_asked") as name:
        before = Database(Logins(world.db.logins.cluster, name), CLAIMS_KEY)
        try:
            with pytest.raises(NotFoundError, match="its key was destroyed"):
                vault.open(key, *box)
            assert ref in holding_refs(World(before, settings))
            assert erasing.replay(before, settings) == 1
            assert holding(World(before, settings), ref, str(key)) == []
        finally:
            before.dispose()


def holding_refs(world):
    with world.superuser() as admin:
        return [ref for (ref,) in admin.execute("select ref from app.child").fetchall()]


def test_what_a_hold_keeps_is_not_erased_before_or_after_the_decision(world, settings):
    ref, key = linked_child(world)
    page = registered(world, ref, **ERASURE)
    asked = {"record": ref, "purpose": "SAR", "reason": "Synthetic: a review"}
    assert posting(world.lead, "/admin/holds/new", **asked)().status_code == 303
    with world.superuser() as admin:
        (hold,) = admin.execute("select ref from app.legal_hold").fetchone()
    assert posting(world.as_("auditor"), f"/admin/holds/{hold}/approve")().status_code == 303

    refused = decided(world, page, "ERASED")

    assert refused.status_code == 422
    assert "A hold keeps this record" in refused.text
    with world.superuser() as admin:
        admin.execute("update app.legal_hold set until_on = current_date - 2")
    assert decided(world, page, "ERASED").status_code == 303
    with world.superuser() as admin:
        admin.execute("update app.legal_hold set until_on = null")
    assert erasing.approved(world.db, settings)["child"] == 0
    assert holding(world, str(key)) != []
    assert "Waits for a lead" in world.as_("auditor").get(page, headers=HTML).text


def test_an_erasure_is_refused_with_grounds_only(world):
    ref, _ = linked_child(world)
    page = registered(world, ref, **ERASURE)
    note = "Synthetic: a court has asked for this record."

    without = decided(world, page, "REFUSED", note=note)
    done = decided(world, page, "REFUSED", note=note, refusal_LEGAL_CLAIMS="yes")

    assert [without.status_code, done.status_code] == [422, 303]
    assert "Article 17(3)(e)" in world.as_("auditor").get(page, headers=HTML).text
    assert ref in holding_refs(world)


BY_RECEIPT = ERASURE | {"checked_by": "RECEIPT"}


def of_request(world):
    with world.superuser() as admin:
        return admin.execute(
            "select state, decision, subject_id from app.subject_request"
        ).fetchone()


def test_a_report_is_erased_by_request_before_its_time_is_over(world, settings, keys, tmp_path):
    report, made = reported(world.db, keys)
    live = world.db.logins.cluster.dsn("postgres", world.db.logins.dbname)
    words, reach = boxes(live, report)
    page = registered(world, made.receipt, **BY_RECEIPT)

    assert decided(world, page, "ERASED").status_code == 303
    with world.superuser() as admin:
        (later,) = admin.execute("select as_of > current_date from app.retention_run").fetchone()
    done = erasing.approved(world.db, settings)

    assert later, "the run is of a day after its time"
    assert done["report"] == 1
    assert of_request(world) == ("DECIDED", "ERASED", None)
    assert {spot.split(".")[0] for spot in holding(world, str(report))} <= {"queue"}
    for box, lock, use in ((words, keys.triage, "words"), (reach, keys.contact, "contact")):
        with pytest.raises(SealBrokenError, match=ERASED):
            opened(box, lock, report=report, use=use)


def test_of_a_report_that_led_to_a_place_the_words_go_and_one_to_count_stays(world, settings, keys):
    report, made = reported(world.db, keys)
    page = registered(world, made.receipt, **BY_RECEIPT)
    with world.superuser() as admin:
        admin.execute(
            "update app.report set state = 'DECIDED', decided_at = now(), "
            "outcome_codes = '{LINKED_PLACE}'"
        )

    assert decided(world, page, "ERASED").status_code == 303
    done = erasing.approved(world.db, settings)

    assert done["report_counted"] == 1
    assert of_request(world) == ("DECIDED", "ERASED", None)
    with world.superuser() as admin:
        kept = admin.execute(
            "select r.id, r.geom, r.erased_at is not null, o.report_id from app.report as r "
            "left join app.report_original as o on o.report_id = r.id"
        ).fetchall()
    assert kept == [(report, None, True, None)]
    of = {settings.report_keys / f"{key_id(report, use)}.key" for use in ("words", "contact")}
    assert not of & set(settings.report_keys.iterdir())


def test_what_is_gone_before_anybody_decides_is_answered_as_erased(world, settings):
    ref, _ = linked_child(world)
    page = registered(world, ref, **ERASURE)
    with world.superuser() as admin:
        admin.execute("update app.subject_request set subject_id = null")

    assert decided(world, page, "ERASED").status_code == 303

    assert of_request(world) == ("DECIDED", "ERASED", None)
    assert erasing.approved(world.db, settings) == {}


def test_words_and_contact_of_a_report_are_under_keys_of_its_own(db, settings, keys, tmp_path):
    report, _ = reported(db, keys)
    cluster, live = db.logins.cluster, db.logins.dbname
    words, reach = boxes(cluster.dsn("postgres", live), report)
    old = backup(db, tmp_path / "old.dump")
    assert opened(words, keys.triage, report=report, use="words")["notice_text"] == CANARY
    assert opened(reach, keys.contact, report=report, use="contact")["email"] == MAIL

    with psycopg.connect(cluster.dsn("postgres", live), autocommit=True) as admin:
        admin.execute("delete from app.report_contact where report_id = %s", (report,))
    shred(db, Vault.of(settings))
    assert opened(words, keys.triage, report=report, use="words"), "the words stay"
    with psycopg.connect(cluster.dsn("postgres", live), autocommit=True) as admin:
        admin.execute("delete from app.report_original where report_id = %s", (report,))
    shred(db, Vault.of(settings))

    with restored(db, old, "of_before_report") as name:
        again = boxes(cluster.dsn("postgres", name), report)
    assert again == (words, reach), "the backup still has both"
    for box, lock, use in ((words, keys.triage, "words"), (reach, keys.contact, "contact")):
        with pytest.raises(SealBrokenError, match=ERASED):
            opened(box, lock, report=report, use=use)
    assert not list(settings.report_keys.glob(f"{report}*"))


def test_a_report_from_before_there_were_own_keys_still_opens(keys):
    report = UUID(int=7)
    box = seal({"body": "Synthetic"}, keys.triage.public_key().public, report=report, use="words")

    assert opened(box, keys.triage, report=report, use="words") == {"body": "Synthetic"}
