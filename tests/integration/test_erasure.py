"""A reference that is deleted or kept no longer leaves no trace, and no old backup opens it."""

from datetime import timedelta

import psycopg
import pytest

from app.core import clock
from app.core.actor import job_actor
from app.core.db import Database
from app.core.errors import NotFoundError
from app.packs import building
from app.packs.content import line, section
from app.packs.rules import Kind
from app.retention import erasing
from app.retention.rules import State
from app.vault.jobs import shred
from app.vault.keys import Vault
from tests import intelligence, uses
from tests.conftest import CLAIMS_KEY, Logins
from tests.dumps import backup, dumped, restored
from tests.packs import panel
from tests.people import HTML
from tests.traces import traces
from tests.uses import PLAN, REASON, World, posting

TODAY = clock.today()


@pytest.fixture
def world(db, settings):
    for key in settings.vault_folder.glob("*.key"):  # of a test before
        key.unlink()
    return World(db, settings)


@pytest.fixture
def auditor(world):
    return world.as_("auditor")


def key_of(world, ref):
    with world.superuser() as admin:
        (key,) = admin.execute("select id from app.child where ref = %s", (ref,)).fetchone()
    return key


def much(world):
    """A child with all that can hang on one: links, history, identity, grants, reasons, words."""
    page, keeper, request = uses.asked_for(world)
    ref = page.split("/")[2]
    shop, incident = world.shop(), world.incident()
    for path, body in (
        (f"/api/v1/children/{ref}/links", uses.LINK | {"place": shop}),
        (f"/api/v1/incidents/{incident}/children", {"child": ref, "role": "harmed_here"}),
    ):
        assert world.lead.post(path, json=body, headers=PLAN).status_code == 201
    posting(keeper, f"/identity-requests/{request}/approve")()
    posting(world.lead, f"{page}/read")()
    key = key_of(world, ref)
    with world.superuser() as admin:
        (link,) = admin.execute(
            "select id from app.child_place_link where child_id = %s", (key,)
        ).fetchone()
    changed = {"version": "1", "confidence": "CONFIRMED", "basis": f"Synthetic, see {ref}"}
    assert (
        posting(world.lead, f"/children/{ref}/links/{link}", **(uses.LINK | changed))().status_code
        == 303
    )
    revised = {"version": 1, "description": f"Synthetic: talk to {ref}"}
    assert world.lead.patch(f"/api/v1/places/{shop}", json=revised).status_code == 200
    browser = world.as_("practitioner", stepped=True)
    posting(browser, f"/children/{ref}", purpose="PLAN", note="Synthetic")()
    browser.get(f"/children/{ref}")
    browser.get(f"/children/{ref.lower()}/edit")
    return ref, key


def box_of(admin, key):
    return admin.execute(
        "select sealed, key_id, key_version from vault.identity where child_id = %s", (key,)
    ).fetchone()


def files_with(ref, folder):
    """Exports, imports, logs: whatever the service keeps beside the database."""
    written = [path for path in folder.rglob("*") if path.is_file()]
    return [path for path in written if ref.encode() in path.read_bytes()]


def delete(world, ref):
    uses.with_reason(world, ref)
    assert posting(world.lead, f"/children/{ref}/delete")().status_code == 303


def approve(world, auditor, run):
    return posting(auditor, f"/admin/retention/{run.ref}/approve", number=str(run.total))()


def some(counts):
    return {what: n for what, n in counts.items() if n}


def erase(world, settings, auditor, as_of=TODAY):
    run = erasing.daily(world.db, as_of)
    assert approve(world, auditor, run).status_code == 303
    return erasing.approved(world.db, settings)


@pytest.mark.parametrize("more", [intelligence.PLAIN, intelligence.CONDITIONAL])
def test_a_reference_in_intelligence_and_in_lists_of_words_leaves_no_trace(
    world, settings, auditor, more
):
    ref = world.child()
    analyst = world.as_("police_analyst")
    _, recipient = intelligence.reader_ref(world.db)
    item = more | {"body": f"Synthetic: seen with {ref.lower()}.", "children": ref}
    conditional = {"recipients": [recipient]} if more["handling"] == "C" else {}
    intelligence.sent(analyst, **item | conditional)
    features = {"version": 1, "safe_features": ["A lamp", f"Known to {ref}"]}
    answer = world.lead.patch(f"/api/v1/places/{world.shop()}", json=features)
    assert answer.status_code == 200, answer.text
    assert "app.intel_child.child_ref" in traces(world, ref)

    delete(world, ref)
    erase(world, settings, auditor)

    assert traces(world, ref) == []


def test_a_reference_in_a_frozen_pack_leaves_no_trace_and_its_hash_is_of_what_is_left(
    world, settings, auditor, monkeypatch
):
    ref = world.child()
    made = [section("V", "Victims", [line("A child", children=[ref], statutory=True)])]
    monkeypatch.setitem(building.KINDS, Kind.MARVE, lambda session, asked: made)
    pack = panel(world.db, Kind.MARVE).frozen()
    assert "app.pack.snapshot" in traces(world, ref)

    delete(world, ref)
    done = erase(world, settings, auditor)

    assert done["child"] == 1
    assert traces(world, ref) == []
    with world.superuser() as admin:
        told = admin.execute(
            "select state, snapshot like '%%[erased]%%', "
            "snapshot_sha256 = encode(sha256(convert_to(snapshot, 'UTF8')), 'hex') "
            "from app.pack where ref = %s", (pack,),
        ).fetchone()  # fmt: skip
    assert told == ("FROZEN", True, True)


def test_a_deleted_reference_leaves_no_trace_and_no_old_backup_opens_it(
    world, settings, auditor, tmp_path
):
    ref, key = much(world)
    vault = Vault.of(settings)
    old = backup(world.db, tmp_path / "old.dump")
    with world.superuser() as admin:
        box = box_of(admin, key)
    assert vault.open(key, *box).surname == uses.WHO["surname"], "it opens before"
    assert "app.place.description" in traces(world, ref)

    delete(world, ref)
    done = erase(world, settings, auditor)

    assert done["child"] == done["identity"] == 1
    assert traces(world, ref, str(key), key.hex) == []
    kept = dumped(world.db).decode()
    assert ref not in kept
    assert str(key) not in kept
    assert vault.held() == set()
    assert not files_with(ref, settings.data_dir)
    with restored(world.db, old, "of_before") as name:
        with psycopg.connect(world.db.logins.cluster.dsn("postgres", name)) as admin:
            again = box_of(admin, key)
        assert again == box, "the backup still has the box"
        with pytest.raises(NotFoundError, match="its key was destroyed"):
            vault.open(key, *again)
        the_old = Database(Logins(world.db.logins.cluster, name), CLAIMS_KEY)
        try:
            assert erasing.replay(the_old, settings) == 1
            assert traces(World(the_old, settings), ref, str(key)) == []
            assert erasing.replay(the_old, settings) == 0
        finally:
            the_old.dispose()


def test_erasing_says_that_it_was_and_not_what(world, settings, auditor):
    ref, _ = much(world)
    delete(world, ref)

    erase(world, settings, auditor)

    with world.superuser() as admin:
        events = admin.execute(
            "select object_ref, detail from audit.event where action = 'erasure'"
        ).fetchall()
        stones = admin.execute("select object_kind, counts from app.retention_event").fetchall()
    assert events
    assert {ref for ref, _ in events} == {None}
    assert stones == [
        ("child", {"child_place_link": 1, "child_incident_link": 1, "identity": 1}),
    ]
    assert "Run" in auditor.get("/admin/retention", headers=HTML).text


@pytest.mark.asvs("14.2.7")
def test_links_go_after_two_years_and_the_reference_with_its_last_link(world, settings, auditor):
    ref, key = much(world)
    almost = TODAY.replace(year=TODAY.year + 2)

    before = erasing.look(world.db, almost - timedelta(days=1))
    after = erasing.look(world.db, almost + timedelta(days=1))
    done = erase(world, settings, auditor, almost + timedelta(days=1))

    assert set(before.values()) == {0}
    assert some(after) == {"child": 1, "child_place_link": 1, "child_incident_link": 1}
    assert done["child"] == 1
    assert traces(world, ref, str(key)) == []


def test_work_that_is_over_is_due_at_once(world):
    ref, _ = much(world)
    uses.with_reason(world, ref)

    posting(world.lead, f"/children/{ref}/state", state="CLOSED")()

    due = erasing.look(world.db, TODAY)
    assert some(due) == {"child": 1, "child_place_link": 1, "child_incident_link": 1}


def test_a_reference_that_was_never_linked_goes_after_ninety_days(world):
    world.child()

    looks = [erasing.look(world.db, TODAY + timedelta(days=n))["child"] for n in (89, 92)]

    assert looks == [0, 1]


def test_nothing_goes_without_the_number_typed_by_an_auditor(world, settings, auditor):
    ref = world.child()
    delete(world, ref)
    run = erasing.daily(world.db, TODAY)

    wrong = posting(auditor, f"/admin/retention/{run.ref}/approve", number="7")()
    by_lead = posting(world.lead, f"/admin/retention/{run.ref}/approve", number="1")()
    nothing = erasing.approved(world.db, settings)

    assert [wrong.status_code, by_lead.status_code] == [422, 403]
    assert nothing == {}
    assert key_of(world, ref)
    assert approve(world, auditor, run).status_code == 303
    assert erasing.approved(world.db, settings)["child"] == 1


def test_a_hold_stops_it_until_it_ends(world, settings, auditor):
    ref, key = much(world)
    asked = posting(
        world.lead, "/admin/holds/new", record=ref, purpose="SAR", reason=f"Synthetic {REASON}"
    )()
    with world.superuser() as admin:
        (hold,) = admin.execute("select ref from app.legal_hold").fetchone()
    delete(world, ref)
    run = erasing.daily(world.db, TODAY)
    own = posting(world.lead, f"/admin/holds/{hold}/approve")()
    approve(world, auditor, run)
    held = posting(auditor, f"/admin/holds/{hold}/approve")()

    while_held = erasing.approved(world.db, settings)
    due = erasing.look(world.db, TODAY)["child"]
    posting(auditor, f"/admin/holds/{hold}/end")()
    done = erase(world, settings, auditor)

    assert [asked.status_code, own.status_code, held.status_code] == [303, 403, 303]
    assert (while_held["child"], due) == (0, 0), "held after the approval, too"
    assert done["child"] == 1
    assert traces(world, ref, str(key)) == []


STUCK = """
    create function app.stuck() returns trigger language plpgsql as $$
    begin
        if old.id::text = tg_argv[0] then raise exception 'Synthetic: % is stuck', old.ref; end if;
        return old;
    end $$;
    create trigger stuck before delete on app.child for each row execute function app.stuck('{}');
"""
FREE = "drop trigger stuck on app.child; drop function app.stuck()"


def test_a_child_that_fails_keeps_no_other_and_goes_when_it_can(world, settings, auditor, caplog):
    refs = [world.child() for _ in range(3)]
    keys = sorted(key_of(world, ref) for ref in refs)
    for ref in refs:
        delete(world, ref)
    with world.superuser() as admin:
        admin.execute(STUCK.format(keys[1]).encode())

    first = erase(world, settings, auditor)
    told = auditor.get("/admin/retention", headers=HTML).text
    again = erasing.approved(world.db, settings)
    with world.superuser() as admin:
        left = [key for (key,) in admin.execute("select id from app.child").fetchall()]
        admin.execute(FREE.encode())
    last = erasing.approved(world.db, settings)

    assert [done["child"] for done in (first, again, last)] == [2, 0, 1]
    assert [key for key in left if key in keys] == [keys[1]]
    assert "1 part could not be erased yet. It is tried again every five minutes." in told
    assert "could not be erased" not in auditor.get("/admin/retention", headers=HTML).text
    assert turns(world) == [("failed", 1), ("done", 0)]
    assert run_of(world) == (State.DONE, 3, 0)
    assert erasing.approved(world.db, settings) == {}
    listed = settings.erased_list.read_text().split()
    assert len(listed) == len(set(listed))
    assert not any(ref in caplog.text for ref in refs)


def turns(world):
    with world.superuser() as admin:
        return admin.execute(
            "select outcome, rows from audit.event where action = 'retention.erase' order by id"
        ).fetchall()


def run_of(world):
    with world.superuser() as admin:
        return admin.execute(
            "select state, (erased->>'child')::int, failed from app.retention_run"
        ).fetchone()


def test_links_that_fail_keep_no_child(world, settings, auditor):
    delete(world, world.child())
    with world.superuser() as admin:
        admin.execute("revoke execute on function app.erase_links(uuid) from cs_job")

    first = erase(world, settings, auditor)
    with world.superuser() as admin:
        admin.execute("grant execute on function app.erase_links(uuid) to cs_job")
    erasing.approved(world.db, settings)

    assert first["child"] == 1
    assert run_of(world) == (State.DONE, 1, 0)


def test_a_key_that_cannot_be_destroyed_keeps_no_other_and_is_tried_again(world, settings, auditor):
    for _ in range(2):
        delete(world, much(world)[0])
    vault = Vault.of(settings)
    stuck, other = sorted(vault.held())
    path = settings.vault_folder / f"{stuck}.key"
    aside = path.read_bytes()
    path.unlink()
    path.mkdir()

    erase(world, settings, auditor)
    path.rmdir()
    path.write_bytes(aside)

    assert vault.held() == {stuck}
    assert shred(world.db, vault) == 1
    assert vault.held() == set()
    assert other != stuck


def test_the_database_erases_nothing_that_no_auditor_approved(world):
    ref = world.child()
    key = key_of(world, ref)
    delete(world, ref)
    erasing.daily(world.db, TODAY)

    with (
        pytest.raises(psycopg.errors.InsufficientPrivilege, match="only an approved run"),
        world.db.cursor(job_actor("retention:erase")) as cursor,
    ):
        cursor.execute(
            "select app.erase_child(%s, (select id from app.retention_run limit 1))", (key,)
        )


def test_a_newer_plan_replaces_one_that_nobody_approved(world, auditor):
    delete(world, world.child())
    first = erasing.daily(world.db, TODAY)
    second = erasing.daily(world.db, TODAY)

    late = approve(world, auditor, first)

    assert late.status_code == 409
    with world.superuser() as admin:
        states = admin.execute("select state from app.retention_run order by created_at").fetchall()
    assert states == [(State.REPLACED,), (State.PLANNED,)]
    assert second.total == 1
