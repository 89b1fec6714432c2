"""Imports by program, of intelligence, and what happens at once, late, or to somebody revoked."""

import random
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from app.core.actor import job_actor
from app.core.errors import BusyError
from app.imports import applying
from tests.html import timeless
from tests.importing import (
    batch,
    bench,
    hashed,
    imported,
    incidents,
    send,
    tried,
    undone,
    upload,
    work,
)
from tests.people import SYSTEM

ITEMS = (
    b"date,text,source_eval,info_assess,handling,conditions,agencies,discovered_by,easting,northing\n"
    b"05/03/2026,Synthetic one,2,C,P,,,PARTNER_REPORT,518050,169150\n"
    b"06/03/2026,Synthetic two,1,B,P,,,PARTNER_REPORT,,\n"
)


@pytest.fixture
def lead(as_):
    return as_("cs_lead", agency="AFC")


@pytest.fixture
def analyst(as_):
    return as_("police_analyst", agency="MPS_SWBCU")


def count(db, table):
    import psycopg

    with psycopg.connect(db.logins.cluster.dsn("postgres", db.logins.dbname)) as admin:
        return admin.execute(f"select count(*) from app.{table}").fetchone()[0]


def key(db, ref):
    return batch(db, ref).id


def test_a_program_goes_all_the_way_and_is_refused_as_people_are(lead, db, settings):
    path = "/api/v1/imports"
    octets = {"content-type": "application/octet-stream"}
    made = lead.post(f"{path}?name=synthetic.csv", content=incidents(3), headers=octets)
    assert made.status_code == 201, made.text
    path = f"{path}/{made.json()['ref']}"
    assert made.json()["columns"][0]["name"] == "external_id"

    assert lead.post(f"{path}/dry-run", json={}).status_code == 409
    wrong = {"kind": "incidents", "mapping": {"columns": {"date": "no such column"}}}
    refused = lead.put(f"{path}/mapping", json=wrong)
    assert refused.status_code == 422
    assert {e["field"] for e in refused.json()["errors"]} >= {"date", "harm_code"}
    assert lead.put(f"{path}/mapping", json={"kind": "incidents"}).status_code == 200
    assert lead.post(f"{path}/dry-run", json={}).json()["work"] == "DRY_RUN"
    assert lead.post(f"{path}/dry-run", json={}).status_code == 409
    work(db, settings)
    assert lead.get(path).json()["to_write"] == 3
    assert lead.post(f"{path}/apply", json={"rows": 4}).status_code == 422
    assert lead.post(f"{path}/apply", json={"rows": 3}).status_code == 202
    work(db, settings)
    assert lead.get(path).json()["tallies"]["imported"] == 3
    assert lead.post(f"{path}/undo", json={}).status_code == 202
    work(db, settings)
    assert lead.get(path).json()["undone"] == {"removed": 3, "restored": 0, "kept": 0}
    assert lead.get(path).json()["state"] == "UNDONE"


@pytest.mark.asvs("3.5.2")
def test_a_file_that_a_form_of_another_site_could_send_is_not_taken(lead):
    """With a cookie, and from a browser that does not say where the request began."""
    parts = {"files": {"file": ("synthetic.csv", incidents(1), "text/csv")}}
    kinds = ("text/plain", "Application/X-WWW-Form-urlencoded; charset=utf-8", "")
    bare = [{"content": incidents(1), "headers": {"content-type": kind}} for kind in kinds]
    other = {"headers": {"authorization": "Basic eDp4"}}

    for sent in (parts, *bare, {"content": incidents(1)}, parts | other):
        answer = lead.post("/api/v1/imports", **sent)
        assert answer.status_code == 403, sent
        assert "application/octet-stream" in answer.json()["detail"]
    ours = {"headers": {"sec-fetch-site": "same-origin"}}
    assert lead.post("/api/v1/imports", **parts, **ours).status_code == 201


def test_intelligence_waits_for_qa_and_nobody_else_learns_of_it(analyst, lead, db, settings):
    before = hashed(db)
    seen = timeless(lead.get("/imports"))

    ref = imported(analyst, db, settings, ITEMS, kind="intelligence")

    assert batch(db, ref).tallies["imported"] == 2
    with db.read(analyst.person.actor) as session:
        states = session.scalars(text("select distinct state from app.intel_item")).all()
    assert states == ["SUBMITTED"]
    assert timeless(lead.get("/imports")) == seen
    assert lead.get(f"/imports/{ref}").status_code == 404
    undone(analyst, db, settings, ref)
    assert hashed(db) == before


def test_a_lead_does_not_grade_intelligence(lead):
    ref = upload(lead, ITEMS)

    assert send(lead, f"/imports/{ref}/kind", kind="intelligence").status_code == 422


def test_an_ungraded_row_is_an_error(analyst, db, settings):
    body = ITEMS.replace(b"Synthetic two,1,", b"Synthetic two,,")

    ref = tried(analyst, db, settings, body, kind="intelligence")

    assert batch(db, ref).tallies["error"] == 1
    assert "Grade the source." in analyst.get(f"/imports/{ref}/dry-run").text


def test_pressing_twice_and_two_workers_import_once(lead, db, settings):
    ref = tried(lead, db, settings, incidents(3))
    first, second = (send(lead, f"/imports/{ref}/confirm", rows="3") for _ in "ab")
    assert (first.status_code, second.status_code) == (303, 303)

    with ThreadPoolExecutor(2) as pool:
        jobs = [pool.submit(applying.apply, bench(db, settings), key(db, ref)) for _ in "ab"]
        for job in jobs:
            job.result()
    applying.apply(bench(db, settings), key(db, ref))

    assert count(db, "incident") == 3
    assert batch(db, ref).state == "APPLIED"


def test_a_worker_that_dies_has_done_nothing_and_the_next_one_does_it(
    lead, db, settings, monkeypatch
):
    ref = tried(lead, db, settings, incidents(3))
    send(lead, f"/imports/{ref}/confirm", rows="3")

    def killed(*_):
        raise BusyError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(applying, "settle", killed)
        with pytest.raises(BusyError):
            applying.apply(bench(db, settings), key(db, ref))
    assert count(db, "incident") == 0
    work(db, settings)

    assert count(db, "incident") == 3


def test_the_work_of_somebody_revoked_stops_and_says_so(lead, db, settings):
    ref = tried(lead, db, settings, incidents(3))
    send(lead, f"/imports/{ref}/confirm", rows="3")
    with db.begin(SYSTEM) as session:
        session.execute(
            text("update app.\"user\" set state = 'DISABLED' where id = :id"),
            {"id": lead.person.user_id},
        )

    work(db, settings)

    assert count(db, "incident") == 0
    assert batch(db, ref).work is None
    assert "may not do it any more" in batch(db, ref).problem


def test_records_that_change_between_dry_run_and_import_stop_it(lead, db, settings):
    ref = tried(lead, db, settings, incidents(3))
    imported(lead, db, settings, incidents(1, header="n,date,harm_code,easting,northing,"
                                              "source_agency,summary"))  # fmt: skip
    send(lead, f"/imports/{ref}/confirm", rows="3")

    work(db, settings)

    assert count(db, "incident") == 1
    assert "changed since the dry run" in lead.get(f"/imports/{ref}/progress").text


def test_a_file_of_yesterday_is_gone_and_the_import_says_so(lead, db, settings):
    ref = tried(lead, db, settings, incidents(3))
    import psycopg

    with psycopg.connect(db.logins.cluster.dsn("postgres", db.logins.dbname)) as admin:
        admin.execute("update app.import_file set uploaded_at = now() - interval '25 hours'")
    with db.begin(job_actor("imports:tidy")) as session:
        assert session.scalar(text("select app.imports_tidied()")) == 1

    answer = lead.get(f"/imports/{ref}/confirm")

    assert answer.status_code == 404
    assert "Upload it again" in answer.text
    assert "deleted after 24 hours" in lead.get("/imports").text
    assert count(db, "import_row") == 0
    assert lead.get(f"/imports/{ref}").headers["location"].endswith("/receipt")


def test_somebody_elses_import_is_not_there_and_only_a_lead_undoes_it(
    lead, analyst, as_, db, settings
):
    ref = imported(analyst, db, settings, incidents(2))
    colleague = as_("police_analyst", agency="MPS_SWBCU")

    assert lead.get(f"/imports/{ref}/dry-run").status_code == 404
    assert lead.get(f"/imports/{ref}/receipt").status_code == 200
    assert send(colleague, f"/imports/{ref}/undo").status_code in {403, 404}
    undone(lead, db, settings, ref)
    assert batch(db, ref).state == "UNDONE"


@pytest.mark.parametrize("seed", range(4))
def test_undo_leaves_row_for_row_the_state_before(lead, db, settings, seed):
    dice = random.Random(seed)
    made = lead.post(
        "/api/v1/places",
        json={"type_code": "TAKEAWAY_SHOP", "name": "Example", "easting": 517400.0,
              "northing": 168000.0},
    )  # fmt: skip
    assert made.status_code == 201
    imported(lead, db, settings, incidents(dice.randint(2, 9)), system="Synthetic")
    before = hashed(db)
    changes = {
        f"_{i}": f"S-{i + 1},{dice.randint(1, 28)}/0{dice.randint(1, 7)}/2026,"
        f"{dice.choice(['KNIFE', 'ASB', 'SYV'])},{dice.randint(516500, 519500)},"
        f"{dice.randint(168000, 170000)},{dice.choice(['AFC', 'LA_RICHMOND'])},Changed {i}"
        for i in dice.sample(range(10), 5)
    }
    ref = tried(lead, db, settings, incidents(12, **changes), system="Synthetic")
    send(lead, f"/imports/{ref}/duplicates", rest=dice.choice(["KEEP", "MERGE", "SKIP"]))
    number = lead.get(f"/api/v1/imports/{ref}").json()["to_write"]
    send(lead, f"/imports/{ref}/confirm", rows=str(number))
    work(db, settings)
    assert batch(db, ref).state == "APPLIED"
    assert hashed(db) != before

    undone(lead, db, settings, ref)

    assert hashed(db) == before
