"""Ways round handling code C and other people's records that were tried, each kept shut."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.core.ids import new_id
from tests import importing
from tests.intelligence import CONDITIONAL, analyst, decided, reader_ref, released, sent
from tests.people import HTML, KINGSTON, send


@pytest.fixture
def police(as_):
    return analyst(as_)


@pytest.fixture
def second(as_):
    return analyst(as_)


@pytest.fixture
def abroad(as_):
    return analyst(as_, agency="BTP")


def told(db, person, statement, **given):
    with db.read(person.person.actor) as session:
        return [tuple(row) for row in session.execute(text(statement), given)]


def test_an_item_that_is_corrected_by_one_with_conditions_is_withdrawn_without_a_hint(
    police, second, abroad, db
):
    _, recipient = reader_ref(db)
    old = released(police, second)
    draft = send(police, f"/intelligence/{old}/edit").headers["location"]
    new = send(police, draft).headers["location"].rsplit("/", 1)[1]
    with db.begin(police.person.actor) as session:
        session.execute(
            text("""
                update app.intel_item set handling = 'C', tier = 'C', version = version + 1,
                    conditions = 'Synthetic: tell nobody else.' where ref = :ref
            """),
            {"ref": new},
        )
        session.execute(
            text("""
                insert into app.intel_recipient (id, intel_item_id, user_id, created_by)
                select gen_random_uuid(), item.id, u.id, :by
                from app.intel_item as item, app.intel_people() as u
                where item.ref = :ref and u.ref = :to
            """),
            {"ref": new, "to": recipient, "by": police.person.user_id},
        )

    assert decided(second, new, decision="RELEASE").status_code == 200

    seen = told(
        db,
        abroad,
        "select change.to_state, change.reason from app.intel_state_change as change "
        "join app.intel_item as item on item.id = change.intel_item_id where item.ref = :ref "
        "order by change.id desc",
        ref=old,
    )
    assert seen[0][0] == "WITHDRAWN"
    assert new not in str(seen)
    assert new not in abroad.get(f"/intelligence/{old}").text
    assert told(db, police, "select state from app.intel_item where ref = :ref", ref=new) == [
        ("RELEASED",)
    ]


def test_what_an_item_said_under_conditions_stays_with_its_force_when_it_loses_them(
    police, abroad, db
):
    _, recipient = reader_ref(db)
    ref = sent(police, **CONDITIONAL | {"recipients": [recipient]})
    with db.begin(police.person.actor) as session:
        session.execute(
            text("""
                update app.intel_item set handling = 'P', tier = 'P', conditions = null,
                    body = 'Synthetic: for everybody.', version = version + 1 where ref = :ref
            """),
            {"ref": ref},
        )

    versions = "select version, content ->> 'body' from app.intel_version order by version"
    assert told(db, abroad, versions) == [(2, "Synthetic: for everybody.")]
    assert [number for number, _ in told(db, police, versions)] == [1, 2]


BATCH = """
    insert into app.import_batch (id, ref, kind, file_name, file_sha256, tallies, state, started_at,
                                  "by", agency_code, run, undo_until)
    values (:id, 'IB-' || :id, :kind, 'synthetic.csv', '', '{}', 'DRY_RUN', now(), :by, :agency, 1,
            now() + interval '1 day')
"""
ROW = """
    insert into app.import_row (batch_id, run, row, "by", verdict, record_id)
    values (:id, 1, 1, :by, 'UPDATE', :record)
"""
CLAIMED = "update app.import_row set done = :done where batch_id = :id"


def key_of(db, person, ref, of="intel_item"):
    return told(db, person, f"select id from app.{of} where ref = :ref", ref=ref)[0][0]


def claimed(db, person, kind, record, *steps, done="CREATED"):
    """By SQL, as if an import of this person had made or changed a record."""
    batch, actor = new_id(), person.person.actor
    given = {"id": batch, "kind": kind, "by": actor.id, "agency": actor.agency, "record": record}
    with db.begin(actor) as session:
        session.execute(text(BATCH), given)
        session.execute(text(ROW), given)
        for step in (CLAIMED, *steps):
            session.execute(text(step), given | {"done": done})
        found = session.execute(
            text("select before from app.import_row where batch_id = :id"), given
        )
        return found.scalar_one()


@pytest.mark.parametrize("done", ["CREATED", "CHANGED"])
def test_no_import_claims_a_record_that_its_person_does_not_see(police, abroad, db, done):
    _, recipient = reader_ref(db)
    ref = sent(police, **CONDITIONAL | {"recipients": [recipient]})
    hidden = key_of(db, police, ref)

    with pytest.raises(DBAPIError, match="not a record of this import"):
        claimed(
            db,
            abroad,
            "intelligence",
            hidden,
            "select app.import_noted(:id, 'before')",
            done=done,
        )


def test_no_undo_removes_what_somebody_else_made(police, abroad, db):
    ref = sent(police)
    seen = key_of(db, abroad, ref)
    steps = (
        "select app.import_noted(:id, 'after')",
        "update app.import_batch set state = 'APPLIED' where id = :id",
        "select app.undo_import(:id)",
    )

    with pytest.raises(DBAPIError, match="not a record of this import"):
        claimed(db, abroad, "intelligence", seen, *steps)

    assert key_of(db, police, ref) == seen


@pytest.mark.parametrize(
    "forged",
    ["""before = '{"state": "RELEASED"}'""", "mark = md5('')", "done = 'CHANGED', row = 2"],
)
def test_what_an_undo_rests_on_is_not_written_by_hand(police, db, forged):
    seen = key_of(db, police, sent(police))
    noted = "select app.import_noted(:id, 'before')"

    with pytest.raises(DBAPIError, match="not a record of this import"):
        claimed(
            db,
            police,
            "intelligence",
            seen,
            noted,
            f"update app.import_row set {forged} where batch_id = :id",
            done="CHANGED",
        )


def test_a_row_comes_into_no_import_of_somebody_else(police, abroad, db):
    batch, actor = new_id(), police.person.actor
    given = {"id": batch, "kind": "intelligence", "by": actor.id, "agency": actor.agency}
    with db.begin(actor) as session:
        session.execute(text(BATCH), given)

    other = abroad.person.actor
    with (
        pytest.raises(DBAPIError, match="not a record of this import"),
        db.begin(other) as session,
    ):
        session.execute(text(ROW), {"id": batch, "by": other.id, "record": None})


def test_the_history_of_a_place_tells_nothing_of_a_place_that_it_is_part_of_out_of_sight(
    client, as_
):
    shop = {"type_code": "TAKEAWAY_SHOP", "easting": 518000, "northing": 169300, "name": "Corner"}
    away = shop | {"name": "Far away", "easting": 517800, "northing": 174800}
    near, far = (client.post("/api/v1/places", json=one).json()["ref"] for one in (shop, away))
    assert send(client, f"/places/{near}/links", parent=far, version="1").status_code == 303

    there = as_("practitioner", boroughs=(KINGSTON,))
    assert there.get(f"/api/v1/places/{far}").status_code == 404
    mine, other = (who.get(f"/places/{near}/history", headers=HTML) for who in (there, client))

    assert "Part of" in other.text
    assert mine.status_code == 200
    told = [words for words in ("Part of", "Another place", "Far away") if words in mine.text]
    assert told == []


def test_an_undo_keeps_a_place_that_shared_intelligence_hangs_on(police, second, as_, db, settings):
    lead = as_("cs_lead", agency="AFC")
    body = b"name,type,easting,northing\nExample shop,TAKEAWAY_SHOP,518000,169300\n"
    batch = importing.imported(lead, db, settings, body, kind="places-of-concern")
    ((ref,),) = told(db, lead, "select ref from app.place")
    released(police, second, where="PLACE", place=ref, easting=None, northing=None)

    importing.undone(lead, db, settings, batch)

    assert told(db, lead, "select ref from app.place") == [(ref,)]
    assert told(db, lead, "select count(*) from app.intel_item_place") == [(1,)]


def test_partners_do_not_learn_by_a_filter_which_places_are_urgent(client, as_):
    shop = {"type_code": "TAKEAWAY_SHOP", "easting": 518000, "northing": 169300}
    refs = [
        client.post("/api/v1/places", json=shop | {"name": name}).json()["ref"]
        for name in ("Corner", "Arcade")
    ]
    for ref in refs:
        move = {"to": "SCREENED", "reason": "Synthetic: said so.", "version": 1}
        answer = client.post(f"/api/v1/places/{ref}/moves", json=move | {"class_confirmed": True})
        assert answer.status_code == 200, answer.text
    said = send(client, f"/places/{refs[0]}/urgent", version="2", reason="A meeting tonight.")
    assert said.status_code == 303

    partner = as_("partner")
    for asked in ("urgent=yes", "ending=yes"):
        page = partner.get(f"/places?{asked}", headers=HTML).text
        assert all(ref in page for ref in refs)
    assert refs[1] not in client.get("/places?urgent=yes", headers=HTML).text
