"""The way of an item: checked by a second analyst, released, corrected, withdrawn, reviewed."""

import pytest
from sqlalchemy import text

from app.core.actor import job_actor
from tests.intelligence import CONDITIONAL, analyst, decided, reader_ref, released, sent
from tests.people import HTML, KINGSTON, RICHMOND, browser, send

SEALER = job_actor("audit:seal", db_role="cs_audit")


@pytest.fixture
def police(as_):
    return analyst(as_)


@pytest.fixture
def second(as_):
    return analyst(as_)


def state(client, ref):
    return client.get(f"/api/v1/intelligence/{ref}").json()["state"]


def test_a_second_analyst_releases_and_others_read_the_sanitised_text(police, second, as_):
    ref = released(police, second)

    found = as_("practitioner").get(f"/api/v1/intelligence/{ref}").json()
    assert found["text"].startswith("Synthetic: children are asked")
    assert not {"provenance_id", "qa_note", "n_children", "agency_code"} & set(found)
    assert as_("cs_lead").get(f"/api/v1/intelligence/{ref}").status_code == 200
    assert as_("practitioner", boroughs=(RICHMOND,)).get(
        f"/api/v1/intelligence/{ref}"
    ).status_code == 404  # fmt: skip
    assert as_("partner").get(f"/api/v1/intelligence/{ref}").status_code == 404


def test_nobody_checks_what_they_wrote_themselves(police):
    ref = sent(police)

    answer = decided(police, ref, decision="RELEASE")
    page = police.get(f"/intelligence/{ref}/qa").text

    assert answer.status_code == 409
    assert "nobody releases what they wrote themselves" in answer.json()["detail"]
    assert "Another analyst checks this" in page
    assert state(police, ref) == "SUBMITTED"


def test_the_database_itself_refuses_a_release_by_the_writer(police, db):
    ref = sent(police)

    with pytest.raises(Exception, match="not by who wrote it"), db.begin(police.person.actor) as s:
        s.execute(text("update app.intel_item set state = 'RELEASED' where ref = :r"), {"r": ref})


def test_an_item_with_issues_goes_back_is_mended_and_checked_again(police, second):
    ref = sent(police)
    assert decided(second, ref, decision="ISSUES").json()["errors"][0]["field"] == "note"
    decided(second, ref, decision="ISSUES", note="Synthetic: say where.")

    draft = send(police, f"/intelligence/{ref}/edit").headers["location"]
    body = "Synthetic: parcels are carried from the upper car park."
    saved = send(
        police, f"{draft}/information", body=body, discovered_by="CASEWORK", provenance_id="SYN-2"
    )
    assert saved.status_code == 303, saved.text
    assert send(police, draft).headers["location"] == f"/intelligence/{ref}"
    assert state(police, ref) == "IN_QA"

    decided(second, ref, decision="RELEASE")
    found = second.get(f"/api/v1/intelligence/{ref}").json()
    assert (found["state"], found["text"], found["version"]) == ("RELEASED", body, 2)
    assert found["provenance_id"] == "SYN-2"


def test_who_mends_an_item_is_not_who_releases_it(police, second):
    ref = sent(police)
    draft = send(second, f"/intelligence/{ref}/edit").headers["location"]
    send(second, f"{draft}/information", body="Synthetic: other words.", discovered_by="CASEWORK")
    send(second, draft)

    assert decided(second, ref, decision="RELEASE").status_code == 409
    assert decided(police, ref, decision="RELEASE").status_code == 409


def test_words_that_may_identify_somebody_are_changed_or_confirmed_by_a_second_person(
    police, second
):
    named = {"body": "Synthetic: Kyle Example carries parcels."}
    refused = police.post("/api/v1/intelligence", json=CONDITIONAL | {"handling": "P"} | named)
    told = {e["field"]: e["message"] for e in refused.json()["errors"]}
    assert told["body"] == "This may identify the source: Kyle Example."

    ref = sent(police, second_person=True, **named)
    page = second.get(f"/intelligence/{ref}/qa").text
    unconfirmed = decided(second, ref, decision="RELEASE")
    confirmed = decided(second, ref, decision="RELEASE", confirmed=True)

    assert "Take it into QA" in page
    assert unconfirmed.status_code == 422
    assert confirmed.json()["state"] == "RELEASED"


def test_a_rejected_item_stays_with_analysts(police, second, as_):
    ref = sent(police)
    decided(second, ref, decision="REJECT", note="Synthetic: not of the partnership.")

    assert state(police, ref) == "REJECTED"
    assert as_("cs_lead").get(f"/api/v1/intelligence/{ref}").status_code == 404


def test_what_is_graded_3d_is_read_by_analysts_only(police, second, as_):
    ref = released(police, second, source_eval="3", info_assess="D")

    assert state(police, ref) == "RELEASED"
    assert as_("cs_lead").get(f"/api/v1/intelligence/{ref}").status_code == 404
    assert as_("practitioner").get("/api/v1/intelligence").json()["features"] == []


def test_a_corrected_item_supersedes_the_old_one_when_it_is_released(police, second):
    ref = released(police, second)
    draft = send(police, f"/intelligence/{ref}/edit").headers["location"]
    new = send(police, draft).headers["location"].rsplit("/", 1)[1]
    assert state(police, ref) == "RELEASED"

    decided(second, new, decision="RELEASE")

    assert (state(police, ref), state(police, new)) == ("SUPERSEDED", "RELEASED")


def test_withdrawing_takes_a_reason_and_hides_it_from_others(police, second, as_):
    ref = released(police, second)
    lead = as_("cs_lead")
    assert lead.get(f"/intelligence/{ref}").status_code == 200

    assert send(police, f"/intelligence/{ref}/withdraw").status_code == 422
    assert send(police, f"/intelligence/{ref}/withdraw", reason="Synthetic").status_code == 303

    assert lead.get(f"/intelligence/{ref}").status_code == 404
    assert "Synthetic" in police.get(f"/intelligence/{ref}").text


def test_a_moved_clock_makes_an_item_due_for_review_and_nobody_else_reads_it_then(
    police, second, as_, db
):
    ref = released(police, second)
    with db.begin(job_actor("intelligence:review")) as session:
        none = session.scalar(text("select app.intel_reviewed(current_date)"))
        one = session.scalar(text("select app.intel_reviewed(current_date + 181)"))

    assert (none, one) == (0, 1)
    assert state(police, ref) == "REVIEW_DUE"
    assert as_("cs_lead").get(f"/intelligence/{ref}").status_code == 404


def test_every_step_is_one_change_of_state_and_one_event(police, second, db):
    ref = released(police, second)

    with db.read(police.person.actor) as session:
        steps = session.scalars(
            text("select to_state from app.intel_state_change join app.intel_item as item "
                 "on item.id = intel_item_id where item.ref = :ref order by 1"), {"ref": ref}
        ).all()  # fmt: skip
    with db.read(SEALER) as session:
        events = session.scalars(
            text("select action from audit.event where object_ref = :ref order by id"),
            {"ref": ref},
        ).all()
    assert steps == ["IN_QA", "RELEASED", "SANITISED", "SUBMITTED"]
    assert events == [
        "intel_item.create",
        "intel_item.in_qa",
        "intel_item.sanitised",
        "intel_item.release",
    ]


def test_a_released_item_is_newest_information_of_its_place_and_one_of_code_c_is_not(
    police, second, client, db
):
    made = {"type_code": "TAKEAWAY_SHOP", "name": "Synthetic shop", "easting": 518000}
    place = client.post("/api/v1/places", json=made | {"northing": 169300}).json()["ref"]
    _, recipient = reader_ref(db)

    def newest():
        with db.read(police.person.actor) as session:
            return session.execute(
                text("select last_information_at, updated_at, version from app.place "
                     "where ref = :ref"), {"ref": place}
            ).one()  # fmt: skip

    at = {"where": "PLACE", "place": place, "easting": None, "northing": None}
    first = newest()
    # Newest information is never older than what there is: the place is made to be a year old.
    with db.begin(client_actor(police)) as session:
        session.execute(text("update app.place set last_information_at = now() - interval '1 y'"))
    old = newest()
    released(police, second, **CONDITIONAL | at | {"recipients": [recipient]})
    assert newest() == old
    released(police, second, **at)
    assert newest().last_information_at > old.last_information_at
    assert newest().updated_at == first.updated_at


def client_actor(client):
    return client.person.actor


def test_recipients_read_the_conditions_first_and_accept_them(police, second, db, settings):
    person, recipient = reader_ref(db)
    other, _ = reader_ref(db)
    ref = released(police, second, **CONDITIONAL | {"recipients": [recipient]})
    named = browser(db, settings, person, headers=HTML)
    stranger = browser(db, settings, other, headers=HTML)

    assert named.get(f"/intelligence/{ref}").status_code == 404
    assert f"Read the conditions of {ref}" in named.get("/intelligence").text
    assert ref not in stranger.get("/intelligence").text
    assert stranger.get(f"/intelligence/{ref}/conditions").status_code == 404
    assert send(stranger, f"/intelligence/{ref}/conditions").status_code == 404
    page = named.get(f"/intelligence/{ref}/conditions").text
    assert "Synthetic: tell nobody else." in page
    assert "I accept these conditions" in page
    assert "parcels are handed over" not in page

    assert send(named, f"/intelligence/{ref}/conditions").status_code == 303
    assert "parcels are handed over" in named.get(f"/intelligence/{ref}").text
    assert named.get(f"/intelligence/{ref}/conditions").status_code == 404
    assert stranger.get(f"/intelligence/{ref}").status_code == 404


def test_a_recipient_is_removed_by_an_analyst_of_the_force(police, second, db, settings, as_):
    person, recipient = reader_ref(db)
    ref = released(police, second, **CONDITIONAL | {"recipients": [recipient]})
    named = browser(db, settings, person, headers=HTML)
    assert "Conditions to accept" in named.get("/").text
    send(named, f"/intelligence/{ref}/conditions")
    assert "accepted the conditions on" in police.get(f"/intelligence/{ref}").text
    path = f"/intelligence/{ref}/recipients/{person.user_id}/remove"

    assert send(analyst(as_, agency="BTP"), path).status_code == 404
    assert send(second, path).status_code == 303
    assert send(second, path).status_code == 404

    assert named.get(f"/intelligence/{ref}").status_code == 404
    assert "Conditions to accept" not in named.get("/").text


def test_the_work_list_says_what_waits_for_an_analyst(police, second):
    ref = sent(police)
    assert "Items in QA that are not mine" not in police.get("/").text
    assert "Items in QA that are not mine" in second.get("/").text

    decided(second, ref, decision="ISSUES", note="Synthetic")

    assert "My items with issues" in police.get("/").text
    assert "My items with issues" not in second.get("/").text


def test_choosing_an_agency_names_its_active_people(police, second, db, settings):
    person, _ = reader_ref(db, agency="AFC")
    other, _ = reader_ref(db, agency="LA_KINGSTON")

    ref = released(police, second, **CONDITIONAL | {"agencies": ["AFC"]})

    offered = [
        ref in browser(db, settings, who, headers=HTML).get("/intelligence").text
        for who in (person, other)
    ]
    assert offered == [True, False]


def test_with_conditions_somebody_must_be_named(police):
    answer = police.post("/api/v1/intelligence", json=CONDITIONAL)
    bare = police.post("/api/v1/intelligence", json=CONDITIONAL | {"conditions": " "})

    told = {e["field"]: e["message"] for e in answer.json()["errors"]}
    assert told == {"recipients": "Choose who may see it."}
    assert {"conditions", "recipients"} == {e["field"] for e in bare.json()["errors"]}


def test_another_force_sees_no_item_with_conditions(police, second, as_, db):
    _, recipient = reader_ref(db)
    ref = released(police, second, **CONDITIONAL | {"recipients": [recipient]})
    abroad = analyst(as_, agency="BTP")

    assert abroad.get(f"/intelligence/{ref}").status_code == 404
    assert abroad.get("/api/v1/intelligence").json()["features"] == []
    assert second.get(f"/intelligence/{ref}").status_code == 200


def test_a_recipient_who_is_removed_or_whose_time_is_over_reads_it_no_more(
    police, second, db, settings
):
    person, recipient = reader_ref(db, boroughs=(KINGSTON,))
    ref = released(police, second, **CONDITIONAL | {"recipients": [recipient]})
    named = browser(db, settings, person, headers=HTML)
    send(named, f"/intelligence/{ref}/conditions")
    assert named.get(f"/intelligence/{ref}").status_code == 200

    with db.begin(police.person.actor) as session:
        session.execute(text("update app.intel_recipient set until_at = now()"))

    assert named.get(f"/intelligence/{ref}").status_code == 404
