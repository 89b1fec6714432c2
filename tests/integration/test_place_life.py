"""The life of a place over HTTP: moves with their guards, sections, names, links, labels."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import text

from app.core import clock
from tests.people import HTML, csrf, send
from tests.reports import rows

KINGSTON, RICHMOND = "E09000021", "E09000027"
SHOP = {"type_code": "TAKEAWAY_SHOP", "name": "Corner", "easting": 518000, "northing": 169300}
ASB = {"harm_code": "ASB", "occurred_from": "2026-07-29T00:20", "source_agency": "AFC"}
WHY = "Synthetic: said at the meeting of tests."


@pytest.fixture
def shop(client):
    return lambda **more: client.post("/api/v1/places", json=SHOP | more).json()["ref"]


def one(client, ref):
    return client.get(f"/api/v1/places/{ref}").json()


def moved(client, ref, to, **more):
    version = one(client, ref)["version"]
    body = {"to": to, "reason": WHY, "version": version} | more
    return client.post(f"/api/v1/places/{ref}/moves", json=body)


def happened(client, ref, agency="AFC", **more):
    body = ASB | {"place": ref, "source_agency": agency} | more
    answer = client.post("/api/v1/incidents", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()["ref"]


def identified(client, ref):
    happened(client, ref, "AFC")
    happened(client, ref, "EDU")
    assert moved(client, ref, "SCREENED", class_confirmed=True).status_code == 200
    answer = moved(client, ref, "IDENTIFIED", level="CL2")
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_move_is_one_change_with_its_reason_and_one_event(client, db, shop):
    ref = shop()

    answer = moved(client, ref, "SCREENED", class_confirmed=True)

    assert answer.status_code == 200
    assert answer.json()["state"] == "SCREENED"
    assert answer.json()["version"] == 2
    changes = rows(
        db, "select from_state, to_state, reason from app.place_state_change order by id"
    )
    assert changes == [(None, "PROPOSED", None), ("PROPOSED", "SCREENED", WHY)]
    events = rows(db, "select action from audit.event where action = 'place.move'")
    assert events == [("place.move",)]


def test_a_refusal_says_all_that_is_missing_and_changes_nothing(client, shop):
    ref = shop(type_code="OTHER")

    answer = moved(client, ref, "SCREENED")

    assert answer.status_code == 409
    assert "Give it a type" in answer.json()["detail"]
    assert "Confirm how sensitive it is." in answer.json()["detail"]
    assert one(client, ref)["state"] == "PROPOSED"


def test_what_is_not_listed_is_refused_in_the_words_of_states(client, shop):
    answer = moved(client, shop(), "MONITORING")

    assert answer.status_code == 409
    assert answer.json()["detail"] == "A place that is proposed cannot become monitoring."


def test_the_second_of_two_people_is_told(client, shop):
    ref = shop()
    body = {"to": "SCREENED", "reason": WHY, "class_confirmed": True, "version": 1}
    assert client.post(f"/api/v1/places/{ref}/moves", json=body).status_code == 200

    again = client.post(f"/api/v1/places/{ref}/moves", json=body)

    assert again.status_code == 409
    assert again.json()["detail"].startswith("Changed by you at ")


def test_two_agencies_identify_a_place_and_one_does_not(client, shop):
    ref = shop()
    moved(client, ref, "SCREENED", class_confirmed=True)
    happened(client, ref, "AFC")
    happened(client, ref, "AFC", occurred_from="2026-05-05T10:00")

    refused = moved(client, ref, "IDENTIFIED", level="CL2")
    happened(client, ref, "EDU")
    done = moved(client, ref, "IDENTIFIED", level="CL2")

    assert refused.status_code == 409
    assert "1 item counts that you may see" in refused.json()["detail"]
    assert done.json()["state"] == "IDENTIFIED"
    assert done.json()["level"] == "CL2"


def test_a_lead_names_the_assessor_and_nothing_later_is_faked(client, db, shop):
    ref = shop()
    identified(client, ref)
    ((assessor,),) = rows(db, 'select ref from app."user" limit 1')

    begun = moved(client, ref, "ASSESSING", assessor=assessor, boundary="The shop and its door")
    ended = moved(client, ref, "ASSESSED")

    assert begun.json()["state"] == "ASSESSING"
    assert begun.json()["boundary_note"] == "The shop and its door"
    assert ended.status_code == 409
    assert ended.json()["detail"] == "An approved assessment is missing."


def test_a_closed_place_opens_with_newer_evidence_only(client, db, shop):
    ref = shop()
    closed = moved(client, ref, "CLOSED", close_code="NOT_SUBSTANTIATED")
    refused = moved(client, ref, "IDENTIFIED", level="CL1")
    rows(db, "update app.place set last_information_at = now() + interval '1 minute'")
    opened = moved(client, ref, "IDENTIFIED", level="CL1")

    assert closed.json()["close_code"] == "NOT_SUBSTANTIATED"
    assert refused.json()["detail"] == "New evidence dated after the closing is missing."
    assert opened.json()["state"] == "IDENTIFIED"
    assert opened.json()["close_code"] is None


def test_practitioners_screen_and_leads_decide(client, as_, shop):
    ref = shop()
    practitioner = as_("practitioner")

    page = practitioner.get(f"/places/{ref}/move")
    sent = send(
        practitioner,
        f"/places/{ref}/move",
        to="SCREENED",
        class_confirmed="yes",
        reason=WHY,
        version="1",
    )
    closing = moved(practitioner, ref, "CLOSED", close_code="EXPIRED")

    assert "What happens to Corner next?" in page.text
    assert "Close it" not in page.text
    assert sent.status_code == 303
    assert closing.status_code == 409
    assert closing.json()["detail"] == ("This move is made by a contextual safeguarding lead.")


def test_the_decision_page_shows_what_is_missing_and_keeps_what_was_typed(client, shop):
    ref = shop()

    page = client.get(f"/places/{ref}/move", headers=HTML)
    wrong = send(client, f"/places/{ref}/move", reason="short", version="1")
    refused = send(client, f"/places/{ref}/move", to="SCREENED", reason=WHY, version="1")

    assert page.status_code == 200
    assert wrong.status_code == 422
    assert "Choose what happens next." in wrong.text
    assert "Give the reason, in 10 to 500 characters." in wrong.text
    assert refused.status_code == 422
    assert "Confirm how sensitive it is." in refused.text
    assert WHY in refused.text


def test_the_page_of_a_place_says_why_it_is_listed_and_what_happened(client, shop):
    ref = shop()
    identified(client, ref)

    why = client.get(f"/places/{ref}/why", headers=HTML)
    timeline = client.get(f"/places/{ref}/timeline", headers=HTML)
    nothing = client.get(f"/api/v1/places/{ref}/timeline?since=2026-01-01&until=2026-01-02").json()
    states = client.get(f"/api/v1/places/{ref}/timeline?kind=STATE").json()

    assert (
        "because of 2 incidents, from Achieving for Children and Schools and colleges" in why.text
    )
    assert "2 independent sources" in why.text
    assert "Achieving for Children" in timeline.text
    assert re.search(r'href="/incidents/IC-[^"]+">IC-', timeline.text)
    assert nothing["rows"] == []
    assert re.match(
        r"Nothing has been recorded since \d+ \w+\. This does", nothing["nothing_since"]
    )
    assert [row["words"] for row in states["rows"]] == [
        "Became identified",
        "Became screened",
        "Proposed",
    ]
    for part in ("kind", "since", "until"):
        assert client.get(f"/api/v1/places/{ref}/timeline?{part}=").status_code == 422
        assert client.get(f"/places/{ref}/timeline?{part}=", headers=HTML).status_code == 200
    typed = "since-day=31&since-month=2&since-year=2026&kind="
    there = client.get(f"/places/{ref}/timeline?{typed}", headers=HTML)
    assert there.status_code == 303
    assert there.headers["location"] == "?since=31%2F2%2F2026&kind="
    wrong = client.get(f"/places/{ref}/timeline{there.headers['location']}", headers=HTML)
    assert wrong.status_code == 422
    assert "Enter a real date, for example 27 3 2026." in wrong.text
    assert 'value="31"' in wrong.text
    assert "This does not mean it is safe" not in wrong.text


def test_times_of_concern_are_ticked_shown_and_emptied(client, shop):
    ref = shop()
    path = f"/places/{ref}/edit/times"

    form = client.get(path, headers=HTML)
    sent = send(client, path, version="1", part_EVENING="yes", hour_SAT_23="yes")
    shown = client.get(f"/places/{ref}", headers=HTML)
    week = one(client, ref)["week"]
    emptied = send(client, path, version="2")

    assert form.status_code == 200
    assert form.text.count('type="checkbox"') == 168 + 7
    assert sent.status_code == 303
    assert "Saturday: 6pm to 10pm, 11pm to midnight" in shown.text
    assert week["SAT"] == [18, 19, 20, 21, 23]
    assert emptied.status_code == 303
    assert one(client, ref)["week"] == {}


def test_each_section_has_its_form(client, shop):
    ref = shop()

    send(
        client,
        f"/places/{ref}/edit/good",
        version="1",
        strengths="Staff know the children.",
        safe_features="Lights until midnight\nA quiet corner",
    )
    send(
        client,
        f"/places/{ref}/edit/manager",
        version="2",
        managed_by_agency="BUSINESS",
        rings="yes",
        manager_contact="Duty manager",
        public_access="HOURS",
    )
    send(
        client,
        f"/places/{ref}/edit/class",
        version="3",
        sensitivity="MANAGED",
        may_name="yes",
        may_name_reason="The manager asked for it in writing.",
    )
    found = one(client, ref)

    assert found["safe_features"] == ["Lights until midnight", "A quiet corner"]
    assert (found["managed_by_agency"], found["manager_contact"]) == ("BUSINESS", "Duty manager")
    assert (found["public_access"], found["may_name"]) == ("HOURS", True)
    assert client.get(f"/places/{ref}", headers=HTML).text.count("Duty manager") == 1


def test_a_class_is_raised_and_never_lowered(client, shop):
    ref = shop()

    raised = send(client, f"/places/{ref}/edit/class", version="1", sensitivity="SENSITIVE")
    lowered = send(client, f"/places/{ref}/edit/class", version="2", sensitivity="MANAGED")

    assert raised.status_code == 303
    assert one(client, ref)["tier"] == "H1"
    assert lowered.status_code == 422
    assert "A class is never lowered." in lowered.text


def test_other_names_are_neutral_and_found_by_the_list(client, shop):
    ref = shop()

    refused = send(client, f"/places/{ref}/names", name="Known gang members' corner")
    added = send(client, f"/places/{ref}/names", name="The chicken shop")
    listed = client.get("/places?q=chicken", headers=HTML)
    (alias,) = re.findall(r'name="remove" value="([^"]+)"', client.get(f"/places/{ref}/names").text)
    removed = send(client, f"/places/{ref}/names", remove=alias)

    assert refused.status_code == 422
    assert added.status_code == 303
    assert ">Corner</a>" in listed.text
    assert removed.status_code == 303
    assert ">Corner</a>" not in client.get("/places?q=chicken", headers=HTML).text


def test_places_are_linked_and_nested_without_loops(client, shop):
    park, gate, bench = (shop(name=name) for name in ("Park", "Gate", "Bench"))

    linked = send(client, f"/places/{park}/links", to=gate, relation="near_entrance")
    again = send(client, f"/places/{park}/links", to=gate, relation="near_entrance")
    send(client, f"/places/{gate}/links", parent=park, version="1")
    send(client, f"/places/{bench}/links", parent=gate, version="1")
    loop = send(client, f"/places/{park}/links", parent=bench, version="1")

    assert linked.status_code == 303
    assert "linked like this already" in again.text
    assert loop.status_code == 422
    assert "cannot be part of one of its own parts" in loop.text
    related = {(r["relation"], r["name"]) for r in one(client, gate)["related"]}
    assert related == {("part_of", "Park"), ("has_part", "Bench"), ("near_entrance", "Park")}


def test_a_link_is_seen_by_whoever_sees_both_ends(client, as_, shop):
    here = shop()
    there = shop(name="Over there", easting=517350, northing=172350)
    send(client, f"/places/{here}/links", to=there, relation="displaced_to")

    kingston, both = as_("practitioner"), as_("practitioner", boroughs=(KINGSTON, RICHMOND))

    assert one(kingston, here)["related"] == []
    assert "Over there" not in kingston.get(f"/places/{here}").text
    assert [r["name"] for r in one(both, here)["related"]] == ["Over there"]


def test_guardians_are_kept_with_their_hours_and_the_gaps_are_shown(client, shop):
    ref = shop()
    send(client, f"/places/{ref}/edit/times", version="1", part_EVENING="yes")
    guardian = {"kind": "YOUTH_WORKER", "agency": "VCS", "valid_from_on": "2026-01-01"}

    none = send(client, f"/places/{ref}/guardians", **guardian)
    sent = send(
        client, f"/places/{ref}/guardians", **guardian, hour_FRI_18="yes", hour_FRI_19="yes"
    )
    shown = client.get(f"/places/{ref}", headers=HTML).text
    (slot,) = one(client, ref)["guardians"]
    ended = send(
        client,
        f"/places/{ref}/guardians/{slot['id']}",
        **guardian,
        hour_FRI_18="yes",
        valid_to_on="2026-01-05",
        trusted="MIXED",
    )

    assert "Choose at least one hour." in none.text
    assert sent.status_code == 303
    assert "Youth worker" in shown
    assert "Friday: 8pm to 10pm" in shown
    assert ended.status_code == 303
    assert one(client, ref)["guardians"] == []


def test_anybody_who_works_there_calls_it_urgent_and_a_lead_ends_it(client, as_, shop):
    ref = shop()
    practitioner = as_("practitioner")

    said = send(practitioner, f"/places/{ref}/urgent", version="1", reason="A meeting tonight.")
    taken = send(practitioner, f"/places/{ref}/urgent", version="2", reason="It was nothing.")
    ended = send(client, f"/places/{ref}/urgent", version="2", reason="Youth workers went there.")

    assert said.status_code == 303
    assert taken.status_code == 403
    assert ended.status_code == 303
    assert one(client, ref)["urgent_since"] is None


def test_a_label_is_renewed_with_newer_information_only(client, db, shop):
    ref = shop()

    refused = send(client, f"/places/{ref}/label", version="1", reason=WHY)
    rows(
        db,
        "update app.place set last_information_at = now() + interval '1 minute', "
        "label_expires_on = current_date + 5",
    )
    renewed = send(client, f"/places/{ref}/label", version="1", reason=WHY)

    assert refused.status_code == 422
    assert "Nothing newer than the last renewal is known." in refused.text
    assert renewed.status_code == 303
    expires = clock.today() + timedelta(days=180)
    assert one(client, ref)["label_expires_on"] == expires.isoformat()


def test_versions_are_compared_and_fields_of_other_roles_stay_out(client, as_, shop):
    ref = shop()
    client.patch(f"/api/v1/places/{ref}", json={"version": 1, "strengths": "Kind staff"})
    client.patch(f"/api/v1/places/{ref}", json={"version": 2, "manager_contact": "020 7946 0000"})

    lead = client.get(f"/places/{ref}/history?older=1&newer=3", headers=HTML).text
    police = as_("police_analyst").get(f"/places/{ref}/history?older=1&newer=3").text

    assert "Kind staff" in lead
    assert "020 7946 0000" in lead
    assert "Kind staff" in police
    assert "020 7946 0000" not in police
    assert "Whom to ring" not in police


def test_partners_see_the_shape_and_nothing_else(client, as_, shop):
    ref = shop(description="Secret worry")
    identified(client, ref)
    send(client, f"/places/{ref}/edit/good", version="3", strengths="Kind", safe_features="Lights")
    partner = as_("partner")

    found = one(partner, ref)
    page = partner.get(f"/places/{ref}").text

    assert set(found) == {
        *("ref", "type_code", "name", "stage", "boroughs", "geometry", "online"),
        *("guardians", "safe_features", "is_synthetic"),
    }
    assert found["stage"] == "identification"
    assert "Lights" in page
    assert "Secret worry" not in page
    assert "Asb" not in page
    for hidden in ("why", "timeline", "history"):
        assert partner.get(f"/places/{ref}/{hidden}").status_code == 404
    assert "description" not in client.get("/api/v1/places").text


def test_the_keys_of_each_role_are_those_of_the_domain(client, as_, shop):
    ref = shop()
    common = set(one(as_("practitioner"), ref)) - {"manager_contact"}

    police = set(one(as_("police_analyst"), ref))
    lead = set(one(client, ref))

    assert police - common == {"may_name", "may_name_reason"}
    assert lead - common == {
        *("manager_contact", "may_name", "may_name_reason", "purpose_code", "controller"),
        *("regime", "retain_until", "review_due", "hold_id"),
    }


@pytest.mark.asvs("2.2.2")
def test_a_guard_of_the_database_refuses_what_the_service_would_not_do(db, shop, client, as_):
    ref = shop()
    actor = as_("practitioner").person.actor

    for statement in (
        "update app.place set state = 'IDENTIFIED' where ref = :ref",
        "update app.place set state = 'DORMANT' where ref = :ref",
        "update app.place set merged_into_id = id, close_code = 'MERGED' where ref = :ref",
        "select app.merge_place(id, id, 'whatever it is') from app.place where ref = :ref",
    ):
        with pytest.raises(Exception, match=r"allowed|merge"), db.begin(actor) as session:
            session.execute(text(statement), {"ref": ref})


def test_csrf_is_asked_for(client, shop):
    answer = client.post(f"/places/{shop()}/urgent", data={"reason": WHY}, headers=HTML)

    assert answer.status_code == 403
    assert csrf(client)
