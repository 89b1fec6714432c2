"""Backups: whole again after the database is gone; whatever is wrong with a file is refused."""

import json
import os
import stat
import threading
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import pyrage
import pytest
from sqlalchemy.exc import ProgrammingError

from app import cli
from app.backups import box, creating, filling, jobs, queries, restoring, rules, service, verifying
from app.core import clock, migrate
from app.core.actor import job_actor
from app.core.errors import InvalidError
from app.retention import erasing
from app.retention.rules import mark
from app.worker import create_worker
from tests.many import load
from tests.runtime.backups import SECRET, house_of
from tests.runtime.conftest import wait_for
from tests.sql.world import Child, Place, write

NAME = "Canary place of the backup tests"
PLACES = 300


@pytest.fixture(scope="module")
def house(cluster, template, tmp_path_factory):
    made = house_of(cluster, tmp_path_factory.mktemp("house"))
    made.fill()
    load(cluster.dsn("postgres", "contextmap"), PLACES, 100)
    place = Place()
    with made.admin() as admin:
        write(place, admin)
        admin.execute("update app.place set name = %s where id = %s", (NAME, place.id))
    yield made
    made.destroy()


@pytest.fixture(scope="module")
def backup(house):
    """Made once; no test changes it."""
    return creating.create(house.settings, house.folder / "good.age")


@pytest.fixture
def gone(house, backup):
    """The database was destroyed after the backup."""
    house.destroy()
    return house


@pytest.fixture
def standing(house, backup):
    """The database is there, whatever a test before this one did to it."""
    with house.admin() as admin:
        (there,) = admin.execute("select to_regnamespace('app') is not null").fetchone()
    if not there:
        restored(house, backup.path)
    return house


def restored(house, path, **options):
    return restoring.restore(
        house.settings, path, options.pop("identity", house.identity), erasing.replay, **options
    )


def other_than_told(before, after):
    """What a restore writes itself: it begins an era, and says that it was."""
    ours = {"audit.era", "audit.event"}
    told = rules.differences(before, after)
    return [words for words in told if words.split(" ")[0] not in ours]


def test_a_destroyed_database_is_whole_again(gone, backup):
    done = restored(gone, backup.path)

    after = gone.measured()
    assert backup.manifest.tables["app.place"].rows == PLACES + 1
    assert other_than_told(backup.manifest, after) == []
    assert after.policies == backup.manifest.policies
    assert done.era == 2
    assert gone.databases() == {"contextmap"}
    with gone.admin() as admin:
        events = admin.execute("select action, era from audit.event where era > 1").fetchall()
        keys = admin.execute("select count(*) from sec.key where retired_at is null").fetchone()
    assert events == [("backup.restore", 2)]
    assert keys == (1,)
    filling.refuse_unsafe(gone.settings, "contextmap")


def test_nothing_readable_is_in_the_file_or_left_beside_it(house, backup):
    body = backup.path.read_bytes()

    assert body.startswith(b"age-encryption.org/v1\n")
    assert NAME.encode() not in body
    assert b"app.place" not in body
    assert stat.S_IMODE(backup.path.stat().st_mode) == 0o600
    assert not list(house.folder.glob("*.partial"))


def test_no_key_is_in_a_backup(house, backup):
    class Sink:
        body = b""

        def write(self, piece):
            self.body += piece

    sink = Sink()
    box.open_into(
        backup.path, box.identity(house.identity), box.Opened(b"", sink, read=box.manifest_of)
    )

    assert "sec.key" not in backup.manifest.tables
    assert b"TABLE DATA" in sink.body
    assert sink.body.count(b"TABLE DATA key") == sink.body.count(b"COPY sec.key") == 0
    assert SECRET.encode() not in sink.body


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


def test_a_file_that_somebody_else_encrypted_to_our_key_is_refused(house, tmp_path):
    """The public key is no secret: a stranger can write to it, but not vouch for what it says."""
    to = pyrage.x25519.Recipient.from_str(house.settings.backup_recipient)
    line = replace(house.measured(), head="0001").line()
    path = tmp_path / "forged.age"
    path.write_bytes(pyrage.encrypt(line + b"drop everything" + bytes(32), [to]))

    with pytest.raises(InvalidError, match="not made with the secret of this installation"):
        restored(house, path, replace=True)


def test_a_full_database_is_not_overwritten_unless_told(standing, backup):
    with pytest.raises(InvalidError, match="add --replace"):
        restored(standing, backup.path)

    assert standing.databases() == {"contextmap"}


def test_a_database_in_use_is_left_alone(standing, backup):
    with standing.db() as db:
        db.ask("cs_job", "select 1", ())  # the pool keeps its connection

        with pytest.raises(InvalidError, match="in use"):
            restored(standing, backup.path, replace=True)

    assert standing.databases() == {"contextmap"}


def test_what_was_erased_since_is_erased_before_anybody_is_served(standing):
    house, child = standing, Child()
    with house.admin() as admin:
        write(child, admin)
    later = creating.create(house.settings, house.folder / "with-child.age")
    house.settings.erased_list.write_text(f"{mark(child.id)}\n")

    done = restored(house, later.path, replace=True)

    house.settings.erased_list.unlink()
    assert done.erased_again == 1
    with house.admin() as admin:
        left = admin.execute("select count(*) from app.child where id = %s", (child.id,))
        assert left.fetchone() == (0,)


def test_a_killed_backup_has_not_the_name_of_a_whole_one(standing, tmp_path):
    path = tmp_path / "killed.age"
    partial = tmp_path / "killed.age.partial"
    process = standing.command("create", path)
    assert wait_for(lambda: partial.exists() and partial.stat().st_size > 0, within_s=150)
    process.kill()
    process.communicate()

    assert not path.exists()
    with pytest.raises(InvalidError, match=r"damaged|not a backup"):
        restored(standing, partial, replace=True)
    assert creating.create(standing.settings, path).manifest.tables["app.place"].rows > PLACES
    assert not partial.exists()


def test_a_backup_is_verified_apart(gone, backup, capsys, monkeypatch):
    code = commanded(gone, monkeypatch, "verify", backup.path, gone.identity)

    said = json.loads(capsys.readouterr().out)
    assert code == cli.DONE
    assert said["verified"] is True
    assert said["noted"] is False, "no database serves here"
    assert said["rows"] == backup.manifest.rows
    assert gone.databases() == {"contextmap"}
    assert not list(gone.settings.data_dir.glob(f"{verifying.FOLDER}*"))


def test_a_row_or_a_policy_that_is_another_is_found(gone, backup):
    held = backup.manifest
    places = replace(held.tables["app.place"], sha256_sum="1 2")
    lying = replace(held, policies="others", tables={**held.tables, "app.place": places})
    path = gone.folder / "lying.age"
    opened = []
    sink = type("Sink", (), {"write": lambda _, piece: opened.append(piece)})()
    box.open_into(
        backup.path, box.identity(gone.identity), box.Opened(b"", sink, read=box.manifest_of)
    )
    pieces = iter([b"".join(opened), b""])
    with box.new_file(path) as out:
        source = box.Source(
            lying.line(), lambda _: next(pieces), box.key(gone.settings), lambda _: None
        )
        box.seal(source, out, box.recipient(gone.settings))

    with pytest.raises(InvalidError, match=r"app\.place has 301 rows.*policies are others"):
        restored(gone, path)

    with gone.admin() as admin:
        assert admin.execute("select to_regnamespace('app')").fetchone() == (None,)


def test_a_missing_mark_is_found_before_the_database_serves(gone, backup, tmp_path, monkeypatch):
    """A dump leaves it out: a bootstrap that forgets it must not go unnoticed."""
    text = migrate.BOOTSTRAP.read_text()
    without = tmp_path / "bootstrap.sql"
    assert "leakproof;" in text
    without.write_text(text.replace("leakproof;", "not leakproof;"))
    for module in (migrate, filling):
        monkeypatch.setattr(module, "BOOTSTRAP", without)

    with pytest.raises(InvalidError, match="leakproof: geometry_overlaps"):
        restored(gone, backup.path)

    with gone.admin() as admin:
        assert admin.execute("select to_regnamespace('app')").fetchone() == (None,)


def test_a_killed_restore_serves_nothing_and_can_be_done_again(gone, backup):
    def filling_now():
        return "contextmap_restoring" in gone.databases()

    process = gone.command("restore", backup.path, "--identity", gone.identity)
    assert wait_for(filling_now, within_s=150)
    process.kill()
    process.communicate()

    with gone.admin() as admin:
        assert admin.execute("select to_regnamespace('app')").fetchone() == (None,)
    assert "contextmap_restoring" in gone.databases()
    restored(gone, backup.path)
    assert gone.databases() == {"contextmap"}
    assert other_than_told(backup.manifest, gone.measured()) == []


def test_a_backup_needs_a_key_and_a_new_name(house, backup):
    with pytest.raises(InvalidError, match="Set CONTEXTMAP_BACKUP_RECIPIENT"):
        creating.create(house.settings.model_copy(update={"backup_recipient": ""}), backup.path)
    with pytest.raises(InvalidError, match="is there already"):
        creating.create(house.settings, backup.path)


def last(house):
    with house.db() as db, db.read(service.JOB) as session:
        return queries.last(session)


def test_each_day_one_is_made_noted_and_the_old_ones_go(standing, tmp_path):
    settings = standing.settings.model_copy(update={"backup_dir": tmp_path})
    now = clock.now()
    names = {
        days: f"contextmap-{(now - timedelta(days=days)).strftime(service.STAMP)}.age"
        for days in (34, 36)
    }
    for name in [*names.values(), "contextmap-20200101T000000Z.age.partial", "ours.age"]:
        (tmp_path / name).touch()

    with standing.db() as db:
        made, again = service.daily(db, settings), service.daily(db, settings)

    told = last(standing)
    assert again is None, "there is one of today"
    assert {path.name for path in tmp_path.iterdir()} == {made.path.name, names[34], "ours.age"}
    assert told.size_bytes == made.size_bytes
    assert told.problem is None
    assert not told.is_late(told.done_at + timedelta(hours=26))
    assert told.is_late(told.done_at + timedelta(hours=26, minutes=1))


def test_why_none_was_made_is_told_until_there_is_one(standing, tmp_path):
    settings = standing.settings.model_copy(update={"backup_recipient": "age1nonsense"})

    with standing.db() as db, pytest.raises(InvalidError):
        service.make(db, settings, tmp_path / "none.age")

    assert "no public key" in last(standing).problem
    assert last(standing).failed_at is not None
    with standing.db() as db:
        service.make(db, standing.settings, tmp_path / "one.age")
    assert last(standing).problem is None


def test_a_drill_is_noted_where_a_database_serves(standing, backup, monkeypatch):
    assert commanded(standing, monkeypatch, "verify", backup.path, standing.identity) == cli.DONE

    with standing.db() as db, db.read(service.JOB) as session:
        drill, dump = queries.last(session, "verify"), queries.last(session)
    assert drill.done_at is not None
    assert drill.size_bytes == backup.size_bytes
    assert dump.kind == "dump"
    assert dump.done_at is None or dump.done_at < drill.done_at


def test_a_backup_that_hangs_gives_its_place_to_others_and_is_told(standing, monkeypatch, caplog):
    goes_on, began = threading.Event(), threading.Event()

    def hangs(*_):
        began.set()
        goes_on.wait(60)

    monkeypatch.setattr(jobs, "LONGEST_S", 0.2)
    monkeypatch.setattr(service, "daily", hangs)
    with standing.db() as db:
        context = SimpleNamespace(additional_context={"db": db, "settings": standing.settings})
        jobs.daily.func(context, 0)
        jobs.daily.func(context, 1)  # an hour later it hangs still: no second one is begun
        goes_on.set()
        assert wait_for(lambda: not jobs._at_work.locked())

    assert began.is_set()
    assert last(standing).problem == jobs.HANGS
    assert [json.loads(r.message)["event"] for r in caplog.records] == ["backup.hangs"] * 2


def test_a_database_that_says_nothing_ends_a_backup(standing, tmp_path, monkeypatch):
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


def test_only_a_backup_says_that_it_was_made(standing):
    with (
        standing.db() as db,
        pytest.raises(ProgrammingError, match="only a backup"),
        db.begin(job_actor("places:labels")) as session,
    ):
        queries.note(session, "dump", clock.now())


def test_without_any_backup_it_is_late():
    assert queries.Last("dump", None, None, None, None).is_late(clock.now())
