"""Rules that every table, view and function of ours obeys, asked of the catalogue itself."""

import psycopg
import pytest
from sqlalchemy import text

from app.core.actor import job_actor
from app.site import queries as site

OURS = "('app', 'audit', 'sec', 'reference', 'queue')"


@pytest.fixture(scope="module")
def admin(cluster, module_db):
    with psycopg.connect(cluster.dsn("postgres", module_db.logins.dbname)) as connection:
        yield connection


def rows(admin, sql):
    return admin.execute(sql).fetchall()


def test_every_table_forces_row_level_security_and_has_a_policy(module_db):
    with module_db.read(job_actor("test:catalogue")) as session:
        assert site.unprotected_tables(session) == []


def test_a_table_without_policy_is_found(cluster, module_db):
    with psycopg.connect(cluster.dsn("postgres", module_db.logins.dbname)) as connection:
        connection.execute("create table app.forgotten (id int)")
        found = connection.execute(str(site.UNPROTECTED)).fetchall()
        connection.rollback()

    assert found == [("app.forgotten",)]


def test_no_view_or_materialised_view_goes_round_the_policies(admin):
    assert not rows(
        admin,
        f"select c.oid::regclass from pg_class c join pg_namespace n on n.oid = c.relnamespace "
        f"where n.nspname in {OURS} and (c.relkind = 'm' or c.relkind = 'v' and not exists "
        f"(select from pg_options_to_table(c.reloptions) o "
        f"where o.option_name = 'security_invoker' and o.option_value::boolean))",
    )


def test_no_function_of_ours_may_be_called_by_everybody(admin):
    assert not rows(
        admin,
        f"select p.oid::regprocedure from pg_proc p join pg_namespace n on n.oid = p.pronamespace "
        f"where n.nspname in {OURS} and has_function_privilege('public', p.oid, 'execute')",
    )


def test_every_definer_has_a_pinned_search_path(admin):
    assert not rows(
        admin,
        f"select p.oid::regprocedure from pg_proc p join pg_namespace n on n.oid = p.pronamespace "
        f"where n.nspname in {OURS} and p.prosecdef and not exists "
        f"(select from unnest(p.proconfig) s where s like 'search_path=%')",
    )


def test_no_login_is_owner_superuser_or_above_policies(admin):
    found = rows(
        admin,
        "select rolname from pg_roles where rolname like 'cs\\_%' "
        "and (rolsuper or rolcreaterole or rolcreatedb or rolbypassrls)",
    )
    owned = rows(
        admin,
        f"select c.oid::regclass from pg_class c join pg_namespace n on n.oid = c.relnamespace "
        f"join pg_roles r on r.oid = c.relowner where n.nspname in {OURS} and r.rolcanlogin",
    )

    assert found == [("cs_backup",)]
    assert owned == []


def test_no_login_may_truncate_or_make_triggers(admin):
    assert not rows(
        admin,
        f"select table_schema, table_name, grantee from information_schema.role_table_grants "
        f"where table_schema in {OURS} and grantee like 'cs\\_%' "
        f"and grantee not in ('cs_owner', 'cs_sec') "
        f"and privilege_type in ('TRUNCATE', 'TRIGGER', 'REFERENCES')",
    )


def test_statistics_functions_that_leak_extents_are_revoked(admin):
    found = rows(
        admin,
        "select p.oid::regprocedure from pg_proc p where p.proname in ('st_estimatedextent', "
        "'_postgis_stats') and has_function_privilege('cs_app', p.oid, 'execute')",
    )

    assert found == []


def test_the_overlap_test_is_marked_leakproof(module_db):
    with module_db.read(job_actor("test:catalogue")) as session:
        assert site.overlap_is_leakproof(session)


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
