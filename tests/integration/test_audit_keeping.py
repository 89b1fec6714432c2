"""The commands of an administrator and the turns of the worker, over a real database."""

import asyncio
import json
import threading
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from app import cli
from app.audit import anchors, commands, service, verification
from app.audit.jobs import EVERY_S, Keeper, next_verification
from app.core import clock
from app.core.actor import job_actor
from app.core.command import Context
from app.core.errors import InvalidError
from app.core.settings import Settings
from tests import loops

SOMEBODY = job_actor("test:somebody")


@pytest.fixture
def own(tmp_path):
    return Settings(
        data_dir=tmp_path / "data",
        secret_key="a key of the tests only",
        anchor_file=tmp_path / "elsewhere",
    )


@pytest.fixture
def keeper(db, own):
    return Keeper(db, own)


@pytest.fixture
def run(db, own):
    """A command as `contextmap` would run it, over the database of the test."""

    def command(*arguments):
        asked = cli.parser().parse_args(["audit", *map(str, arguments)])
        with ExitStack() as stack:
            return asked.func(asked, Context(own, stack, lambda _: False, _db=db))

    return command


def superuser(db):
    return psycopg.connect(db.logins.cluster.dsn("postgres", db.logins.dbname), autocommit=True)


def log(db, action="test.done"):
    with db.begin(SOMEBODY) as session:
        service.record(session, action, "test", "TS-1")


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def events(db, action):
    with superuser(db) as admin:
        return admin.execute(
            "select outcome, rows, detail from audit.event where action = %s order by id",
            (action,),
        ).fetchall()


def tamper(db):
    with superuser(db) as admin:
        admin.execute("update audit.event set role = 'auditor' where id = 1")


# Commands


def test_sealing_tells_what_was_sealed(db, run):
    log(db)

    first, second = run("seal"), run("seal")

    assert (first["seals"], first["events"], first["last_seal"]) == (1, 1, 1)
    assert (second["seals"], second["events"], second["last_seal"]) == (0, 0, 1)


def test_an_untouched_audit_verifies_and_the_verification_is_itself_an_event(db, run):
    log(db)
    run("seal")

    told = run("verify")

    assert (told["verified"], told["events"], told["seals"], told["problems"]) == (True, 1, 1, [])
    assert events(db, "audit.verify")[0][:2] == ("unchanged", 1)


def test_a_changed_event_is_told_with_its_seal(db, run):
    log(db)
    run("seal")
    tamper(db)

    told = run("verify")

    assert told["verified"] is False
    assert told["first_broken_seal"] == 1
    assert told["lines"] == ["Events under seal 1 were changed."]
    assert events(db, "audit.verify")[0][0] == "changed"


def test_an_anchor_seals_first_and_is_kept_outside_and_inside(db, run, own):
    log(db)

    told = run("anchor", "--out", own.anchor_file)

    (line,) = lines(own.anchor_file)
    with superuser(db) as admin:
        inside = admin.execute("select n, key_id from audit.anchor").fetchall()
    assert (line["n"], line["seal"]) == (1, told["hash"])
    assert inside == [(1, told["key"])]


def test_a_cut_tail_is_found_with_the_anchor_and_not_without(db, run, own):
    for _ in range(3):
        log(db)
        run("seal")
    run("anchor", "--out", own.anchor_file)
    with superuser(db) as admin:
        admin.execute("delete from audit.anchor")
        admin.execute("delete from audit.event where id > 1")
        admin.execute("delete from audit.seal where n > 1")

    alone, anchored = run("verify"), run("verify", "--anchor", own.anchor_file)

    assert alone["verified"] is True
    assert anchored["verified"] is False
    assert anchored["problems"][0]["code"] == "tail-cut"


def test_an_anchor_of_another_key_proves_nothing(db, run, own, tmp_path):
    log(db)
    run("anchor", "--out", own.anchor_file)
    anchors.private_key(tmp_path / "other")
    public = tmp_path / "other" / anchors.PUBLIC

    told = run("verify", "--anchor", own.anchor_file, "--public-key", public)

    assert told["verified"] is False
    assert "a key that was not given" in told["lines"][0]


def test_a_copy_of_the_public_key_is_enough(db, run, own, tmp_path):
    log(db)
    run("anchor", "--out", own.anchor_file)
    copy = tmp_path / "copy.pub"
    copy.write_bytes((own.data_dir / anchors.PUBLIC).read_bytes())
    (own.data_dir / anchors.PRIVATE).unlink()

    told = run("verify", "--anchor", own.anchor_file, "--public-key", copy)

    assert (told["verified"], told["anchors"]) == (True, 1)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["verify", "--anchor", "nowhere"], "There is no file nowhere"),
        (["verify", "--public-key", "pyproject.toml"], "no public key"),
        (["anchor", "--out", "nowhere/below/x"], "no event to anchor"),
    ],
)
def test_what_cannot_be_done_is_refused_in_words(run, arguments, words):
    with pytest.raises(InvalidError, match=words):
        run(*arguments)


def test_a_failed_verification_ends_with_exit_code_1(monkeypatch, capsys):
    told = {"verified": False, "lines": ["Events under seal 1 were changed."]}
    monkeypatch.setattr(commands, "run_verify", lambda *_: told)

    code = cli.main(["audit", "verify", "--json"])

    assert code == cli.REFUSED
    assert json.loads(capsys.readouterr().out) == told


# The worker


def test_a_turn_seals_and_anchors(db, keeper, own):
    log(db)

    keeper.turn()

    assert [line["n"] for line in lines(own.anchor_file)] == [1]


def test_the_next_anchor_is_an_hour_later(db, keeper, own, monkeypatch):
    log(db)
    keeper.turn()
    log(db)
    keeper.turn()
    within = len(lines(own.anchor_file))
    later = clock.now() + timedelta(minutes=61)
    monkeypatch.setattr(clock, "now", lambda: later)

    keeper.turn()

    assert within == 1
    assert [line["n"] for line in lines(own.anchor_file)] == [1, 2]


def test_what_happened_last_is_sealed_and_anchored_at_the_end(db, keeper, own):
    keeper.turn()
    log(db)

    keeper.finish()

    assert [line["n"] for line in lines(own.anchor_file)] == [1]


def test_the_whole_audit_is_verified_at_night(db, keeper, monkeypatch):
    log(db)
    keeper.turn()
    night = keeper.verify_due + timedelta(seconds=1)
    monkeypatch.setattr(clock, "now", lambda: night)

    keeper.check()
    keeper.check()

    assert [outcome for outcome, *_ in events(db, "audit.verify")] == ["unchanged"]


def test_a_changed_event_raises_the_alarm_at_night(db, keeper, monkeypatch, caplog):
    log(db)
    keeper.turn()
    tamper(db)
    night = keeper.verify_due + timedelta(seconds=1)
    monkeypatch.setattr(clock, "now", lambda: night)

    keeper.check()

    assert [json.loads(r.message)["event"] for r in caplog.records if r.levelname == "ERROR"] == [
        "audit.verification-failed"
    ]


def test_it_is_verified_when_an_auditor_asks_and_once(db, keeper):
    log(db)
    keeper.turn()
    keeper.check()
    with db.begin(SOMEBODY) as session:
        verification.ask(session)

    keeper.check()
    keeper.check()

    assert [outcome for outcome, *_ in events(db, "audit.verify")] == ["asked", "unchanged"]


def test_sealing_goes_on_while_the_whole_audit_is_verified(db, keeper, monkeypatch):
    """A verification of two turns' length: an event that comes meanwhile is sealed all the same."""
    ended = threading.Event()
    monkeypatch.setattr(keeper, "check", lambda: ended.wait(20))
    monkeypatch.setattr("app.audit.jobs.EVERY_S", 0.05)

    async def meanwhile():
        running = asyncio.create_task(keeper.run())
        await asyncio.sleep(0.2)
        await asyncio.to_thread(log, db)
        for _ in range(100):
            await asyncio.sleep(0.05)
            if await asyncio.to_thread(sealed, db):
                break
        before_it_ended = not ended.is_set()
        ended.set()
        running.cancel()
        return before_it_ended and sealed(db)

    assert loops.run(meanwhile()) == 1


def sealed(db):
    with superuser(db) as admin:
        return admin.execute("select count(*) from audit.seal").fetchone()[0]


def test_a_turn_that_fails_is_told_and_the_next_one_seals(db, keeper, caplog):
    log(db)
    with superuser(db) as admin:
        admin.execute("revoke execute on function audit.add_seal from cs_audit")
        keeper.turn()
        admin.execute("grant execute on function audit.add_seal to cs_audit")

    keeper.turn()

    with superuser(db) as admin:
        assert admin.execute("select n from audit.seal").fetchall() == [(1,)]
    failed = [json.loads(r.message) for r in caplog.records if r.levelname == "ERROR"]
    assert [line["event"] for line in failed] == ["audit.not-sealed"]


def test_an_event_is_sealed_within_five_seconds(db, keeper):
    async def meanwhile():
        running = asyncio.create_task(keeper.run())
        await asyncio.sleep(0.5)
        await asyncio.to_thread(log, db)
        await asyncio.sleep(EVERY_S + 0.5)
        running.cancel()

    loops.run(meanwhile())

    with superuser(db) as admin:
        (lag_s,) = admin.execute(
            "select extract(epoch from seal.at - event.at)::float8 from audit.seal, audit.event"
        ).fetchone()
    assert lag_s < 5


@pytest.mark.parametrize(
    ("now", "due"),
    [
        ((2026, 1, 5, 1, 59), (2026, 1, 5, 2, 0)),
        ((2026, 1, 5, 2, 0), (2026, 1, 6, 2, 0)),
        ((2026, 7, 5, 0, 59), (2026, 7, 5, 1, 0)),  # summer time: two in London is one in UTC
    ],
)
def test_two_at_night_is_two_in_london(now, due):
    assert next_verification(datetime(*now, tzinfo=UTC)) == datetime(*due, tzinfo=UTC)
