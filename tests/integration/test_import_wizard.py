"""Imports step by step, as pages: numbers add up, nothing is written before it is confirmed."""

import pytest
from sqlalchemy import text

from app.core.ids import new_reference as fresh
from app.incidents import service as incident_service
from tests.importing import (
    batch,
    columns_of,
    hashed,
    imported,
    incidents,
    send,
    tried,
    undone,
    upload,
    work,
)
from tests.people import HTML


@pytest.fixture
def lead(as_):
    return as_("cs_lead", agency="AFC")


def rows(db, lead, statement):
    with db.read(lead.person.actor) as session:
        return session.execute(text(statement)).all()


def test_a_file_goes_from_upload_to_receipt_and_back_without_a_trace(lead, db, settings):
    before = hashed(db)
    ref = tried(lead, db, settings, incidents(5))

    page = lead.get(f"/imports/{ref}/dry-run").text
    assert "Dry run: nothing is written yet" in page
    assert hashed(db) == before
    assert batch(db, ref).tallies == {
        "rows": 5, "new": 5, "update": 0, "duplicate": 0, "error": 0, "ignored": 0,
    }  # fmt: skip

    send(lead, f"/imports/{ref}/confirm", rows="5")
    work(db, settings)

    found = batch(db, ref)
    assert (found.state, found.work, found.problem) == ("APPLIED", None, None)
    assert found.tallies["imported"] == 5
    assert rows(db, lead, "select count(*) from app.incident")[0][0] == 5
    receipt = lead.get(f"/imports/{ref}/receipt").text
    assert "Records made" in receipt
    assert "Undo this batch" in receipt

    undone(lead, db, settings, ref)

    assert batch(db, ref).state == "UNDONE"
    assert batch(db, ref).undone == {"removed": 5, "restored": 0, "kept": 0}
    assert hashed(db) == before


def test_a_second_file_of_the_same_system_updates_and_its_undo_sets_back(lead, db, settings):
    imported(lead, db, settings, incidents(4), system="Synthetic system")
    before = hashed(db)
    changed = "S-2,30/07/2026,KNIFE,517900,168100,AFC,Synthetic 2 again"

    ref = imported(lead, db, settings, incidents(6, _1=changed), system="Synthetic system")

    found = batch(db, ref)
    assert (found.tallies["new"], found.tallies["update"], found.tallies["ignored"]) == (2, 1, 3)
    assert (found.tallies["imported"], found.tallies["updated"]) == (2, 1)
    assert found.tallies["rows"] == (
        found.tallies["imported"] + found.tallies["already_known"] + found.tallies["rejected"]
    )
    assert ("KNIFE",) in rows(db, lead, "select harm_code from app.incident")

    undone(lead, db, settings, ref)

    assert hashed(db) == before


def test_a_reference_that_is_taken_is_drawn_again(lead, db, settings, monkeypatch):
    imported(lead, db, settings, incidents(2), system="Synthetic system")
    ((taken,),) = rows(db, lead, "select ref from app.incident order by ref limit 1")
    drawn = [taken]
    monkeypatch.setattr(
        incident_service, "new_reference", lambda kind: drawn.pop() if drawn else fresh(kind)
    )

    ref = imported(lead, db, settings, incidents(3, first=10), system="Another synthetic system")

    assert (batch(db, ref).state, batch(db, ref).tallies["imported"]) == ("APPLIED", 3)
    assert rows(db, lead, "select count(*), count(distinct ref) from app.incident") == [(5, 5)]


def test_what_somebody_changed_since_stays_and_is_named_first(lead, db, settings):
    ref = imported(lead, db, settings, incidents(3))
    with db.begin(lead.person.actor) as session:
        session.execute(
            text("update app.incident set summary = 'Synthetic news', version = version + 1 "
                 "where summary = 'Synthetic S-2'")
        )  # fmt: skip
    (kept,) = rows(db, lead, "select ref from app.incident where summary = 'Synthetic news'")

    page = lead.get(f"/imports/{ref}/undo").text
    undone(lead, db, settings, ref)

    assert kept[0] in page
    assert "Changed since" in page
    assert batch(db, ref).undone == {"removed": 2, "restored": 0, "kept": 1}
    assert rows(db, lead, "select ref from app.incident") == [kept]


def test_too_many_errors_are_refused_and_the_own_file_comes_back_with_what_is_wrong(
    lead, db, settings
):
    wrong = {"_1": "S-2,yesterday,ASB,517000,168000,AFC,", "_2": "S-3,29/07/2026,NOISE,1,2,AFC,"}
    ref = tried(lead, db, settings, incidents(4, **wrong))

    page = lead.get(f"/imports/{ref}/dry-run").text
    file = lead.get(f"/imports/{ref}/errors")

    assert "Fix the file: 2 of 4 rows have errors." in page
    assert "Upload the file again when it is put right" in page
    assert "how_to_fix" in file.text.splitlines()[0]
    assert "Write dates like 05/11/2026" in file.text
    answer = send(lead, f"/imports/{ref}/confirm", rows="2")
    assert answer.status_code == 422
    assert batch(db, ref).state == "DRY_RUN"


def test_unknown_values_are_listed_and_what_they_mean_is_kept(lead, db, settings):
    odd = {f"_{i}": f"S-{i},29/07/2026,Phone snatch,{517000 + 300 * i},168000,AFC,"
           for i in range(3)}  # fmt: skip
    ref = tried(lead, db, settings, incidents(3, **odd))
    page = lead.get(f"/imports/{ref}/values").text
    (field,) = {part.split('"')[0] for part in page.split('name="')[1:] if part.startswith("v_")}

    send(lead, f"/imports/{ref}/values", **{field: "ROBBERY"})
    work(db, settings)

    assert "Phone snatch" in page
    assert batch(db, ref).tallies["new"] == 3
    assert batch(db, ref).mapping["values"] == {"harm_code": {"Phone snatch": "ROBBERY"}}


def test_possible_duplicates_are_shown_side_by_side_and_decided(lead, db, settings):
    imported(lead, db, settings, incidents(3))
    again = incidents(3, header="ref2,date,harm_code,easting,northing,source_agency,summary")
    ref = tried(lead, db, settings, again)
    assert batch(db, ref).tallies["duplicate"] == 3

    page = lead.get(f"/imports/{ref}/duplicates").text
    assert "100 % alike" in page
    assert "Do the same for 3 like this" in page
    assert "Decide first" in lead.get(f"/imports/{ref}/confirm").text
    answer = send(lead, f"/imports/{ref}/duplicates", row_2="KEEP", rest="SKIP")
    assert answer.headers["location"].endswith("/confirm")
    send(lead, f"/imports/{ref}/confirm", rows="1")
    work(db, settings)

    tallies = batch(db, ref).tallies
    assert (tallies["imported"], tallies["skipped"], tallies["already_known"]) == (1, 2, 2)


def test_an_empty_columns_page_says_what_is_missing(lead, db, settings):
    ref = upload(lead, b"a,b\n1,2\n")
    send(lead, f"/imports/{ref}/kind", kind="incidents")

    answer = send(lead, f"/imports/{ref}/columns", date_format="DMY")

    assert answer.status_code == 422
    for words in ("Choose a column for date.", "Choose a column for harm.", "Error: "):
        assert words in answer.text


def test_swapped_columns_are_noticed(lead):
    body = b"date,harm,latitude,longitude,source\n29/07/2026,ASB,-0.3,51.41,AFC\n"
    ref = upload(lead, body)
    send(lead, f"/imports/{ref}/kind", kind="incidents")

    page = lead.get(f"/imports/{ref}/columns").text
    after = lead.get(f"/imports/{ref}/columns?swap=true").text

    assert "These look swapped." in page
    assert "These look swapped." not in after


def test_the_same_file_is_recognised(lead, db, settings):
    first = imported(lead, db, settings, incidents(2))

    ref = upload(lead, incidents(2))

    page = lead.get(f"/imports/{ref}/kind").text
    assert "You imported this file on " in page
    assert first in page


def test_a_mapping_is_saved_used_renamed_and_deleted(lead, db, settings, as_):
    ref = upload(lead, incidents(1))
    send(lead, f"/imports/{ref}/kind", kind="incidents")
    said = columns_of(lead, ref) | {"save": "yes", "save_name": "Monthly list", "share": "yes"}
    send(lead, f"/imports/{ref}/columns", **said)
    work(db, settings)
    (saved,) = rows(db, lead, "select id from app.import_mapping")

    colleague, stranger = as_("cs_lead", agency="AFC"), as_("police_analyst", agency="MPS_SWBCU")
    assert "Monthly list" in colleague.get("/imports/mappings").text
    assert "Monthly list" not in stranger.get("/imports/mappings").text
    assert send(colleague, f"/imports/mappings/{saved[0]}/delete").status_code == 403
    send(lead, f"/imports/mappings/{saved[0]}/name", name="Weekly list")
    assert "Weekly list" in lead.get("/imports/mappings").text
    send(lead, f"/imports/mappings/{saved[0]}/delete")
    assert "Weekly list" not in lead.get("/imports/mappings").text


def test_places_come_in_as_proposals_and_go_again(lead, db, settings):
    before = hashed(db)
    body = (
        b"name,type,easting,northing,harms\n"
        b"Example shop,TAKEAWAY_SHOP,518000,169300,ASB\n"
        b"Example corner,CONGREGATION,518900,169300,ASB;KNIFE\n"
    )

    ref = imported(lead, db, settings, body, kind="places-of-concern")

    found = rows(db, lead, "select name, state, provenance->>'batch' from app.place order by name")
    assert found == [("Example corner", "PROPOSED", ref), ("Example shop", "PROPOSED", ref)]
    undone(lead, db, settings, ref)
    assert hashed(db) == before


def test_newest_information_of_a_place_goes_back_with_the_incidents(lead, db, settings):
    made = lead.post(
        "/api/v1/places",
        json={"type_code": "TAKEAWAY_SHOP", "name": "Example", "easting": 517400.0,
              "northing": 168000.0},
    )  # fmt: skip
    assert made.status_code == 201
    before = hashed(db)

    ref = imported(lead, db, settings, incidents(2))
    assert rows(db, lead, "select count(*) from app.incident_place")[0][0] == 1
    undone(lead, db, settings, ref)

    assert hashed(db) == before


def test_upload_refusals_are_in_words(lead):
    nothing = lead.post("/imports/new", data={"csrf": ""}, headers=HTML)
    assert nothing.status_code == 403
    from tests.people import csrf

    for files, words in (
        ({"file": ("", b"", "text/csv")}, "Choose a file."),
        ({"file": ("a.csv", b"a,b\n", "text/csv")}, "There is a problem"),
    ):
        answer = lead.post("/imports/new", data={"csrf": csrf(lead)}, files=files, headers=HTML)
        assert answer.status_code == 422
        assert words in answer.text
