"""The plan of a place over HTTP: each guard once shut and once open, with its sentence."""

import pytest

from tests.people import HTML, csrf
from tests.plans import FAIR, MEASURE, action, ground


@pytest.fixture
def place(client, db):
    return ground(client, db)


def shown(place, part=""):
    return place.client.get(f"{place.url}{part}", headers=HTML)


def state(place):
    return place.newest("state")


def test_a_plan_goes_from_a_draft_to_active_and_the_place_with_it(place):
    place.draft()
    assert place.move("AGREED").status_code == 303
    assert (
        place.sends(
            "/words",
            version=place.version(),
            summary_plain="Adults here will help.",
            shown_on="2026-01-05",
        ).status_code
        == 303
    )
    assert place.move("ACTIVE").status_code == 303

    page = shown(place).text

    assert state(place) == "ACTIVE"
    assert "Welfare 1, environmental 0, regulatory 0, enforcement 0" in page
    assert "Goals and measures stay as they were agreed." in page
    assert len(place.one("select measures_hash from app.context_plan")) == 64
    moved = place.client.post(
        f"/api/v1/places/{place.place}/moves",
        json={
            "to": "PLAN_ACTIVE",
            "reason": "Synthetic: agreed by all.",
            "version": place.one("select version from app.place"),
        },
    )
    assert moved.json()["state"] == "PLAN_ACTIVE"


PSPO = {"response_code": "PSPO", "body": "An order against drinking"}
RING = "Add a displacement ring before a public spaces protection order: children may be moved, "
RING += "not safer."


@pytest.mark.asvs("2.2.3")
def test_what_is_missing_to_agree_a_plan_is_named_on_the_page_and_at_the_refusal(place):
    place.begin()
    goal = place.choose("G_FEEL_SAFE", "Children feel safe here at <hours>")
    assert place.measure(goal, target="", is_change="").status_code == 303
    missing = [
        "Fill in what stands between &lt; and &gt; in the goals.",
        "Add a measure with a baseline, a target and a due date to each goal.",
        "Add at least one measure of change.",
        "Fill in the equality check.",
    ]

    page, refused = shown(place).text, place.move("AGREED")

    assert refused.status_code == 422
    assert [words for words in missing if words not in page or words not in refused.text] == []
    assert place.newest("state") == "DRAFT"


def test_forms_say_what_is_wrong_beside_the_field(place):
    place.begin()
    goal = place.choose()
    cases = {
        "That measures effort. What will be different?": place.measure(goal, body="Held 3 talks"),
        "Say who owns this action.": place.act(owner_agency=""),
        "Enter a due date.": place.act(due_on=""),
        "Choose a response.": place.act(response_code="MAGIC"),
        "This person is of another agency.": place.act(owner_agency="EDU", owner=me(place)),
        "Change the words.": place.act(body="Move the gang members on"),
        "Choose 1 to 5 goals.": place.sends("/goals", version=place.version()),
        "Enter a number.": place.measure(goal, target="many"),
        "Choose a method.": place.measure(goal, method_code="MAGIC"),
    }

    assert {words: a.status_code for words, a in cases.items()} == dict.fromkeys(cases, 422)
    assert [words for words, answer in cases.items() if words not in answer.text] == []
    assert place.measure(goal, kind="EFFORT", body="Held 3 talks").status_code == 303
    assert place.newest("is_change", "plan_measure") is False


def me(place):
    return place.one('select ref from app."user" limit 1')


def test_a_response_that_moves_children_on_needs_ring_note_and_voice(place):
    goal = place.draft()
    assert place.act(**PSPO).status_code == 303

    stopped = place.move("AGREED")
    assert place.write(equality_check=FAIR, ring_m="250").status_code == 303
    place.assessment(voice=False, why="No session could be held there before the school holiday.")
    place.rows("update app.context_plan set assessment_id = null")
    unheard = place.move("AGREED")
    place.assessment()
    agreed = place.move("AGREED")

    assert RING in stopped.text
    assert "racialised and disabled children" in stopped.text
    assert "Ask children before a public spaces protection order" in unheard.text
    assert RING not in unheard.text
    assert agreed.status_code == 303
    assert goal
    assert place.newest("state") == "AGREED"


def test_enforcement_is_not_added_later_without_its_gates(place):
    place.draft()
    place.move("AGREED")

    refused = place.act(**PSPO)
    alone = ground(place.client, place.db).act(**PSPO)

    assert refused.status_code == alone.status_code == 422
    assert RING in refused.text
    assert RING in alone.text


def test_only_enforcement_is_a_warning(place):
    place.begin()
    place.act(**PSPO)

    page = shown(place).text

    assert "What in this plan changes the context?" in page
    assert "Welfare 0, environmental 0, regulatory 0, enforcement 1" in page


def test_what_was_agreed_stays_and_says_so(place):
    goal = place.draft()
    place.move("AGREED")
    frozen = "The plan is agreed: its goals and measures stay as they were agreed."
    measure = place.newest("id", "plan_measure")
    version = place.version("plan_measure")

    answers = [
        place.sends(f"/measures/{measure}", **MEASURE, goal=goal, version=version),
        place.measure(goal),
        place.sends("/goals", version=place.version(), goal_G_NORM="yes", body_G_NORM="Other"),
    ]
    ring = place.sends("/words", version=place.version(), ring_m="250", equality_check="Another")

    assert [a.status_code for a in answers] == [422] * 3
    assert [a for a in answers if frozen not in a.text] == []
    assert "the equality check and the ring stay as they were" in ring.text
    assert place.newest("target", "plan_measure") == 60


@pytest.mark.parametrize(
    ("without", "sentence"),
    [
        ({"state": "ANALYSIS"}, "An approved assessment is missing."),
        ({"voice": False}, "Add children's voice, or say why it is not there yet"),
        ({}, "Show the plain summary to the children who took part, and enter the day."),
    ],
)
def test_a_plan_does_not_begin_without(place, without, sentence):
    place.draft()
    place.rows("update app.context_plan set assessment_id = null")
    place.rows("delete from app.context_assessment")
    place.assessment(**without)
    assert place.move("AGREED").status_code == 303

    refused = place.move("ACTIVE")

    assert refused.status_code == 422
    assert sentence.replace("'", "&#39;") in refused.text
    assert place.newest("state") == "AGREED"


def test_the_reason_why_children_were_not_heard_stands_for_their_voice(place):
    place.assessment(voice=False, why="No session could be held there before the school holiday.")
    place.draft()

    assert place.move("AGREED").status_code == 303
    assert place.move("ACTIVE").status_code == 303


def test_a_plan_is_abandoned_with_a_reason_and_another_begun(place):
    place.assessment(voice=False, why="No session could be held there before the school holiday.")
    place.draft()
    for to in ("AGREED", "ACTIVE", "REVIEWED"):
        assert place.move(to).status_code == 303
    first = place.newest("ref")

    silent = place.move("ABANDONED")
    done = place.move("ABANDONED", "The shop is gone.")
    place.begin()

    assert "Say why the plan is abandoned." in silent.text
    assert done.status_code == 303
    assert "The shop is gone." in shown(place, f"?plan={first}").text
    assert first in shown(place).text


@pytest.mark.parametrize("states", [(), ("AGREED",)])
def test_a_plan_that_never_began_is_abandoned_with_its_actions_and_another_begun(place, states):
    place.draft()
    for to in states:
        assert place.move(to).status_code == 303
    first = place.newest("ref")

    silent = place.move("ABANDONED")
    rude = place.move("ABANDONED", "The gang members moved on.")
    done = place.move("ABANDONED", "The shop is gone.")
    page = shown(place, f"?plan={first}").text
    place.begin()

    assert "Say why the plan is abandoned." in silent.text
    assert silent.status_code == rude.status_code == 422
    assert "Change the words." in rude.text
    assert done.status_code == 303
    assert "Abandoned" in page
    assert place.rows("select distinct state from app.plan_action") == [("WITHDRAWN",)]
    assert place.rows("select count(*) from app.context_plan where state = 'DRAFT'") == [(1,)]


def test_an_active_plan_is_reviewed_before_it_is_abandoned(place):
    place.assessment(voice=False, why="No session could be held there before the school holiday.")
    place.draft()
    for to in ("AGREED", "ACTIVE"):
        assert place.move(to).status_code == 303

    refused = place.move("ABANDONED", "The shop is gone.")

    assert "A plan that is active cannot become abandoned." in refused.text
    assert place.newest("state") == "ACTIVE"


def test_a_merged_place_keeps_its_work_and_the_surviving_place_shows_it(place, client, db):
    place.assessment()
    place.draft()
    plan, made = place.newest("ref"), place.newest("ref", "context_assessment")
    into = ground(client, db)
    why = "Synthetic: the same place under two names."
    version = client.get(f"/api/v1/places/{place.place}").json()["version"]
    body = {"into": into.place, "reason": why, "version": version}
    assert client.post(f"/api/v1/places/{place.place}/merge", json=body).status_code == 200

    page, assessed = shown(into).text, client.get(f"/places/{into.place}/assessments").text
    begun = into.sends("")
    old = shown(place).text
    merge = place.one("select id from app.place_merge")
    undone = client.post(
        f"/places/{into.place}/merge/{merge}/undo", data={"csrf": csrf(client), "reason": why}
    )

    assert f"({place.place}): <a" in page
    assert f"plan {plan}</a> (draft), 1 open action" in page
    assert f"assessment {made}</a> (approved" in assessed
    assert begun.status_code == 303
    assert plan in old
    assert undone.status_code == 303
    assert plan not in shown(into).text
    assert made not in client.get(f"/places/{into.place}/assessments").text
    assert plan in shown(place).text


def test_a_place_has_one_plan_at_a_time_and_none_before_it_is_screened(place, client, db):
    place.begin()

    again = place.sends("")
    early = ground(client, db, state="PROPOSED").sends("")

    assert again.status_code == early.status_code == 409
    assert "This place has a plan already." in again.text
    assert "A place that is proposed has no plan." in early.text


def test_the_second_of_two_people_sees_both_versions_and_loses_nothing(place):
    place.draft()
    version = place.version()
    first = place.sends("/words", version=version, summary_plain="First words")

    second = place.sends("/words", version=version, summary_plain="Second words")
    newer = place.version()
    again = place.sends("/words", version=newer, summary_plain="Second words")

    assert first.status_code == 303
    assert second.status_code == 409
    assert "Changed by you at" in second.text
    assert "First words" in second.text
    assert "Second words" in second.text
    assert f'name="version" value="{newer}"' in second.text
    assert again.status_code == 303
    assert place.newest("summary_plain") == "Second words"


def test_two_people_at_one_measure_and_one_action(place):
    goal = place.draft()
    url = f"/measures/{place.newest('id', 'plan_measure')}"
    act = f"/actions/{place.newest('ref', 'plan_action')}"
    of_measure = {"goal": goal, "version": place.version("plan_measure")} | MEASURE
    of_action = action() | {"version": place.version("plan_action")}
    assert place.sends(url, **of_measure | {"target": "70"}).status_code == 303
    assert place.sends(act, **of_action | {"body": "Three workers"}).status_code == 303

    answers = place.sends(url, **of_measure), place.sends(act, **of_action)

    assert [a.status_code for a in answers] == [409, 409]
    assert "70" in answers[0].text
    assert "Three workers" in answers[1].text


def test_a_lead_takes_goals_and_measures_out_and_a_practitioner_does_not(place, as_):
    goal = place.draft()
    worker = as_("practitioner")
    place.client, lead = worker, place.client
    measure = f"/measures/{place.newest('id', 'plan_measure')}"

    refused = place.sends(measure, remove="yes")
    place.client = lead
    done = place.sends(measure, remove="yes")

    assert refused.status_code == 403
    assert "Only a contextual safeguarding lead" in refused.text
    assert done.status_code == 303
    assert "No measure yet." in shown(place).text
    assert goal


def test_who_sees_a_plan(place, as_):
    place.draft()
    path = place.url

    codes = {
        role: as_(role).get(path).status_code
        for role in ("practitioner", "police_analyst", "partner", "vca_member", "auditor")
    }
    police = as_("police_analyst")
    elsewhere = as_("practitioner", boroughs=("E09000027",))

    assert codes == {
        "practitioner": 200,
        "police_analyst": 200,
        "partner": 403,
        "vca_member": 404,
        "auditor": 404,
    }
    assert elsewhere.get(path).status_code == 404
    assert "/plan/words" not in police.get(path).text
    place.client = police
    assert place.sends("/words", version=place.version(), summary_plain="No").status_code == 403


def test_the_plan_on_paper(place):
    place.draft()

    page = shown(place, "?print=all").text

    assert "Children can name an adult here they trust" in page
    assert "<button" not in page.split("<main")[1]
    assert "/plan/words" not in page
