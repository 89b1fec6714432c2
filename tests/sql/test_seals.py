"""Seals over a real database: late commits, a thousand tampers, and who may touch what."""

import random
from collections import Counter
from dataclasses import dataclass

import psycopg
import pytest
from sqlalchemy import text

from app.audit import anchors, queries, seals, service, verification
from app.audit.rules import START, Seal, Tree, leaf
from app.core.actor import job_actor
from app.core.partnership import partnership
from tests.audit_events import fill

SEALER = seals.SEALER
SOMEBODY = job_actor("test:somebody")
AUDIT_TABLES = ("audit.event", "audit.seal", "audit.anchor", "audit.era")


def superuser(db, *, autocommit=True):
    return psycopg.connect(
        db.logins.cluster.dsn("postgres", db.logins.dbname), autocommit=autocommit
    )


def log(db, action="test.done", **facts):
    with db.begin(SOMEBODY) as session:
        service.record(session, action, "test", "TS-1", **facts)


def ids(db):
    with superuser(db) as admin:
        return [row[0] for row in admin.execute("select id from audit.event order by id")]


# Sealing


def test_events_are_sealed_once_and_the_chain_goes_on(db):
    log(db)
    log(db)
    first = seals.seal(db)
    log(db)

    second, third = seals.seal(db), seals.seal(db)

    assert [(done.seals, done.events) for done in (first, second, third)] == [
        (1, 2),
        (1, 1),
        (0, 0),
    ]
    assert second.last.n == 2
    assert second.last.lo == first.last.hi
    assert verification.verify(db).holds


def test_the_database_and_python_hash_a_seal_alike(db):
    log(db, n=1)

    made = seals.seal(db).last

    assert made.hash == made.expected_hash()
    assert made.previous == START


def test_an_event_that_commits_after_a_later_one_is_not_lost(db):
    """Id 1 is still open while id 2 commits: sealing by the highest id would lose it."""
    begun = db.begin(SOMEBODY)
    with begun as early:
        service.record(early, "test.early", "test", "TS-1")
        log(db, "test.late")
        between = seals.seal(db)

    after = seals.seal(db)

    assert between.events == 0, "id 2 waits, for its transaction is the younger one"
    assert after.events == 2
    assert ids(db) == [1, 2]
    verdict = verification.verify(db)
    assert (verdict.holds, verdict.events, verdict.unsealed) == (True, 2, 0)


def test_an_older_transaction_with_a_higher_id_is_not_lost_either(db):
    begun = db.begin(SOMEBODY)
    with begun as older:
        older.execute(text("select pg_current_xact_id()"))
        log(db, "test.younger")
        between = seals.seal(db)
        service.record(older, "test.older", "test", "TS-1")

    after = seals.seal(db)

    assert (between.events, after.events) == (0, 2)
    assert verification.verify(db).holds


def test_a_long_transaction_keeps_later_events_waiting_and_the_wait_is_told(db):
    begun = db.begin(SOMEBODY)
    with begun as older:
        older.execute(text("select pg_current_xact_id()"))
        log(db)
        older.execute(text("select pg_sleep(0.3)"))
        waiting = seals.seal(db)

    assert waiting.events == 0
    assert waiting.lag_s >= 0.3


def undone(session):
    service.record(session, "test.undone", "test", "TS-1")
    raise BrokenPipeError


def test_what_was_rolled_back_is_in_no_seal(db):
    log(db)
    with pytest.raises(BrokenPipeError), db.begin(SOMEBODY) as session:
        undone(session)

    done = seals.seal(db)

    assert done.events == 1
    assert verification.verify(db).holds


def test_two_sealers_at_once_make_one_chain(db):
    from concurrent.futures import ThreadPoolExecutor

    fill(superuser_dsn(db), 2_000, transactions=20)

    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda _: seals.seal(db), range(8)))

    assert sum(one.events for one in done) == 2_000
    verdict = verification.verify(db)
    assert (verdict.holds, verdict.events, verdict.unsealed) == (True, 2_000, 0)


def test_a_new_era_begins_with_low_numbers_after_the_old_one_was_closed(db):
    log(db)
    seals.seal(db)
    log(db, "test.not_sealed_before_the_restore")
    with superuser(db) as admin:
        # As after a logical restore: the copied rows have numbers that are yet to come here.
        admin.execute("update audit.event set xid = '9000000'::xid8 where id = 2")
        admin.execute("set role cs_sec")
        assert admin.execute("select audit.begin_era()").fetchone() == (2,)
    log(db, "test.after_the_restore")

    done = seals.seal(db)

    verdict = verification.verify(db)
    assert (done.seals, done.events) == (2, 2)
    assert (verdict.holds, verdict.eras, verdict.unsealed) == (True, [1, 2], 0)


def test_a_restore_without_a_new_era_is_found(db):
    log(db)
    seals.seal(db)
    with superuser(db) as admin:
        admin.execute(
            "insert into audit.event (role, action, object_type, outcome, rows, xid) "
            "values ('job', 'test.restored', 'test', 'done', 1, '9000000')"
        )

    verdict = verification.verify(db)

    assert [problem.code for problem in verdict.problems] == ["event-of-the-future"]


def test_each_further_era_is_another(db):
    with superuser(db) as admin:
        admin.execute("set role cs_sec")
        found = [admin.execute("select audit.begin_era()").fetchone()[0] for _ in range(3)]

    assert found == [2, 3, 4]


def superuser_dsn(db):
    return db.logins.cluster.dsn("postgres", db.logins.dbname)


# A thousand tampers


@dataclass
class Trail:
    """A sealed and anchored trail, and the rows of a superuser who may change it."""

    db: object
    compared: list
    seals: int
    ids: list


@pytest.fixture(scope="module")
def trail(module_db, tmp_path_factory, settings):
    """360 events under 18 seals, the last of them anchored."""
    for number in range(18):
        fill(superuser_dsn(module_db), 20, transactions=2 + number % 3)
        seals.seal(module_db)
    out = tmp_path_factory.mktemp("elsewhere") / "anchors"
    made, _ = verification.anchor(module_db, settings, out)
    key = anchors.private_key(settings.data_dir).public_key()
    name = partnership(settings.partnership).name
    verdict = verification.verify(module_db)
    compared = anchors.read(out, [key], partnership=name, verdict=verdict)
    assert verdict.holds
    assert made.n == 18
    return Trail(module_db, compared, made.n, ids(module_db))


TEXTS = ("action", "agency", "object_ref", "object_type", "outcome", "purpose", "regime", "role")
VALUES = {column: f"{column} || 'x'" for column in TEXTS} | {
    "actor": "gen_random_uuid()",
    "at": "at + interval '1 microsecond'",
    "era": "era + 1",
    "rows": "rows + 1",
    "xid": "(xid::text::bigint + 1)::text::xid8",
    "salt": "sha256(salt)",
    "detail": """case when detail is null then '{"n": 1}' else detail || '{"n": -1}' end""",
}


def edit(admin, draw, trail):
    column = draw.choice(sorted(VALUES))
    admin.execute(
        f"update audit.event set {column} = {VALUES[column]} where id = %s",
        (draw.choice(trail.ids),),
    )


def empty(admin, draw, trail):
    column = draw.choice(["agency", "actor", "purpose", "regime", "object_ref"])
    admin.execute(
        f"update audit.event set {column} = null where id = %s", (draw.choice(trail.ids),)
    )


def delete(admin, draw, trail):
    gone = draw.sample(trail.ids, draw.randint(1, 5))
    admin.execute("delete from audit.event where id = any (%s)", (gone,))


def swap(admin, draw, trail):
    one, other = draw.sample(trail.ids, 2)
    if draw.random() < 0.5:  # numbers change places
        for old, new in ((one, -1), (other, one), (-1, other)):
            admin.execute("update audit.event set id = %s where id = %s", (new, old))
    else:  # who did it changes places
        admin.execute(
            "update audit.event as here set actor = there.actor from audit.event as there "
            "where (here.id, there.id) in ((%(a)s, %(b)s), (%(b)s, %(a)s))",
            {"a": one, "b": other},
        )


def insert(admin, draw, trail):
    admin.execute(
        "insert into audit.event (era, xid, at, actor, role, agency, regime, action, object_type,"
        " object_ref, purpose, outcome, rows, salt, detail) select era, xid, at, gen_random_uuid(),"
        " role, agency, regime, action, object_type, object_ref, purpose, outcome, rows, salt,"
        " detail from audit.event where id = %s",
        (draw.choice(trail.ids),),
    )


def reinsert(admin, draw, trail):
    """Deleted and written again, a column changed, with the old number."""
    row = admin.execute(
        "delete from audit.event where id = %s returning era, xid::text, at, role, action, salt",
        (draw.choice(trail.ids),),
    ).fetchone()
    admin.execute(
        "insert into audit.event (era, xid, at, role, action, salt, object_type, outcome, rows) "
        "values (%s, %s::text::xid8, %s, %s, %s, %s, 'place', 'done', 1)",
        row,
    )


def edit_seal(admin, draw, trail):
    column = draw.choice(["root", "previous", "hash", "count", "lo_xid", "hi_xid", "era"])
    value = {
        **dict.fromkeys(("root", "previous", "hash"), "sha256(root)"),
        **dict.fromkeys(("count", "era"), f"{column} + 1"),
        **dict.fromkeys(("lo_xid", "hi_xid"), f"({column}::text::bigint + 1)::text::xid8"),
    }[column]
    admin.execute(
        f"update audit.seal set {column} = {value} where n = %s", (draw.randint(1, trail.seals),)
    )


def delete_seal(admin, draw, trail):
    admin.execute("delete from audit.seal where n = %s", (draw.randint(1, trail.seals - 1),))


def cut_tail(admin, draw, trail):
    """The newest seals and their events: as if they had never been."""
    n = draw.randint(1, trail.seals)
    admin.execute(
        "delete from audit.event where xid >= (select lo_xid from audit.seal where n = %s)", (n,)
    )
    admin.execute("delete from audit.seal where n >= %s", (n,))


def seal_anew(admin, draw, trail):
    """Change an event as one who knows how to hash, and mend the whole chain after it."""
    edit_one = draw.choice(trail.ids)
    admin.execute("update audit.event set rows = rows + 1 where id = %s", (edit_one,))
    with admin.cursor() as cursor:
        standing = list(queries.every_seal(cursor))
        previous = START
        for old in standing:
            tree = Tree()
            for event in queries.events_in(cursor, era=old.era, lo=old.lo, hi=old.hi):
                tree.add(leaf(event))
            bare = Seal(old.n, old.era, old.lo, old.hi, old.events, tree.root(), previous, b"")
            previous = bare.expected_hash()
            cursor.execute(
                "update audit.seal set root = %s, previous = %s, hash = %s where n = %s",
                (bare.root, bare.previous, previous, old.n),
            )


BY_SEALS = (edit, empty, delete, swap, insert, reinsert, edit_seal, delete_seal)
BY_ANCHOR_ONLY = (cut_tail, seal_anew)


def found(trail, tamper, draw):
    """Whether a verification without and with the anchor finds it; then it is undone."""
    with superuser(trail.db, autocommit=False) as admin:
        admin.execute("alter table audit.anchor drop constraint anchor_n_fkey")
        admin.execute("alter table audit.event alter id set generated by default")
        tamper(admin, draw, trail)
        with admin.cursor() as cursor:
            alone = verification.read_through(cursor)
            anchored = verification.read_through(cursor, compared=trail.compared)
        admin.rollback()
    return not alone.holds, not anchored.holds


@pytest.mark.asvs("16.4.2")
def test_a_thousand_of_a_thousand_tampers_are_found_with_an_anchor(trail):
    draw = random.Random(1)
    kinds = [*BY_SEALS, *BY_ANCHOR_ONLY]
    alone, anchored = Counter(), Counter()

    for number in range(1_000):
        tamper = kinds[number % len(kinds)]
        by_seals, by_anchor = found(trail, tamper, draw)
        alone[tamper.__name__] += by_seals
        anchored[tamper.__name__] += by_anchor

    assert anchored == {kind.__name__: 100 for kind in kinds}
    assert {name for name, n in alone.items() if n == 100} == {k.__name__ for k in BY_SEALS}
    assert {name for name, n in alone.items() if n == 0} == {k.__name__ for k in BY_ANCHOR_ONLY}


def test_the_untouched_trail_holds_with_and_without_an_anchor(trail):
    assert found(trail, lambda *_: None, random.Random(1)) == (False, False)


@pytest.mark.parametrize(
    "forged",
    [
        "update audit.event set at = 'infinity' where id = 5",
        "update audit.event set at = '-infinity' where id = 5",
        "update audit.event set at = '0044-03-15 BC' where id = 5",
        "update audit.event set at = at - interval '4000 years' where id = 5",
        "update audit.event set xid = '18446744073709551615' where id = 5",
        "update audit.event set era = -1 where id = 5",
        """alter table audit.event drop constraint event_salt_check;
           update audit.event set salt = null where id = 5""",
        """alter table audit.seal drop constraint seal_count_check;
           update audit.seal set count = -1 where n = 3""",
        "update audit.seal set root = '' where n = 3",
        "update audit.seal set hi_xid = '18446744073709551615' where n = 3",
    ],
)
def test_values_that_nobody_expects_are_found_and_stop_nothing(trail, forged):
    assert found(trail, lambda admin, *_: admin.execute(forged), None) == (True, True)


# Erasing


def test_an_erased_detail_still_verifies_and_is_itself_audited(db):
    log(db, ward="E05000403")
    seals.seal(db)

    with db.cursor(job_actor("retention:erase")) as cursor:
        erased = cursor.execute("select audit.erase_detail(1)").fetchone()
        again = cursor.execute("select audit.erase_detail(1)").fetchone()

    with superuser(db) as admin:
        details = admin.execute("select detail from audit.event order by id").fetchall()
        traces = admin.execute("select action, object_ref from audit.event where id > 1").fetchall()
    assert (erased, again) == ((True,), (False,))
    assert details[0] == (None,)
    assert traces == [("audit.erase_detail", "1")]
    seals.seal(db)
    assert verification.verify(db).holds


def test_only_the_retention_job_erases(db):
    log(db, ward="E05000403")

    with (
        pytest.raises(psycopg.errors.InsufficientPrivilege, match="only retention"),
        db.cursor(job_actor("test:somebody")) as cursor,
    ):
        cursor.execute("select audit.erase_detail(1)")


# Who may touch what


@pytest.mark.parametrize("login", ["cs_app", "cs_job", "cs_audit", "cs_public"])
@pytest.mark.parametrize("table", AUDIT_TABLES)
@pytest.mark.parametrize("statement", ["update", "delete", "truncate", "insert"])
def test_no_login_writes_the_audit_by_itself(module_db, login, table, statement):
    column = {"audit.event": "role", "audit.era": "era"}.get(table, "n")
    statement = {
        "update": f"update {table} set {column} = {column}",
        "delete": f"delete from {table}",
        "truncate": f"truncate {table}",
        "insert": f"insert into {table} ({column}) values (null)",
    }[statement]

    with (
        psycopg.connect(module_db.logins.dsn(login)) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(statement.encode())


@pytest.mark.parametrize(
    ("actor", "statement"),
    [
        (SOMEBODY, "select audit.add_seal(1, '9'::xid8, 1, sha256(''))"),
        (SOMEBODY, "select audit.add_anchor(1, 'x')"),
        (SOMEBODY, "select audit.begin_era()"),
        (SEALER, "select audit.begin_era()"),
        (SEALER, "select audit.erase_detail(1)"),
        (job_actor("test:other", db_role="cs_audit"), "select audit.add_anchor(1, 'x')"),
        (
            job_actor("test:other", db_role="cs_audit"),
            "select audit.add_seal(1, '9'::xid8, 1, sha256(''))",
        ),
        (SEALER, "insert into audit.seal select * from audit.seal"),
        (SEALER, "delete from audit.seal"),
    ],
)
def test_functions_of_the_audit_serve_their_own_job_only(module_db, actor, statement):
    with (
        pytest.raises(psycopg.errors.InsufficientPrivilege),
        module_db.cursor(actor) as cursor,
    ):
        cursor.execute(statement)


@pytest.mark.parametrize(
    ("until", "events"),
    [("(pg_snapshot_xmax(pg_current_snapshot())::text::bigint + 5)", 1), ("1", 1), ("4000", 2)],
)
def test_the_database_refuses_a_seal_over_another_window(db, until, events):
    log(db)

    with pytest.raises(psycopg.errors.CheckViolation), db.cursor(SEALER) as cursor:
        cursor.execute(
            f"select audit.add_seal(1, ({until})::text::xid8, {events}, sha256(''))".encode()
        )


@pytest.mark.asvs("16.2.1")
def test_who_acts_comes_from_the_claims_and_the_regime_with_it(db):
    log(db)

    with superuser(db) as admin:
        row = admin.execute("select role, regime, era, length(salt) from audit.event").fetchone()
    assert row == ("job", "UK_GDPR", 1, 32)


def test_every_event_has_a_salt_of_its_own(db):
    fill(superuser_dsn(db), 500)

    with superuser(db) as admin:
        assert admin.execute("select count(distinct salt) from audit.event").fetchone() == (500,)
