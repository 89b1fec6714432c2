"""Rules that every table, view and function of ours obeys, asked of the catalogue itself."""

import psycopg
import pytest
from sqlalchemy import text

from app.accounts import catalogue
from app.accounts import install as installation
from app.accounts.catalogue import UnsafeDatabaseError
from app.accounts.install import install, mark
from app.accounts.permissions import PERMISSIONS
from app.core.actor import job_actor
from app.core.db import Database
from tests.people import HERE, browser, sign_in_as

OURS = catalogue.OURS
EVERY_POLICY = "select * from pg_policies order by schemaname, tablename, policyname"


@pytest.fixture(scope="module")
def admin(cluster, module_db):
    with psycopg.connect(cluster.dsn("postgres", module_db.logins.dbname)) as connection:
        yield connection


def rows(admin, sql):
    return admin.execute(sql).fetchall()


LOGINS = ("cs_app", "cs_audit", "cs_job", "cs_public")


@pytest.mark.parametrize("login", LOGINS)
@pytest.mark.parametrize("question", [*catalogue.QUESTIONS, "definers", "policies"])
def test_the_catalogue_finds_nothing(module_db, login, question):
    assert catalogue.found(module_db, login)[question] == []


@pytest.mark.parametrize("login", LOGINS)
def test_every_login_may_start(module_db, login):
    catalogue.refuse_unsafe(module_db, login)


SPOILT = {
    "row_level_security": "create table app.forgotten (id int)",
    "views": "create view app.all_places as select * from app.place",
    "functions": "create function app.open() returns int language sql as 'select 1'",
    "definers": """create function app.odd() returns int language sql security definer
        set search_path = pg_catalog as 'select 1'; revoke all on function app.odd() from public""",
    "roles": "alter role cs_job createrole",
    "grants": "grant truncate on app.place to cs_job",
    "statistics": "grant execute on function st_estimatedextent(text, text) to public",
    "login": "grant cs_owner to cs_app",
    "public": "grant select (state) on app.report to cs_public",
    "leakproof": "alter function public.geometry_overlaps(geometry, geometry) not leakproof",
    "policies": "alter policy app_read on app.place using (true)",
    "permission_file": "comment on schema app is 'another file'",
}
MENDED = {
    "row_level_security": "drop table app.forgotten",
    "views": "drop view app.all_places",
    "functions": "drop function app.open()",
    "definers": "drop function app.odd()",
    "roles": "alter role cs_job nocreaterole",
    "grants": "revoke truncate on app.place from cs_job",
    "statistics": "revoke execute on function st_estimatedextent(text, text) from public",
    "login": "revoke cs_owner from cs_app",
    "public": "revoke select (state) on app.report from cs_public",
    "leakproof": "alter function public.geometry_overlaps(geometry, geometry) leakproof",
}


@pytest.fixture
def spoilt(cluster, db):
    """What is spoilt here is mended at once: roles belong to the cluster and not to a database."""
    done = []
    with psycopg.connect(cluster.dsn("postgres", db.logins.dbname), autocommit=True) as admin:
        comment = admin.execute("select obj_description('app'::regnamespace)").fetchone()[0]

        def spoil(what):
            done.append(what)
            admin.execute(SPOILT[what].encode())

        yield spoil
        for what in done:
            admin.execute(MENDED.get(what, "select 1").encode())
            if what == "permission_file":
                admin.execute(f"comment on schema app is '{comment}'".encode())
            if what == "policies":
                with admin.transaction():
                    install(admin)
                    admin.execute("reset role")


@pytest.mark.parametrize("question", SPOILT)
def test_nobody_is_served_over_a_database_that_does_not_protect(db, settings, spoilt, question):
    spoilt(question)

    assert catalogue.found(db, "cs_app")[question] != []
    with pytest.raises(UnsafeDatabaseError, match=question), browser(db, settings):
        pass
    answer = browser(db, settings, client=HERE).get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"][question] is False


def test_nobody_is_served_where_a_row_shows_without_claims(cluster, db, settings):
    with psycopg.connect(cluster.dsn("postgres", db.logins.dbname), autocommit=True) as admin:
        sign_in_as(db, "partner")
        admin.execute("create policy open on app.user for select to cs_app using (true)")
        try:
            with pytest.raises(UnsafeDatabaseError, match=r"without_claims: app\.\"user\""):
                catalogue.refuse_unsafe(db, "cs_app")
        finally:
            admin.execute("drop policy open on app.user")


def test_nobody_is_served_by_the_superuser(cluster, db):
    class Superuser:
        def dsn(self, role):
            return cluster.dsn("postgres", db.logins.dbname)

    above = Database(Superuser(), b"")
    try:
        with pytest.raises(UnsafeDatabaseError, match="login: postgres"):
            catalogue.refuse_unsafe(above, "cs_app")
    finally:
        above.dispose()


def test_policies_in_the_database_are_those_of_the_file_text_for_text(admin):
    standing = admin.execute(EVERY_POLICY).fetchall()

    install(admin)

    admin.execute("reset role")
    assert admin.execute(EVERY_POLICY).fetchall() == standing
    admin.rollback()


def test_a_generator_that_changed_is_installed_again(monkeypatch):
    before = mark(PERMISSIONS)

    monkeypatch.setattr(installation, "GENERATOR", ("policies.py",))

    assert mark(PERMISSIONS) != before


@pytest.mark.asvs("13.2.2")
def test_no_login_owns_anything(admin):
    assert not rows(
        admin,
        f"select c.oid::regclass from pg_class c join pg_namespace n on n.oid = c.relnamespace "
        f"join pg_roles r on r.oid = c.relowner where n.nspname in {OURS} and r.rolcanlogin",
    )


@pytest.mark.asvs("13.2.2")
def test_only_the_login_of_backups_is_above_policies(admin):
    above = rows(admin, "select rolname from pg_roles where rolname like 'cs\\_%' and rolbypassrls")

    assert above == [("cs_backup",)]


@pytest.mark.asvs("13.2.2")
def test_the_login_of_the_public_may_call_these_functions_and_nothing_else_of_ours(admin):
    found = rows(
        admin,
        f"select p.oid::regprocedure::text from pg_proc p "
        f"join pg_namespace n on n.oid = p.pronamespace "
        f"where n.nspname in {OURS} and has_function_privilege('cs_public', p.oid, 'execute') "
        f"and has_schema_privilege('cs_public', n.oid, 'usage')",
    )

    assert {name for (name,) in found} == {
        "intake.counted(text,bytea)",
        "intake.draft_drop(bytea)",
        "intake.draft_read(bytea)",
        "intake.draft_write(bytea,bytea)",
        "intake.public_page()",  # what two people signed for everybody
        "intake.reply(bytea,uuid,bytea,bytea)",
        "intake.so_far(text,bytea)",
        "intake.status(bytea)",
        "intake.submit(bytea,bytea,jsonb,bytea,bytea,bytea,bytea,bytea,bytea)",
        f"reference.drawn({','.join(4 * ['double precision'])},integer)",
        "reference.find_named(text,text[])",
        "reference.nearest_named(double precision,double precision)",
        "reference.reach(double precision,double precision,text[])",
    }


def test_the_overlap_test_raises_nothing_on_odd_input(admin):
    odd = [
        "ST_GeomFromText('POINT EMPTY', 27700)",
        "ST_GeomFromText('POLYGON EMPTY', 4326)",
        "ST_SetSRID(ST_MakePoint('NaN', 'NaN'), 27700)",
        "ST_SetSRID(ST_MakePoint('Infinity', 1), 3857)",
        "ST_SetSRID(ST_MakeEnvelope(0, 0, 1e308, 1e308), 4326)",
        "null::geometry",
    ]

    answers = [
        admin.execute(f"select {one} operator(public.&&) {other}").fetchone()
        for one in odd
        for other in odd
    ]

    assert len(answers) == len(odd) ** 2


def test_a_raw_connection_without_claims_sees_no_row(cluster, module_db):
    with psycopg.connect(module_db.logins.dsn("cs_app")) as connection:
        counts = [
            connection.execute(f"select count(*) from {table}").fetchone()[0]
            for table in ("reference.area", "reference.postcode", "reference.place_type")
        ]

    assert counts == [0, 0, 0]


@pytest.mark.asvs("9.1.1")
@pytest.mark.parametrize(
    ("claims", "sig"),
    [('{"role":"cs_lead","all_boroughs":true,"exp":9e9,"pid":1}', "00"), ("{}", "")],
)
def test_claims_that_are_not_signed_are_refused(cluster, module_db, claims, sig):
    with psycopg.connect(module_db.logins.dsn("cs_app")) as connection:
        connection.execute("select set_config('cs.claims', %s, true)", (claims,))
        connection.execute("select set_config('cs.sig', %s, true)", (sig,))

        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("select count(*) from reference.area")


def test_claims_of_another_connection_are_worthless(module_db):
    with module_db.begin(job_actor("test:one")) as session:
        stolen = session.execute(
            text("select current_setting('cs.claims'), current_setting('cs.sig')")
        ).one()

    with psycopg.connect(module_db.logins.dsn("cs_app")) as connection:
        connection.execute(
            "select set_config('cs.claims', %s, true), set_config('cs.sig', %s, true)",
            tuple(stolen),
        )
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="expired"):
            connection.execute("select count(*) from reference.area")


@pytest.mark.asvs("16.4.2")
def test_the_application_cannot_change_or_remove_audit_events(module_db):
    from app.audit import service as audit

    with module_db.begin(job_actor("test:audit")) as session:
        audit.record(session, "test.done", "test", "TS-1", n=1)

    with psycopg.connect(module_db.logins.dsn("cs_app"), autocommit=True) as connection:
        for statement in (
            "update audit.event set role = 'x'",
            "delete from audit.event",
            "truncate audit.event",
            "insert into audit.event (role) values ('x')",
            "select * from sec.key",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement.encode())
