"""Backups: whole again after the database is gone; whatever is wrong with a file is refused."""

import json
import os
import secrets
import stat
import threading
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256
from types import SimpleNamespace

import pyrage
import pytest
from psycopg.errors import InsufficientPrivilege
from sqlalchemy.exc import ProgrammingError

from app import cli, serve
from app.audit import service as audit
from app.audit import verification
from app.backups import (
    box,
    creating,
    filling,
    jobs,
    leftovers,
    measuring,
    opening,
    queries,
    restoring,
    returning,
    rules,
    service,
)
from app.backups.restoring import Consent, Restored
from app.backups.rules import Manifest
from app.core import clock, migrate
from app.core.actor import job_actor
from app.core.errors import InvalidError
from app.core.folders import ClusterError, alone_at_once
from app.core.settings import Settings
from app.retention import erasing
from app.retention.rules import mark
from app.site import readiness
from app.worker import create_worker
from tests.databases import TEMPLATE
from tests.many import load
from tests.people import sign_in_as
from tests.runtime.backups import SECRET, House, house_of
from tests.runtime.conftest import wait_for
from tests.sql.world import Child, Place, write

NAME = "Canary place of the backup tests"
PLACES = 300
REPLACE = Consent(replace=True)
CHILD = Child()
LET_IN = """
    with token as (
        insert into app.api_token (id, token_hash, user_id, scope, created_at, created_by,
                                   expires_at)
        select gen_random_uuid(), %(hash)s, id, 'read', now(), id, now() + interval '1 hour'
        from app."user"
    ), invitation as (
        insert into app.invitation (id, user_id, token_hash, expires_at)
        select gen_random_uuid(), id, %(hash)s, now() + interval '1 day' from app."user"
    )
    insert into app.access_grant (id, ref, user_id, agency_code, kind, object_type, object_id,
                                  reason, until_at, created_by, approved_at, approved_by)
    select gen_random_uuid(), 'GR-BACK-1', id, agency_code, 'CASE', 'place', gen_random_uuid(),
           'Synthetic', now() + interval '1 day', gen_random_uuid(), now(), gen_random_uuid()
    from app."user"
"""
STILL_IN = """
    select (select count(*) from app.session where ended_at is null),
           (select count(*) from app.api_token where revoked_at is null),
           (select count(*) from app.invitation where used_at is null)
"""
UNREAD = """
    select n.nspname || '.' || c.relname
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'S')
      and n.nspname in ('app', 'vault', 'intake', 'audit', 'sec', 'reference', 'queue')
      and not (has_table_privilege('cs_backup', c.oid, 'select')
               and has_schema_privilege('cs_backup', n.oid, 'usage'))
"""
KEY_TABLE = """
    select attname::text, concat(format_type(atttypid, atttypmod), attnotnull, attidentity,
           pg_get_expr(adbin, adrelid))
    from pg_attribute left join pg_attrdef on adrelid = attrelid and adnum = attnum
    where attrelid = 'sec.key'::regclass and attnum > 0
    union all
    select conname::text, pg_get_constraintdef(oid) from pg_constraint
    where conrelid = 'sec.key'::regclass
    union all
    select policyname::text, concat(roles::text, cmd, qual, with_check) from pg_policies
    where schemaname = 'sec' and tablename = 'key'
    union all
    select relname::text, concat(relowner::regrole, relrowsecurity, relforcerowsecurity, relacl,
           obj_description(oid))
    from pg_class where oid in ('sec.key'::regclass, 'sec.key_id_seq'::regclass)
    union all
    select 'n', count(*)::text from pg_trigger where tgrelid = 'sec.key'::regclass
    union all
    select 'i', count(*)::text from pg_index where indrelid = 'sec.key'::regclass
    order by 1
"""
ERASED = "insert into app.retention_event (object_kind, counts) values ('place', '{}')"


@pytest.fixture(scope="module")
def house(cluster, template, tmp_path_factory):
    """Where somebody is signed in, something was erased before, and the audit is anchored."""
    made = house_of(cluster, tmp_path_factory.mktemp("house"))
    anchors = made.folder / "anchors"
    made.settings = made.settings.model_copy(update={"anchor_file": anchors})
    made.fill()
    load(cluster.dsn("postgres", "contextmap"), PLACES, 100)
    place = Place()
    with made.admin() as admin:
        write(place, admin)
        write(CHILD, admin)
        admin.execute("update app.place set name = %s where id = %s", (NAME, place.id))
        admin.execute(ERASED)
    with made.db() as db:
        sign_in_as(db, "practitioner")
        anchor(db, made)
    with made.admin() as admin:
        admin.execute(LET_IN, {"hash": secrets.token_bytes(32)})
    yield made
    made.destroy()


def anchor(db, house):
    """Of an event that happens now."""
    with db.begin(service.JOB) as session:
        audit.record(session, "backup.create", "backup", None)
    return verification.anchor(db, house.settings, house.settings.anchor_file)


@pytest.fixture(scope="module")
def backup(house):
    """Made once; no test changes it. Since then a child was erased and the audit went on."""
    made = creating.create(house.settings, house.folder / "good.age")
    house.settings.erased_list.write_text(f"{mark(CHILD.id)}\n")
    with house.db() as db:
        anchor(db, house)
    return made


@dataclass
class Back:
    """What stood there after a restore was killed, and after the next one."""

    done: Restored
    killed: set[str]
    killed_serves: bool
    after: Manifest


@pytest.fixture(scope="module")
def back(house, backup):
    """Destroyed after the backup; restored by a process that is killed, and once more.

    The second time whoever may write the folder of backups changes the file after it was checked.
    """
    house.destroy()
    process = house.command("restore", backup.path, "--identity", house.identity)
    assert wait_for(lambda: "contextmap_restoring" in house.databases(), within_s=150)
    process.kill()
    process.communicate()
    killed, serves = house.databases(), is_there(house)
    path = house.folder / "changed-later.age"
    path.write_bytes(backup.path.read_bytes())
    checked = restoring._refuse_in_use

    def change(*given, **options):
        checked(*given, **options)
        forge(house, path, backup.manifest)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(restoring, "_refuse_in_use", change)
        done = restored(house, path)
    return Back(done, killed, serves, house.measured())


def is_there(house):
    with house.admin() as admin:
        return admin.execute("select to_regnamespace('app') is not null").fetchone()[0]


def restored(house, path, consent=restoring.NO_CONSENT, *, identity=None):
    by = identity or house.identity
    return restoring.restore(house.settings, path, by, erasing.replay, consent=consent)


def forge(house, path, manifest, dump=b"drop everything"):
    """Encrypted to our key, which is no secret, by somebody who cannot vouch for it."""
    to = pyrage.x25519.Recipient.from_str(house.settings.backup_recipient)
    path.write_bytes(pyrage.encrypt(manifest.line() + dump + bytes(32), [to]))
    return path


def vouched_for(house, path, manifest, dump=b"drop everything"):
    pieces = iter([dump, b""])
    with box.new_file(path) as out:
        key = box.key(house.settings)
        source = box.Source(manifest.line(), lambda _: next(pieces), key, lambda _: None)
        box.seal(source, out, box.recipient(house.settings))
    return path


def dump_of(house, backup):
    by = box.identity(house.identity)
    with opening.opened(house.settings, backup.path, by, other_secret=False) as dump:
        dump.file.seek(0)
        return dump.file.read()


def other_than_told(before, after):
    """What a restore writes itself: an era, that it was, who is let in no more, and the erased."""
    ours = {"audit.era", "audit.event", "app.session", "app.api_token", "app.invitation"}
    erased = {"app.child", "app.child_home", "app.child_link_was", "vault.identity"}
    ours |= {"app.retention_event"}
    told = rules.differences(before, after)
    return [words for words in told if words.split(" ")[0] not in ours | erased]


def test_a_destroyed_database_is_whole_again(house, backup, back):
    assert backup.manifest.tables["app.place"].rows == PLACES + 1
    assert other_than_told(backup.manifest, back.after) == []
    assert back.after.policies == backup.manifest.policies
    assert back.done.era == 2
    assert house.databases() == {"contextmap"}
    with house.admin() as admin:
        told = "select action from audit.event where era = 2 and action like 'backup%' limit 1"
        keys = admin.execute("select count(*) from sec.key where retired_at is null").fetchone()
        assert admin.execute(told).fetchone() == ("backup.restore",)
    assert keys == (1,)
    filling.refuse_unsafe(house.settings, "contextmap")


def test_a_killed_restore_serves_nothing_and_can_be_done_again(back):
    assert back.killed == {"contextmap", "contextmap_restoring"}
    assert back.killed_serves is False


def test_what_was_erased_since_is_erased_before_anybody_is_served(house, back):
    with house.admin() as admin:
        left = admin.execute("select count(*) from app.child where id = %s", (CHILD.id,)).fetchone()

    assert back.done.returned.erased_again == 1
    assert left == (0,)


def test_nobody_is_let_in_by_what_had_been_taken_away(house, back):
    returned = back.done.returned
    with house.admin() as admin:
        still = admin.execute(STILL_IN).fetchone()

    assert returned.ended == {"sessions": 1, "tokens": 1, "invitations": 1}
    assert still == (0, 0, 0)
    (account,) = returned.accounts
    assert account["role"] == "practitioner"
    assert [grant["ref"] for grant in returned.grants] == ["GR-BACK-1"]


def test_the_anchors_say_what_a_restore_lost_and_the_audit_still_verifies(house, back):
    anchors = house.settings.anchor_file
    lines = anchors.read_bytes().splitlines(keepends=True)
    untold = house.folder / "untold"
    untold.write_bytes(b"".join(lines[:-1]))

    with house.db() as db:
        told = verification.verify_with(db, house.settings, anchor_file=anchors)
        red = verification.verify_with(db, house.settings, anchor_file=untold)

    assert back.done.anchored is True
    assert told.problems == []
    assert told.anchors == 3
    assert ["was lost by the restore" in words for words in told.lost] == [True]
    assert not red.holds, "without the line of the restore it would be red for ever"


def test_a_list_of_what_was_erased_that_is_missing_is_not_taken_for_an_empty_one(house, backup):
    listed = house.settings.erased_list
    away = listed.rename(house.folder / "away")
    try:
        with pytest.raises(InvalidError, match="add --nothing-was-erased"):
            restored(house, backup.path, REPLACE)

        returning.refuse_unlisted(house.settings, 0, nothing_was_erased=False)
        assert not listed.exists()
        returning.refuse_unlisted(house.settings, 1, nothing_was_erased=True)
        with house.db() as db:
            assert erasing.replay(db, house.settings) == 0, "it is taken for an empty one now"
    finally:
        away.rename(listed)
    assert house.databases() == {"contextmap"}


def test_nothing_readable_is_in_the_file_or_left_beside_it(house, backup):
    body = backup.path.read_bytes()

    assert body.startswith(b"age-encryption.org/v1\n")
    assert NAME.encode() not in body
    assert b"app.place" not in body
    assert stat.S_IMODE(backup.path.stat().st_mode) == 0o600
    assert not list(house.folder.glob("*.partial"))


def test_no_key_is_in_a_backup(house, backup):
    body = dump_of(house, backup)

    assert "sec.key" not in backup.manifest.tables
    assert b"TABLE DATA" in body
    assert body.count(b"TABLE DATA key") == body.count(b"COPY sec.key") == 0
    assert SECRET.encode() not in body


def test_the_login_of_backups_reads_every_table_but_the_key_of_claims(house, back):
    """What a later migration makes, it reads at once."""
    with house.admin() as admin:
        admin.execute("set role cs_owner")
        admin.execute("create table app.later as select 1 as one")
        admin.execute("reset role")
        try:
            unread = admin.execute(UNREAD).fetchall()
            with pytest.raises(InsufficientPrivilege):
                admin.execute("set role cs_backup").execute("select from sec.key")
        finally:
            admin.execute("reset role").execute("drop table app.later")

    assert unread == [("sec.key",)]


def test_the_table_of_keys_is_made_again_as_the_migration_makes_it(house, back):
    """It is in no backup; `template` was migrated and never restored."""
    with house.admin(TEMPLATE) as template, house.admin() as admin:
        wanted, found = (each.execute(KEY_TABLE).fetchall() for each in (template, admin))

    assert len(wanted) == 11
    assert found == wanted


def cut(body):
    return body[: len(body) // 2]


def cut_by_one(body):
    return body[:-1]


def cut_at_a_chunk(body):
    """Chunks of age have 64 KiB and a tag: what is left is whole ones, without the last."""
    return body[: -(len(body) % 65552 or 65552)]


def flipped(at):
    def change(body):
        changed = bytearray(body)
        changed[int(len(body) * at)] ^= 1
        return bytes(changed)

    return change


DAMAGES = {
    "cut": (cut, "damaged or was cut off"),
    "cut by one byte": (cut_by_one, "damaged or was cut off"),
    "cut where a chunk ends": (cut_at_a_chunk, "damaged or was cut off"),
    "flipped in the middle": (flipped(0.5), "damaged or was cut off"),
    "flipped at the end": (flipped(0.9999), "damaged or was cut off"),
    "longer": (lambda body: body + b"x", "damaged or was cut off"),
    "empty": (lambda _: b"", "not a backup"),
    "another file": (lambda _: b"PGDMP is not enough" * 100, "not a backup"),
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("command", ["verify", "restore"])
def test_a_damaged_file_is_refused_in_words_and_changes_nothing(
    house, backup, tmp_path, capsys, monkeypatch, damage, command
):
    change, words = DAMAGES[damage]
    path = tmp_path / "damaged.age"
    path.write_bytes(change(backup.path.read_bytes()))
    options = ["--replace"] if command == "restore" else []

    code = commanded(house, monkeypatch, command, path, house.identity, *options)

    assert code == cli.REFUSED
    assert words in capsys.readouterr().err
    assert house.databases() == {"contextmap"}


def commanded(house, monkeypatch, command, path, identity, *options):
    monkeypatch.setenv("CONTEXTMAP_SECRET_KEY", SECRET)
    where = ["--data-dir", str(house.settings.data_dir)]
    return cli.main(
        ["backup", command, str(path), "--identity", str(identity), "--json", *options, *where]
    )


def test_a_wrong_key_is_refused(house, backup, tmp_path, capsys, monkeypatch):
    box.new_identity(tmp_path / "other.txt")

    codes = [
        commanded(house, monkeypatch, command, backup.path, tmp_path / "other.txt")
        for command in ("verify", "restore")
    ]

    said = capsys.readouterr()
    assert codes == [cli.REFUSED] * 2
    assert said.err.count("written to another key") == 2
    assert "another key" in json.loads(said.out.splitlines()[0])["error"]


def test_what_is_no_identity_is_refused(house, backup, tmp_path):
    (tmp_path / "none.txt").write_text(house.settings.backup_recipient)

    with pytest.raises(InvalidError, match="holds no identity"):
        restored(house, backup.path, identity=tmp_path / "none.txt")


def test_a_file_that_somebody_else_encrypted_to_our_key_is_refused(house, backup, tmp_path):
    """The public key is no secret: a stranger can write to it, but not vouch for what it says."""
    path = forge(house, tmp_path / "forged.age", backup.manifest)

    with pytest.raises(InvalidError, match="not made with the secret of this installation"):
        restored(house, path, REPLACE)


def test_a_backup_of_a_newer_release_is_refused_in_words(house, backup, tmp_path):
    path = vouched_for(house, tmp_path / "newer.age", replace(backup.manifest, head="9999"))

    with pytest.raises(
        InvalidError, match=r"newer release \(migration 9999;.*Install that release"
    ):
        restored(house, path, REPLACE)

    assert house.databases() == {"contextmap"}


def test_a_full_database_is_not_overwritten_unless_told(house, backup, back):
    with pytest.raises(InvalidError, match="add --replace"):
        restored(house, backup.path)

    assert house.databases() == {"contextmap"}


def test_a_database_in_use_is_left_alone(house, backup, back):
    with house.db() as db:
        db.ask("cs_job", "select 1", ())  # the pool keeps its connection

        with pytest.raises(InvalidError, match="in use"):
            restored(house, backup.path, REPLACE)

    assert house.databases() == {"contextmap"}


def test_two_restores_do_not_meet(house, backup):
    with leftovers.only_restore(house.settings), pytest.raises(ClusterError, match="is running"):
        restored(house, backup.path, REPLACE)


def test_a_backup_is_verified_apart(house, backup, capsys, monkeypatch):
    code = commanded(house, monkeypatch, "verify", backup.path, house.identity)

    said = json.loads(capsys.readouterr().out)
    assert code == cli.DONE
    assert said["verified"] is True
    assert said["rows"] == backup.manifest.rows
    assert house.databases() == {"contextmap"}
    assert not list(house.settings.data_dir.glob(f"{leftovers.CHECKS}*/"))


def test_a_row_or_a_policy_that_is_another_is_found_and_nothing_of_it_stays(house, backup, back):
    held = backup.manifest
    places = replace(held.tables["app.place"], sha256_sum="1 2")
    lying = replace(held, policies="others", tables={**held.tables, "app.place": places})
    path = vouched_for(house, house.folder / "lying.age", lying, dump_of(house, backup))

    with pytest.raises(InvalidError, match=r"app\.place has 301 rows.*policies are others"):
        restored(house, path, REPLACE)

    assert house.databases() == {"contextmap"}, "no readable copy is left beside it"
    assert is_there(house)


def test_a_missing_mark_is_found_before_the_database_serves(house, back, tmp_path, monkeypatch):
    """A dump leaves it out: a bootstrap that forgets it must not go unnoticed."""
    text = migrate.BOOTSTRAP.read_text()
    without = tmp_path / "bootstrap.sql"
    assert "leakproof;" in text
    without.write_text(text.replace("leakproof;", "not leakproof;"))
    monkeypatch.setattr(migrate, "BOOTSTRAP", without)

    with pytest.raises(InvalidError, match="leakproof: geometry_overlaps"):
        filling.make_safe(house.settings, "contextmap")

    with house.admin() as admin:
        admin.execute(text.encode())


def test_a_killed_backup_has_not_the_name_of_a_whole_one(house, back, tmp_path):
    path = tmp_path / "killed.age"
    partial = tmp_path / "killed.age.partial"
    process = house.command("create", path)
    assert wait_for(lambda: partial.exists() and partial.stat().st_size > 0, within_s=150)
    process.kill()
    process.communicate()

    assert not path.exists()
    with pytest.raises(InvalidError, match=r"damaged|not a backup"):
        restored(house, partial, REPLACE)
    assert creating.create(house.settings, path).manifest.tables["app.place"].rows > PLACES
    assert not partial.exists()


def test_what_killed_ones_left_is_told_and_dropped_before_people_are_let_in(house, back):
    data_dir = house.settings.data_dir
    for name in (f"{leftovers.CHECKS}dead", leftovers.RECOVERING, "postgres.replaced"):
        (data_dir / name).mkdir()
    with house.admin("postgres") as admin:
        admin.execute("create database contextmap_replaced template template0")
    known = Settings(
        database_url=house.cluster.dsn("postgres"),
        data_dir=data_dir,
        secret_key=SECRET,
        db_roles_file=house.folder / "none",
    )

    before = asked(house)
    with ExitStack() as stack:
        assert serve._database(known, stack) is None
    after = asked(house)

    assert before.watched["copies"] is False
    assert readiness.WATCHED["copies"] in before.told()["needed"]
    assert after.watched["copies"] is True
    assert house.databases() == {"contextmap"}
    assert not (data_dir / leftovers.RECOVERING).exists()
    assert not (data_dir / "postgres.replaced").exists()


def test_a_check_that_is_at_work_left_nothing(house, back):
    folder = house.settings.data_dir / f"{leftovers.CHECKS}at-work"
    folder.mkdir()
    with alone_at_once(house.settings.data_dir / leftovers.CHECK_LOCK):
        assert asked(house).watched["copies"] is True
        with leftovers.only_restore(house.settings):
            assert leftovers.drop(house.settings) == 0
    assert asked(house).watched["copies"] is False
    folder.rmdir()


def test_nobody_is_let_in_while_a_restore_is_at_work(house):
    with (
        leftovers.only_restore(house.settings),
        ExitStack() as stack,
        pytest.raises(ClusterError, match="is running"),
    ):
        serve._database(house.settings, stack)


def asked(house: House, **changed):
    settings = house.settings.model_copy(update=changed)
    with house.db() as db:
        return readiness.look(db, settings, readiness.Protections())


def test_that_no_backups_are_made_is_said(house, back, tmp_path):
    without = asked(house, backup_recipient="", demo=False)
    no_folder = asked(house)

    assert readiness.NO_BACKUPS in without.told()["needed"]
    assert readiness.NO_BACKUPS in no_folder.told()["needed"]
    assert readiness.NO_BACKUPS not in asked(house, backup_dir=tmp_path).told()["needed"]
    assert readiness.NO_BACKUPS not in asked(house, wal_archive=tmp_path).told()["needed"]
    assert readiness.NO_BACKUPS not in asked(house, demo=True).told()["needed"]


def test_what_is_compared_is_asked_as_it_was_when_old_backups_were_made():
    """Another question finds another answer in a restored database: rules.FORMAT must change."""
    asked = (measuring.SPELLING, measuring.TABLES, measuring.ROWS.as_string(None))
    asked += (measuring.POLICIES, measuring.INSTALLED, measuring.SEAL)

    assert rules.FORMAT == "contextmap-backup/1"
    assert sha256("\0".join(asked).encode()).hexdigest()[:16] == "a0d7330fd25c32d8"


def test_a_backup_needs_a_key_and_a_new_name(house, backup):
    with pytest.raises(InvalidError, match="Set CONTEXTMAP_BACKUP_RECIPIENT"):
        creating.create(house.settings.model_copy(update={"backup_recipient": ""}), backup.path)
    with pytest.raises(InvalidError, match="is there already"):
        creating.create(house.settings, backup.path)


def last(house):
    with house.db() as db, db.read(service.JOB) as session:
        return queries.last(session)


def test_each_day_one_is_made_noted_and_the_old_ones_go_even_when_none_can_be_made(
    house, back, tmp_path
):
    settings = house.settings.model_copy(update={"backup_dir": tmp_path})
    wrong = settings.model_copy(update={"backup_recipient": "age1nonsense"})
    now = clock.now()
    names = {
        days: f"contextmap-{(now - timedelta(days=days)).strftime(service.STAMP)}.age"
        for days in (34, 36)
    }
    for name in [*names.values(), "contextmap-20200101T000000Z.age.partial", "ours.age"]:
        (tmp_path / name).touch()

    with house.db() as db:
        with pytest.raises(InvalidError):
            service.daily(db, wrong)
        failed, kept = last(house), {path.name for path in tmp_path.iterdir()}
        made, again = service.daily(db, settings), service.daily(db, settings)

    told = last(house)
    assert kept == {names[34], "ours.age"}, "room is made before the next one needs it"
    assert "no public key" in failed.problem
    assert failed.failed_at is not None
    assert again is None, "there is one of today"
    assert {path.name for path in tmp_path.iterdir()} == {made.path.name, names[34], "ours.age"}
    assert told.size_bytes == made.size_bytes
    assert told.problem is None
    assert not told.is_late(told.done_at + timedelta(hours=26))
    assert told.is_late(told.done_at + timedelta(hours=26, minutes=1))


def test_the_newest_one_stays_however_old_it_is(tmp_path):
    for day in (1, 2):
        (tmp_path / f"contextmap-2020010{day}T000000Z.age").touch()

    assert service.prune(tmp_path, clock.now()) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["contextmap-20200102T000000Z.age"]


def test_a_drill_is_noted_where_a_database_serves(house, backup, back, monkeypatch):
    assert commanded(house, monkeypatch, "verify", backup.path, house.identity) == cli.DONE

    with house.db() as db, db.read(service.JOB) as session:
        drill, dump = queries.last(session, "verify"), queries.last(session)
    assert drill.done_at is not None
    assert drill.size_bytes == backup.size_bytes
    assert dump.kind == "dump"
    assert dump.done_at is None or dump.done_at < drill.done_at


def test_a_backup_that_hangs_gives_its_place_to_others_and_is_told(
    house, back, monkeypatch, caplog
):
    goes_on, began = threading.Event(), threading.Event()

    def hangs(*_):
        began.set()
        goes_on.wait(60)

    monkeypatch.setattr(jobs, "LONGEST_S", 0.2)
    monkeypatch.setattr(service, "daily", hangs)
    with house.db() as db:
        context = SimpleNamespace(additional_context={"db": db, "settings": house.settings})
        jobs.daily.func(context, 0)
        jobs.daily.func(context, 1)  # an hour later it hangs still: no second one is begun
        goes_on.set()
        assert wait_for(lambda: not jobs._at_work.locked())

    assert began.is_set()
    assert last(house).problem == jobs.HANGS
    assert [json.loads(r.message)["event"] for r in caplog.records] == ["backup.hangs"] * 2


def test_a_database_that_says_nothing_ends_a_backup(tmp_path, monkeypatch):
    monkeypatch.setattr(creating, "SILENT_S", 0.2)
    reads, writes = os.pipe()

    with (
        os.fdopen(writes, "wb"),
        os.fdopen(reads, "rb") as silent,
        pytest.raises(InvalidError, match="said nothing"),
    ):
        creating._alive(silent)(100)


def test_one_backup_at_a_time_is_made():
    task = create_worker("").tasks["backups:daily"]

    assert task.lock == task.queueing_lock == "backups:daily"


def test_only_a_backup_says_that_it_was_made(house, back):
    with (
        house.db() as db,
        pytest.raises(ProgrammingError, match="only a backup"),
        db.begin(job_actor("places:labels")) as session,
    ):
        queries.note(session, "dump", clock.now())


def test_without_any_backup_it_is_late():
    assert queries.Last("dump", None, None, None, None).is_late(clock.now())
