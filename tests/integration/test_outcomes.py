"""What changed at a place: measures held again, counts compared, reviews and their guards."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.core import clock
from app.outcomes import jobs
from tests.outcomes import FAR, SHOP, Maker, begun
from tests.people import LEAD, csrf, in_days

WHY_NOT = "The school holidays began, and the youth club opens again on the first of September."
REASON = "Most children name an adult they trust now, and nobody saw harm elsewhere."
RECORD = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
SAFER = "This place cannot be closed as safer: "


def send(client, url, **answers):
    return client.post(url, data=answers | {"csrf": csrf(client)})


def place(client, name, **more):
    return client.post("/api/v1/places", json=SHOP | {"name": name} | more).json()["ref"]


@pytest.fixture
def maker(db):
    return Maker(db)


@pytest.fixture
def work(client, maker):
    """Two takeaways 2.5 km apart; the first has a plan that is still a draft."""
    here = place(client, "Corner")
    there = place(client, "Parade", northing=SHOP["northing"] + FAR)
    return maker.at_work(here, there)


@pytest.fixture
def lead(as_):
    return as_("cs_lead", agency="AFC")


@pytest.fixture
def active(work, maker):
    maker.measure(work)
    maker.activate(work)
    return work


def outcomes(work):
    return f"/places/{work.ref}/outcomes"


def measure_url(work, name="survey"):
    return f"{outcomes(work)}/measures/{work.measures[name]}"


def observed(client, work, k=15, n=20, **more):
    return send(client, measure_url(work), on_date=in_days(0), k=k, n=n, **more)


REVIEW = {
    "round": "M6",
    "voice": "HEARD",
    "displacement": "NONE_SEEN",
    "displacement_text": "Youth workers walked the parade and the bus station.",
}
UNHEARD = {"voice": "NOT_HEARD", "no_voice_reason": WHY_NOT}
MISSING = [
    "no goal of change is met.",
    "displacement was not checked.",
    "a serious incident happened in the last 90 days.",
]


def begin(client, work, **more):
    answers = REVIEW | {"held_on": in_days(0)} | more
    return send(client, f"{outcomes(work)}/reviews/new", **answers)


def decide(client, url, decision="CLOSE_SAFER", version=1, **more):
    return send(client, f"{url}/decide", version=version, decision=decision, reason=REASON, **more)


def test_a_measure_held_again_is_told_with_its_range_and_drawn(active, lead):
    before = lead.get(outcomes(active)).text
    sent = observed(lead, active)
    after = lead.get(outcomes(active)).text

    assert "Not measured again yet." in before
    assert "Not measured" in before
    assert sent.status_code == 303
    assert "75% of 20 asked (95% range 53% to 89%)" in after
    assert "The target is reached (70%)." in after
    assert ">Met<" in after
    assert after.count("cm-chart__mark") == 2
    assert "plan began" in after


def test_fewer_than_eight_answers_are_told_in_words_alone(active, lead):
    observed(lead, active, k=5, n=6)
    page = lead.get(outcomes(active)).text

    assert "Better than at the start. Fewer than 8 were asked, so no number is shown." in page
    measure = page.partition('id="m-')[2].partition("</section>")[0]
    by_chance = re.compile(rf"{RECORD}|{active.ref}|{active.other}|{re.escape(csrf(lead))}")
    assert "83" not in by_chance.sub("", measure)
    assert page.count("cm-chart__mark") == 1


WRONG = [
    ({"k": 21}, "k", "More said so than were asked."),
    ({"k": "many"}, "k", "Enter how many said so, as a whole number."),
    ({"n": ""}, "n", "Enter how many were asked."),
    ({"on_date": "2020-01-01"}, "on_date", "Enter a day after the baseline"),
    ({"on_date": "2120-01-01"}, "on_date", "This day has not come yet."),
    ({"method": "another"}, "method", "Choose one of the list."),
    ({"note": "x" * 301}, "note", "Use at most 300 characters."),
]


def test_what_is_wrong_with_a_value_is_said_beside_it(active, lead):
    for answers, field, words in WRONG:
        filled = {"on_date": in_days(0), "k": 15, "n": 20} | answers
        again = send(lead, measure_url(active), **filled)

        assert again.status_code == 422
        assert f'id="{field}-error"' in again.text
        assert words in again.text


def test_a_rating_stays_on_its_scale_and_a_draft_is_not_measured(work, maker, lead):
    maker.measure(work, "item", kind="INDICATOR", direction="DOWN", baseline=4, target=1)
    maker.counted(work)
    url = measure_url(work, "item")

    early = send(lead, url, on_date=in_days(0), value=2)
    maker.activate(work)
    beyond = send(lead, url, on_date=in_days(0), value=5)
    typed = send(lead, measure_url(work, "counts"), on_date=in_days(0), value=5)
    right = send(lead, url, on_date=in_days(0), value=2)

    assert "Nothing is measured before the plan is agreed" in early.text
    assert "Enter a value from 0 to 4." in beyond.text
    assert "Incidents are counted by the comparison, not typed in." in typed.text
    assert right.status_code == 303


def test_a_place_without_a_plan_has_no_outcomes_yet(client, lead):
    ref = place(client, "Kiosk")

    assert "no plan yet" in lead.get(f"/places/{ref}/outcomes").text
    refused = lead.get(f"/places/{ref}/outcomes/reviews/new")
    assert "Outcomes are reviewed once a plan is active." in refused.text


# Counts of incidents


@pytest.fixture
def counted(work, maker):
    """46 incidents in half a year before and 8 after here, 46 and 46 at the other, rings alike."""
    maker.fewer(work)
    return work


def design(client, work, **more):
    answers = {"starts_on": begun().isoformat(), "weeks": "26", "harms": "ALL"}
    return send(client, f"{measure_url(work, 'counts')}/design", **answers | more)


def compare(client, work, recording="SAME"):
    return send(client, f"{measure_url(work, 'counts')}/compare", recording=recording)


def test_the_control_is_chosen_by_rule_and_frozen_with_the_plan(counted, maker, lead):
    made = design(lead, counted)
    stored, fixed = maker.design(counted)
    maker.activate(counted)
    later = design(lead, counted, weeks="13")

    assert "Parade" in made.text
    assert "With about 46 incidents a window, only a change of about" in made.text
    assert [area["role"] for area in stored["areas"]] == ["T", "C", "D", "CD"]
    assert len(fixed) == 64
    assert later.status_code == 422
    assert "what is compared is fixed" in later.text
    assert maker.design(counted)[1] == fixed


def test_without_a_control_the_reasons_are_told(counted, maker, lead, client):
    place(client, "Kiosk", easting=SHOP["easting"] + 400)
    maker.run("update app.place set type_code = 'PARK' where ref = %s", counted.other)

    made = design(lead, counted)

    assert "No place can serve as control." in made.text
    assert "It is a place of another kind." in made.text
    assert "It is nearer than 1 km to the place or its ring." in made.text
    assert maker.design(counted) == (None, None)


def test_counts_are_compared_with_numbers_for_those_who_may_read_them(counted, maker, lead, as_):
    design(lead, counted)
    maker.activate(counted)

    assert compare(lead, counted).status_code == 303
    page = lead.get(outcomes(counted)).text
    row = maker.run("""
        select t0, t1, c0, c1, d0, d1, cd0, cd1, est, verdict, verdict_without_proactive, u
        from app.wdd_result
    """)[0]

    assert row[:8] == (46, 8, 46, 46, 17, 17, 17, 17)
    assert (row[8], row[9], row[10]) == (-38, "FELL", "FELL")
    assert "Fewer than expected: about 38 fewer (95% range" in page
    assert "allowing for control area and nearby streets" in page
    assert "Nearby streets: the change (0;" in page
    assert "Displacement quotient" in page
    assert "no effect" not in page
    for role, options in (
        ("practitioner", {}),
        ("police_analyst", {"agency": "MPS"}),
    ):
        assert "about 38 fewer" in as_(role, **options).get(outcomes(counted)).text


def test_what_was_computed_is_changed_by_nobody(counted, maker, lead, db):
    design(lead, counted)
    maker.activate(counted)
    compare(lead, counted)

    for change in ("est = -99, low = -120", "verdict = 'ROSE'", "t1 = 1"):
        with (
            pytest.raises(IntegrityError, match="what was computed is not changed"),
            db.begin(LEAD) as session,
        ):
            session.execute(text(f"update app.wdd_result set {change}"))
    with db.begin(LEAD) as session:
        session.execute(text("update app.wdd_result set updated_at = now()"))

    assert maker.run("select est, verdict, t1 from app.wdd_result") == [(-38, "FELL", 8)]


def test_a_rise_found_by_looking_for_it_is_said_twice(counted, maker, lead):
    design(lead, counted)
    maker.activate(counted)
    maker.incidents(counted.ref, begun(), 85, by="STOP_SEARCH", every=2)
    compare(lead, counted)
    page = lead.get(outcomes(counted)).text

    assert "More than expected" in page
    assert "Check recording and trust first." in page
    assert "Without what police found by looking for it: fewer than expected" in page


PLAN_OF_ITS_OWN = """
    insert into app.context_plan (id, ref, agency_code, purpose_code, created_by, updated_by,
                                  place_id, state, agreed_on)
    select gen_random_uuid(), 'PN-AAA-AAAA', 'AFC', 'PLAN', created_by, created_by, id, 'AGREED',
           current_date - 100
    from app.place where ref = '{there}'
"""
WITHOUT_A_PLACE = """
    update app.incident set geom = null, borough_code = 'E09000021',
        place_id = (select id from app.place where ref = '{home}')
    where harm_code = 'CCE'
"""


BROKEN = [
    ("update app.plan_measure set target = 5", "the design was changed after it was agreed"),
    (
        "update app.place set geom = ST_Translate(geom, 40, 0) where ref = '{here}'",
        "the boundary of the place was changed",
    ),
    (PLAN_OF_ITS_OWN, "the control area got a response of its own"),
    (WITHOUT_A_PLACE, "more than 20% of the incidents have no place"),
]


def test_a_comparison_that_cannot_be_trusted_is_withheld(counted, maker, lead, client):
    home = place(client, "Home", type_code="RESIDENTIAL", purpose="PLAN")
    maker.incidents(counted.ref, begun(), 60, harm="CCE", every=1)
    design(lead, counted)
    maker.activate(counted)
    for statement, _ in BROKEN:
        maker.run(statement.format(here=counted.ref, there=counted.other, home=home))

    compare(lead, counted)

    page = lead.get(outcomes(counted)).text
    assert f"Not evaluated: {'; '.join(words for _, words in BROKEN)}." in page
    assert "fewer (95%" not in page


def test_recording_in_another_way_is_asked_and_withholds(counted, maker, lead):
    early = compare(lead, counted)
    design(lead, counted)
    draft = compare(lead, counted)
    maker.activate(counted)
    unsaid = send(lead, f"{measure_url(counted, 'counts')}/compare")
    compare(lead, counted, "CHANGED")

    assert "This measure has no design" in early.text
    assert "Nothing is compared before the plan is agreed." in draft.text
    assert 'id="recording-error"' in unsaid.text
    assert "Not evaluated: incidents were recorded in another way." in (
        lead.get(outcomes(counted)).text
    )


def test_a_comparison_runs_on_its_date_and_whoever_leads_the_place_is_told(
    counted, maker, lead, db, settings
):
    design(lead, counted)
    assert jobs.run(db, clock.today()) == jobs.Done([], 0)
    maker.activate(counted)
    me = led(maker, counted, lead)
    maker.run("alter table app.wdd_result add constraint never check (false) not valid")
    context = type("Context", (), {"additional_context": {"db": db, "settings": settings}})
    with pytest.raises(jobs.NotComparedError):
        jobs.compare.func(context, 0)
    waits = lead.get(outcomes(counted)).text
    maker.run("alter table app.wdd_result drop constraint never")
    done = jobs.run(db, clock.today())
    (mail,) = jobs.written(db, done.tell, "https://here.example")
    page, listed, home = (lead.get(url).text for url in (outcomes(counted), "/outcomes", "/"))
    again = jobs.run(db, clock.today())
    compare(lead, counted)
    after = lead.get(outcomes(counted)).text

    assert "could not be made yet. It is tried again every morning." in waits
    assert done == jobs.Done([me], 0)
    told_nothing_of(counted, mail)
    assert "about 38 fewer" in page
    assert "A lead has not said yet whether incidents were recorded" in page
    assert "Say how they were recorded" in listed
    assert "Comparisons to confirm" in home
    assert again == jobs.Done([], 0)
    assert jobs.written(db, [], "https://here.example") == []
    assert "A lead has not said yet" not in after
    assert "Compared on their date" not in lead.get("/outcomes").text
    told = "select role from audit.event where action = 'outcome.compare' order by id"
    assert maker.run(told)[0] == ("job",)


def led(maker, work, lead):
    """This lead leads the place and reads mail."""
    me = lead.person.user_id
    maker.run("update app.place set lead_user_id = %s where ref = %s", me, work.ref)
    maker.run('update app."user" set email = %s where id = %s', "lead@example.org", me)
    return me


def told_nothing_of(work, mail):
    assert mail.to == "lead@example.org"
    assert "https://here.example/outcomes" in mail.text
    assert "Corner" not in mail.text + mail.subject
    assert work.ref not in mail.text


def test_nothing_is_compared_before_the_window_is_over(counted, maker, lead):
    design(lead, counted, weeks="52")
    maker.activate(counted)

    assert "Compare after that day." in compare(lead, counted).text


NO_DESIGNS = [
    ({"weeks": "3"}, "weeks"),
    ({"weeks": "104"}, "weeks"),  # records do not reach back so far
    ({"harms": "PLACE"}, "harms"),  # it has none of its own
    ({"harms": "SOME"}, "harms"),
    ({"weight": "4"}, "larger"),
    ({"larger": "there"}, "weight"),
    ({"starts_on": "soon"}, "starts_on"),
]


def test_what_is_wrong_with_a_design_is_said_beside_it(counted, lead):
    for answers, field in NO_DESIGNS:
        filled = {n: counted.other if v == "there" else v for n, v in answers.items()}
        again = design(lead, counted, **filled)

        assert again.status_code == 422
        assert f'id="{field}-error"' in again.text


def test_a_declared_weight_lets_a_larger_place_serve(counted, maker, lead):
    maker.incidents(counted.other, begun() - timedelta(weeks=50), 80, every=4)

    refused = design(lead, counted)
    chosen = design(lead, counted, larger=counted.other, weight="2")

    assert "It had more than 1.3 times the incidents" in refused.text
    assert "Parade" in chosen.text
    assert maker.design(counted)[0]["areas"][1]["weight"] == 2


# Reviews


def test_a_review_is_held_decided_and_agreed_by_two_people(active, maker, lead, as_, client):
    observed(lead, active)
    maker.asked_again(active)
    url = begin(lead, active).headers["location"]
    ready = lead.get(url).text
    decided = decide(lead, url)
    alone = send(lead, f"{url}/agree", version=2)
    other = as_("cs_lead", agency="AFC")
    agreed = send(other, f"{url}/agree", version=2)
    page = other.get(url).text
    place_version = client.get(f"/api/v1/places/{active.ref}").json()["version"]
    closed = send(
        other,
        f"/places/{active.ref}/move",
        to="CLOSED",
        close_code="SAFER",
        reason="The outcome review shows it, and two people agreed.",
        version=place_version,
    )

    assert "Survey of children" in ready
    assert "Within 500 m, but not here" in ready
    assert SAFER not in ready
    assert decided.status_code == 303
    assert "Someone other than the person who decided must agree." in alone.text
    assert agreed.status_code == 303
    assert "Close the place now" in page
    assert closed.status_code == 303, closed.text
    assert maker.run("select state from app.context_plan")[0] == ("COMPLETED",)
    assert maker.run("select state, close_code from app.place where ref = %s", active.ref)[0] == (
        "CLOSED",
        "SAFER",
    )
    assert maker.run("select result from app.plan_goal")[0] == ("MET",)


def test_each_guard_of_closing_as_safer_says_what_is_missing(active, maker, lead):
    (harm,) = maker.run("select min(code) from reference.harm where severity >= 4")[0]
    maker.incidents(active.ref, clock.today() - timedelta(days=20), 1, harm=harm)
    url = begin(lead, active, displacement="NOT_CHECKED", **UNHEARD).headers["location"]
    version = 1

    def refused():
        answer = decide(lead, url, version=version)
        assert answer.status_code == 422
        return [words for words in MISSING if f"{SAFER}{words}" in answer.text]

    assert refused() == MISSING
    observed(lead, active)
    assert refused() == MISSING[1:]
    maker.run("update app.incident set occurred_from = '2020-01-01', occurred_to = '2020-01-01'")
    assert refused() == MISSING[1:2]
    change = REVIEW | UNHEARD | {"version": "1", "held_on": in_days(0)}
    assert send(lead, url, **change).status_code == 303
    version = 2
    assert decide(lead, url, version=version).status_code == 303


def test_children_who_were_not_asked_again_stop_it_unless_a_reason_is_written(active, maker, lead):
    observed(lead, active)
    unheard = begin(lead, active)
    unsaid = begin(lead, active, voice="NOT_HEARD")
    url = begin(lead, active, **UNHEARD).headers["location"]

    assert "No method with children is on record since the plan began." in unheard.text
    assert "Say why children were not asked again" in unsaid.text
    assert decide(lead, url).status_code == 303
    assert "Not asked again" in lead.get(outcomes(active)).text


def test_a_domain_that_became_worse_stops_it(active, maker, lead):
    observed(lead, active)
    codes = ("PRESENT", "TRUST", "SKILL", "ACT", "BARRIERS", "ATTITUDE")
    newer = maker.assessment(maker.place_id(active.ref), clock.today())
    for key, ratings in ((active.assessment, [1] * 6), (newer, [3, 2, 2, 2, 1, 1])):
        for code, rating in zip(codes, ratings, strict=True):
            maker.insert(
                "assessment_answer",
                assessment_id=key,
                indicator_code=f"D2_{code}",
                view="SETTLED",
                rating=rating,
            )
    maker.asked_again(active)
    url = begin(lead, active).headers["location"]

    assert f"{SAFER}worse than before: guardianship." in decide(lead, url).text


SCORE = {"party": "CHILDREN", "n_people": "9", "score": "6", "why": "The light works."}


GONE = "review.scale-remove"


def scored(client, url, key="new", **more):
    return send(client, f"{url}/scale/{key}", **SCORE | {"on_date": in_days(0)} | more)


def key_of(maker, party="CHILDREN"):
    ((key,),) = maker.run("select id from app.safety_scale where party = %s", party)
    return key


def test_everybody_is_asked_again_and_both_days_stand_side_by_side(active, maker, lead, as_):
    for party, score in (("CHILDREN", 3), ("POLICE", 7)):
        given = {"party": party, "score": score, "n_people": 12, "on_date": begun()}
        maker.insert("safety_scale", assessment_id=active.assessment, **given)
    url = begin(lead, active, **UNHEARD).headers["location"]
    unheard = lead.get(url).text
    worker = as_("practitioner")
    added = scored(worker, url)
    scored(worker, url, party="YOUTH_WORK", n_people="2", score="5", why="")
    page = worker.get(url).text

    assert "Children: 3 before, not asked again yet" in unheard
    assert "Parents and carers: not asked yet" in unheard
    assert "Place manager: not asked yet" in unheard
    assert added.status_code == 303
    assert "Children: 3 before, 6 now" in page
    assert "Youth work: not asked before, 5 now" in page
    assert "Police: 7 before, not asked again yet" in page
    assert "The light works." in page
    assert as_("police_analyst").get(url).status_code == 200
    assert scored(as_("police_analyst"), url).status_code == 403
    assert scored(as_("partner"), url).status_code in {403, 404}
    decide(lead, url, "CONTINUE")
    assert "was decided" in scored(lead, url).text
    assert "/scale/" not in lead.get(url).text


def test_a_score_is_changed_and_nobody_writes_over_another_unseen(active, maker, lead, as_):
    url = begin(lead, active, **UNHEARD).headers["location"]
    # The address of a list's "Add" names the party; what is sent goes to an address without it.
    form = lead.get(f"{url}/scale/new?party=CHILDREN").text
    assert f'action="{url}/scale/new"' in form
    assert '<option value="CHILDREN" selected>' in form
    wrong = scored(lead, url, party="", score="11", n_people="0", on_date="2020-01-01")
    early = scored(lead, url, on_date="2020-01-01", why="He is a gang member.")
    assert "Enter a whole number from 0 to 10." in wrong.text
    assert "Enter a day on which the plan was active" in early.text
    assert "Change the words." in early.text
    scored(lead, url, n_people="7")
    key, worker = key_of(maker), as_("practitioner")
    assert "Fewer than 8 children: this goes no further" in lead.get(url).text
    first = scored(worker, url, key, score="4", version="1")
    second = scored(lead, url, key, score="8", version="1")
    assert first.status_code == 303
    assert "It says 4 of 10 now, from 9 people." in second.text
    assert 'name="version" value="2"' in second.text
    assert scored(lead, url, key, score="8", version="2").status_code == 303
    assert scored(worker, url, key, remove="yes").status_code == 403
    assert scored(lead, url, key, remove="yes").status_code == 303
    assert "Children: not asked yet" in lead.get(url).text
    assert lead.get(f"{url}/scale/{key}").status_code == 404
    told = "select action from audit.event where action like 'review.scale%%' order by id"
    assert [action for (action,) in maker.run(told)] == ["review.scale"] * 3 + [GONE]


def test_two_people_in_one_review_are_told_and_a_decision_stands(active, maker, lead, as_):
    maker.asked_again(active)
    url = begin(lead, active).headers["location"]
    other = as_("practitioner")
    answers = {"round": "EXTRA", "held_on": in_days(0), "voice": "HEARD"}
    answers |= {"displacement": "NOT_CHECKED", "version": "1"}

    first = send(other, url, **answers)
    second = decide(lead, url, "CONTINUE", version=1)
    decided = decide(lead, url, "CONTINUE", version=2)
    again = decide(lead, url, "STEP_UP", version=3)
    late = send(other, url, **answers | {"version": "3"})

    assert first.status_code == 303
    assert second.status_code == 409
    assert "Compare and save again." in second.text
    assert decided.status_code == 303
    assert "This review was decided and is not changed." in again.text
    assert "This review was decided and is not changed." in late.text


def test_one_review_is_open_at_a_time_and_the_next_is_the_next_round(active, maker, lead):
    maker.asked_again(active)
    first = lead.get(f"{outcomes(active)}/reviews/new").text
    url = begin(lead, active, round="M3").headers["location"]
    twice = begin(lead, active)
    early = begin(lead, active, held_on="2020-01-01")
    decide(lead, url, "CONTINUE")
    page = lead.get(outcomes(active)).text

    assert '<option value="M3" selected>' in first
    assert "is open" in twice.text
    assert early.status_code == 422
    assert "After 6 months: the review is due on" in page
    assert "Go on as planned" in page


def test_a_review_that_is_due_is_on_the_work_list_until_it_is_held(active, maker, lead, as_):
    maker.asked_again(active)
    listed, home = lead.get("/outcomes").text, lead.get("/").text
    stranger = as_("practitioner", boroughs=("E09000027",), agency="LA_RICHMOND")
    elsewhere = stranger.get("/outcomes").text
    for number in ("M3", "M6"):
        url = begin(lead, active, round=number).headers["location"]
        decide(lead, url, "CONTINUE")

    assert "Corner" in listed
    assert "overdue by more than 20 working days" in listed
    assert "Outcome reviews due" in home
    assert "No outcome review is due." in elsewhere
    assert "No outcome review is due." in lead.get("/outcomes").text
    assert "Outcome reviews due" not in lead.get("/").text


def test_who_may_read_and_write_outcomes(active, maker, lead, as_):
    maker.asked_again(active)
    url = begin(lead, active).headers["location"]
    practitioner, police = as_("practitioner"), as_("police_analyst", agency="MPS")
    stranger = as_("practitioner", boroughs=("E09000027",), agency="LA_RICHMOND")

    assert practitioner.get(outcomes(active)).status_code == 200
    assert "Measure again" in practitioner.get(outcomes(active)).text
    assert observed(practitioner, active).status_code == 303
    assert decide(practitioner, url, "CONTINUE").status_code == 403
    assert "Measure again" not in police.get(outcomes(active)).text
    assert police.get(outcomes(active)).status_code == 200
    assert observed(police, active).status_code == 403
    assert stranger.get(outcomes(active)).status_code == 404
    for role, status in (("partner", 403), ("vca_member", 404), ("auditor", 404)):
        assert as_(role).get(outcomes(active)).status_code == status
        assert as_(role).get(url).status_code == status
