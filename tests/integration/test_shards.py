"""The recipe of docs/operator/scaling.md over two real servers: what crosses, and who computes.

The files of docs/operator/deploy/shards are run as they are.
"""

import shutil
import subprocess
import tempfile
from pathlib import Path

import psycopg
import pytest

from app.core.ids import random_id
from app.core.postgres import PrivateCluster
from tests.databases import cloned, create_database

FILES = Path(__file__).resolve().parents[2] / "docs" / "operator" / "deploy" / "shards"
OURS, THEIRS = "kingston-richmond", "synthetic-neighbours"
STATES = ("DRAFT", "CHECKED", "APPROVED", "WITHDRAWN")
RELEASE = """
    insert into app.release (id, code, period_kind, period, window_from, window_to, cut_at, state,
        certificate, sha256, lead_by, auditor_by, approved_at, withdrawn_by, withdrawn_at,
        withdrawn_reason, created_by, updated_by)
    values (%(id)s, %(code)s, 'Q', '2026-Q1', '2026-01-01', '2026-04-01', '2026-04-20', %(state)s,
        '{}', repeat('0', 64), %(one)s, %(two)s, now(),
        case when %(state)s = 'WITHDRAWN' then %(one)s::uuid end, now(),
        case when %(state)s = 'WITHDRAWN' then 'Synthetic: one was counted twice.' end,
        %(one)s, %(one)s)
"""
CELL = """
    insert into app.release_cell (release_id, state, table_code, period, geo_kind, geo_code, shown,
                                  low, high, rule)
    values (%s, %s, 'RQ1', '2026-Q1', %s, %s, '5 to 9', 5, 9, 'BAND')
"""
NEIGHBOURS = """
    insert into published.cell
    select %s, '2026-Q1', 'RQ' || n % 20, '2026-Q' || n % 4 + 1, 'WARD', 'S' || n, 'ALL', 'ALL',
           '10 to 14', 10, 14,
           ST_SetSRID(ST_Point(480000 + n %% 300 * 100, 150000 + n / 300 * 300), 27700)
    from generate_series(1, 20000) as n
""".replace("n % ", "n %% ")
NEAR = """
    select partnership, sum(low), sum(high) from region.cell
    where ST_DWithin(at, ST_SetSRID(ST_Point(500000, 160000), 27700), 5000)
    group by partnership order by partnership
"""
ROWS = """
    select * from region.cell
    where ST_DWithin(at, ST_SetSRID(ST_Point(500000, 160000), 27700), 5000)
"""


class Shards:
    """`ours` has the service and the region's database, `theirs` is another partnership's."""

    def __init__(self, ours: PrivateCluster, theirs: PrivateCluster, service: str) -> None:
        self.ours, self.theirs, self.service = ours, theirs, service

    def psql(self, cluster, dbname, name, *, role="postgres", given="", **values):
        command = [str(cluster._programs().bin / "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1"]
        for key, value in values.items():
            command += ["-v", f"{key}={value}"]
        command += ["-f", str(FILES / name), cluster.dsn(role, dbname)]
        done = subprocess.run(
            command, input=given, capture_output=True, text=True, check=False, **env(cluster)
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def as_(self, cluster, role, dbname):
        return psycopg.connect(cluster.dsn(role, dbname), autocommit=True)


def env(cluster):
    return {"env": cluster._identity()["env"]}


def lets_in(cluster, *roles):
    """Peer logins of the test's own servers; in earnest a password over TLS."""
    names = cluster.pgdata / "pg_ident.conf"
    users = {line.split()[1] for line in names.read_text().splitlines() if line.strip()}
    more = "".join(f"contextmap {user} {role}\n" for user in sorted(users) for role in roles)
    names.write_text(names.read_text() + more)
    with psycopg.connect(cluster.dsn("postgres", "postgres"), autocommit=True) as admin:
        admin.execute("select pg_reload_conf()")


@pytest.fixture(scope="module")
def shards(cluster, template):
    folder = Path(tempfile.mkdtemp(prefix="contextmap-test-shard-"))
    theirs = PrivateCluster(folder, durable=False)
    theirs.start()
    try:
        with cloned(cluster, template, "of_service"):
            yield joined(Shards(cluster, theirs, "of_service"))
    finally:
        theirs.stop()
        shutil.rmtree(folder, ignore_errors=True)
        with psycopg.connect(cluster.dsn("postgres", "postgres"), autocommit=True) as admin:
            for name in ("shared", "region"):
                admin.execute(f"drop database if exists {name} with (force)".encode())
            admin.execute("drop role if exists region_reader, region_analyst")


def joined(shards):
    """As the page says, with a shard on each of the two servers."""
    for cluster, partnership in ((shards.ours, OURS), (shards.theirs, THEIRS)):
        create_database(cluster, "shared")
        shards.psql(cluster, "shared", "shard.sql", partnership=partnership)
        lets_in(cluster, "region_reader", "region_analyst")
    create_database(shards.ours, "region")
    shards.psql(shards.ours, "region", "region.sql")
    for cluster, name, partnership in (
        (shards.ours, "ours", OURS),
        (shards.theirs, "theirs", THEIRS),
    ):
        shards.psql(
            shards.ours,
            "region",
            "join.sql",
            shard=name,
            partnership=partnership,
            host=cluster.socket_dir,
            port=5432,
            password="synthetic",
        )
        with shards.as_(shards.ours, "postgres", "region") as admin:  # peer, and no password
            admin.execute(
                f"alter user mapping for region_analyst server {name}"
                " options (add password_required 'false')".encode()
            )
    with shards.as_(shards.theirs, "postgres", "shared") as admin:
        admin.execute(NEIGHBOURS, (THEIRS,))
        admin.execute("analyze published.cell")
    return shards


@pytest.fixture(scope="module")
def crossed(shards):
    """What the service's database lets go: of releases in each state, of each kind of area."""
    with shards.as_(shards.ours, "postgres", shards.service) as admin:
        admin.execute("set session_replication_role = replica")
        (borough,) = admin.execute(
            "select code from reference.area where kind = 'borough' order by code limit 1"
        ).fetchone()
        for state in STATES:
            key = random_id()
            given = {"id": key, "code": f"2026-{state}", "state": state}
            admin.execute(RELEASE, given | {"one": random_id(), "two": random_id()})
            for kind, code in (("BOTH", "BOTH"), ("BOROUGH", borough), ("PLACE", "PL-7K2-Q4MT")):
                admin.execute(CELL, (key, state, kind, code))
    rows = shards.psql(
        shards.ours, shards.service, "publish.sql", role="cs_backup", partnership=OURS
    )
    shards.psql(shards.ours, "shared", "take.sql", given=rows)
    return rows


def test_only_approved_cells_of_wards_and_boroughs_cross(shards, crossed):
    with shards.as_(shards.ours, "region_reader", "shared") as reader:
        found = reader.execute(
            "select release_code, geo_kind, shown, at is not null from published.cell"
            " order by geo_kind"
        ).fetchall()

    assert found == [
        ("2026-APPROVED", "BOROUGH", "5 to 9", True),
        ("2026-APPROVED", "BOTH", "5 to 9", False),
    ]
    assert "PL-7K2" not in crossed


def test_the_shard_takes_no_place_and_no_cell_of_somebody_else(shards):
    with shards.as_(shards.theirs, "postgres", "shared") as admin:
        for wrong in ("geo_kind = 'PLACE'", f"partnership = '{OURS}'"):
            with pytest.raises(psycopg.errors.CheckViolation):
                admin.execute(f"update published.cell set {wrong} where geo_code = 'S1'".encode())


def test_the_login_of_the_region_reaches_nothing_else(shards):
    for cluster, dbname in ((shards.ours, shards.service), (shards.ours, "region")):
        with shards.as_(cluster, "postgres", dbname) as admin:
            admin.execute(f'revoke connect on database "{dbname}" from public'.encode())
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            shards.as_(cluster, "region_reader", dbname)
    with shards.as_(shards.theirs, "region_reader", "shared") as reader:
        reader.execute("set default_transaction_read_only = off")
        for statement in (
            "delete from published.cell",
            "create temporary table mine (id int)",
            "create table public.mine (id int)",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                reader.execute(statement.encode())


def test_both_shards_are_asked_at_once_and_find_and_count_themselves(shards, crossed):
    with shards.as_(shards.ours, "postgres", "region") as admin:
        admin.execute("grant connect on database region to region_analyst")
    with shards.as_(shards.ours, "region_analyst", "region") as analyst:
        plan = explained(analyst, NEAR)
        rows = explained(analyst, ROWS)
        found = analyst.execute(NEAR).fetchall()

    assert plan.count("Foreign Scan") == 2
    assert plan.lower().count("st_dwithin(at") == 2, "the shards find"
    assert "sum(low), sum(high)" in plan, "the shard that has many counts them"
    assert rows.count("Async Foreign Scan") == 2, "and they are asked at once"
    with shards.as_(shards.theirs, "postgres", "shared") as admin:
        own = admin.execute(NEAR.replace("region.cell", "published.cell")).fetchall()
    assert [row for row in found if row[0] == THEIRS] == own
    assert own[0][1] > 0
    print(plan)


def explained(connection, statement):
    said = connection.execute(f"explain (verbose, costs off) {statement}".encode()).fetchall()
    return "\n".join(line for (line,) in said)
