"""Somebody importing a file, as pages or as a program, with the worker's part done at once."""

import re

from sqlalchemy import text

from app.imports import applying
from app.imports.applying import Bench
from tests.people import HTML, csrf

HEADER = "external_id,date,harm_code,easting,northing,source_agency,summary"
ROW = "{n},29/07/2026,ASB,{x},{y},AFC,Synthetic {n}"


def incidents(n=3, *, first=1, header=HEADER, **changes):
    """A file of synthetic incidents in a row of spots in Kingston, 400 m apart."""
    rows = [
        ROW.format(n=f"S-{i}", x=517_000 + 400 * (i % 8), y=168_000 + 400 * (i // 8 % 8))
        for i in range(first, first + n)
    ]
    for at, row in changes.items():
        rows[int(at[1:])] = row
    return "\n".join([header, *rows]).encode()


def upload(client, body, name="synthetic.csv"):
    """The reference of the batch."""
    answer = client.post(
        "/imports/new",
        data={"csrf": csrf(client)},
        files={"file": (name, body, "text/csv")},
        headers=HTML,
    )
    assert answer.status_code == 303, answer.text
    return re.search(r"/imports/(IB-[0-9A-Z-]+)/", answer.headers["location"])[1]


def send(client, path, **answers):
    return client.post(path, data={"csrf": csrf(client)} | answers, headers=HTML)


def bench(db, settings):
    return Bench.of(db, settings)


def work(db, settings):
    """Everything that waits for the worker."""
    with db.read(applying.JOB) as session:
        waiting = session.execute(
            text("select id, work from app.import_batch where work is not null order by started_at")
        ).all()
    do = {"DRY_RUN": applying.dry_run, "APPLY": applying.apply, "UNDO": applying.undo}
    for key, wanted in waiting:
        do[wanted](bench(db, settings), key)


def columns_of(client, ref):
    """The form as the page fills it in."""
    page = client.get(f"/imports/{ref}/columns", headers=HTML).text
    said = {}
    for name, options in re.findall(r'<select [^>]*name="([^"]+)"[^>]*>(.*?)</select>', page, re.S):
        chosen = re.search(r'value="([^"]*)" selected', options)
        if chosen and chosen[1]:
            said[name] = chosen[1]
    return said | dict(re.findall(r'name="(\w+)" type="text" value="([^"]+)"', page))


def tried(client, db, settings, body, *, kind="incidents", name="synthetic.csv", **answers):
    """Up to the dry run."""
    ref = upload(client, body, name)
    answer = send(client, f"/imports/{ref}/kind", kind=kind)
    assert answer.status_code == 303, answer.text
    said = columns_of(client, ref) | answers
    answer = send(client, f"/imports/{ref}/columns", **said)
    assert answer.status_code == 303, answer.text
    work(db, settings)
    return ref


def imported(client, db, settings, body, **options):
    """All the way, with every row that can be."""
    ref = tried(client, db, settings, body, **options)
    page = client.get(f"/imports/{ref}/confirm", headers=HTML).text
    number = re.search(r"Type ([\d,]+)", page)[1]
    answer = send(client, f"/imports/{ref}/confirm", rows=number)
    assert answer.status_code == 303, answer.text
    work(db, settings)
    return ref


def undone(client, db, settings, ref):
    answer = send(client, f"/imports/{ref}/undo")
    assert answer.status_code == 303, answer.text
    work(db, settings)


OURS = """
    select format('%I.%I', n.nspname, c.relname) from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = 'app' and c.relkind = 'r' and c.relname not like 'import%'
      and c.relname not in ('session', 'user') order by 1
"""


def hashed(db):
    """Row for row, every table of records; the audit and the batches themselves stay out."""
    import psycopg

    dsn = db.logins.cluster.dsn("postgres", db.logins.dbname)
    with psycopg.connect(dsn) as admin:
        return {
            table: admin.execute(
                "select count(*), md5(string_agg(t::text, chr(10) order by t::text)) "
                f"from {table} as t"
            ).fetchone()
            for (table,) in admin.execute(OURS).fetchall()
        }


def batch(db, ref):
    with db.read(applying.JOB) as session:
        return session.execute(
            text("select * from app.import_batch where ref = :ref"), {"ref": ref}
        ).one()
