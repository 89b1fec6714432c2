"""The life of an assessment through its pages: saved section by section, checked, approved."""

import html
import re

import pytest

from app.assessments import queries, reading, writing
from app.core.errors import RuleBrokenError
from tests import context_work
from tests.assessments import (
    BEGUN,
    HELD,
    PATHS,
    SIGNS,
    add,
    begun,
    errors,
    in_review,
    missing,
    rate,
    seals,
    shop,
    step,
    written,
)
from tests.html import complaints
from tests.people import HTML, KINGSTON, RICHMOND, send
from tests.reports import rows


@pytest.fixture
def author(as_):
    return as_("practitioner")


@pytest.fixture
def lead(as_):
    return as_("cs_lead", agency="AFC")


def page(client, path):
    answer = client.get(path, headers=HTML)
    assert answer.status_code == 200, answer.text[:800]
    return answer.text


def test_an_assessment_is_written_checked_and_signed_by_another_lead(author, lead, db):
    place = shop(lead)
    ref = in_review(author, place)

    refused = send(lead, f"/assessments/{ref}/approve", was="PEER_REVIEW")
    done = send(lead, f"/assessments/{ref}/approve", was="PEER_REVIEW", signed="yes")

    assert refused.status_code == 409
    assert "Tick that you have read it" in refused.text
    assert done.status_code == 303, (missing(done), errors(done), done.text[3000:4500])
    found = rows(db, "select state, d1, d2, d3, d1_known, approved_by is not null "
                     "from app.context_assessment")  # fmt: skip
    assert found == [("APPROVED", 75, 75, 75, 9, True)]
    whole = page(author, f"/assessments/{ref}/whole")
    assert "Children were heard: 9 children took part." in whole
    assert "75 of 100, higher is more concern. Children spoke to 100%" in whole
    assert "Approved by" in whole
    again = rate(author, ref, "D1_USE", seen={}, SETTLED=1)
    assert again.status_code == 409
    moves = rows(db, "select to_state from app.context_assessment_state_change order by id")
    assert [state for (state,) in moves] == [
        "DRAFT", "SCOPING", "GATHERING", "ANALYSIS", "PEER_REVIEW", "APPROVED",
    ]  # fmt: skip


def test_every_page_of_it_opens(author, lead):
    place = shop(lead)
    ref = begun(author, place)
    for path in PATHS:
        assert complaints(page(author, f"/assessments/{ref}{path}")) == [], path
    page(author, "/assessments")
    page(lead, "/assessments?list=review")
    for path in ("", "/assessments"):
        assert complaints(page(author, f"/places/{place}{path}")) == []
    assert "Assess the place, not the children." in page(author, f"/assessments/{ref}")
    assert author.get(f"/assessments/{ref}/items/D9_NONE", headers=HTML).status_code == 404


def test_two_people_write_the_same_answer_nothing_is_lost_and_both_are_told(author, as_, lead, db):
    place = shop(lead)
    ref = begun(author, place)
    second = as_("practitioner")
    opened = seals(second, ref, "D2_TRUST")
    theirs, mine = "Synthetic: nine of nine name the caretaker.", "Synthetic: nobody was named."
    assert (
        rate(author, ref, "D2_TRUST", opened, CHILDREN=1, note_CHILDREN=theirs).status_code == 303
    )

    met = rate(second, ref, "D2_TRUST", opened, CHILDREN=4, note_CHILDREN=mine, GUARDIANS=2)

    assert met.status_code == 409
    assert re.search(
        r"Changed by (the )?\w[\w ]* at \d\d:\d\d\. Compare and save again\.", met.text
    )
    assert theirs in met.text
    assert mine in met.text
    answers = rows(db, "select view, rating from app.assessment_answer")
    assert answers == [("CHILDREN", 1)], "neither is overwritten, nor half saved"
    told = page(author, f"/assessments/{ref}")
    assert "You and somebody else wrote this at the same time" in told
    assert mine in told
    assert "What you wrote stands." in told
    assert "wrote this at the same time" not in page(second, f"/assessments/{ref}")

    kept = {name: html.unescape(said) for name, said in HIDDEN.findall(met.text)}
    again = send(second, f"/assessments/{ref}/items/D2_TRUST", **kept, over="yes")

    assert again.status_code == 303
    answers = rows(db, "select view, rating from app.assessment_answer order by view")
    assert answers == [("CHILDREN", 4), ("GUARDIANS", 2)]
    told = page(author, f"/assessments/{ref}")
    assert theirs in told
    assert "Theirs was saved over yours." in told
    send(author, f"/assessments/{ref}", notice="0")
    assert "wrote this at the same time" not in page(author, f"/assessments/{ref}")


HIDDEN = re.compile(r'<input type="hidden" name="(?!csrf)([\w-]+)" value="([^"]*)">')


def test_two_people_at_one_question_who_write_of_different_views_are_not_stopped(
    author, as_, lead, db
):
    ref = begun(author, shop(lead))
    second = as_("practitioner")
    opened = seals(second, ref, "D1_USE")

    assert rate(author, ref, "D1_USE", opened, CHILDREN=1).status_code == 303
    assert rate(second, ref, "D1_USE", opened, RESIDENTS=3).status_code == 303

    answers = rows(db, "select view, rating from app.assessment_answer order by view")
    assert answers == [("CHILDREN", 1), ("RESIDENTS", 3)]


def test_a_section_and_a_sentence_are_not_saved_over_unseen(author, as_, lead, db):
    ref = begun(author, shop(lead))
    second = as_("practitioner")
    path, why = f"/assessments/{ref}/voice", "Synthetic: the club is shut until the spring comes."
    form = dict(HIDDEN.findall(page(second, path)))
    send(author, path, **form, no_voice_reason=why)

    met = send(second, path, **form, no_voice_reason=f"{why} Really.")

    assert met.status_code == 409
    assert why in met.text
    assert f"{why} Really." in met.text
    assert rows(db, "select no_voice_reason from app.context_assessment") == [(why,)]
    add(author, ref, "signs", **SIGNS[0])
    ((key,),) = rows(db, "select id::text from app.signs_panel")
    form = dict(HIDDEN.findall(page(second, f"/assessments/{ref}/signs/{key}")))
    one = send(author, f"/assessments/{ref}/signs/{key}", **SIGNS[0] | form | {"body": "First."})
    two = send(second, f"/assessments/{ref}/signs/{key}", **SIGNS[0] | form | {"body": "Second."})
    assert (one.status_code, two.status_code) == (303, 409)
    assert rows(db, "select body from app.signs_panel") == [("First.",)]


def test_what_an_answer_needs_is_said_beside_it(author, lead):
    ref = begun(author, shop(lead))

    no_evidence = rate(author, ref, "D1_USE", SETTLED=2)
    add(author, ref, "methods", **HELD[0])
    too_low = rate(author, ref, "D1_USE", SETTLED=2, CHILDREN=3, note_SETTLED="Too short.")
    with_note = rate(author, ref, "D1_USE", SETTLED=2, CHILDREN=3, note_SETTLED="Synthetic. " * 5)
    unrated = rate(author, ref, "D1_ABSENT", note_DATA="Synthetic: nobody counted.")

    assert no_evidence.status_code == too_low.status_code == unrated.status_code == 422
    assert "Link the evidence, or record a method that was held." in no_evidence.text
    assert "Children rate this as worse." in too_low.text
    assert "Choose a rating, or Not known, with the note." in unrated.text
    assert with_note.status_code == 303
    rate(author, ref, "D1_USE", DATA=0)
    assert "Children and adults see this differently" in page(
        author, f"/assessments/{ref}/domains/1"
    )
    assert "Not enough known: 1 of 9" in page(author, f"/assessments/{ref}/check")


def test_every_refusal_names_what_is_missing(author, lead):
    place = shop(lead, state="IDENTIFIED")
    ref = begun(author, place, bounds="", boundary_reason="")

    said = refusal(step(author, ref, "DRAFT"))

    assert "The place is not being assessed. Begin that first." in said
    assert "Draw the boundary." in said
    assert "Say why the boundary is there." in said
    other = begun(author, shop(lead, name="Another"))
    assert step(author, other, "DRAFT").status_code == 303
    assert "Look at it again." in refusal(step(author, other, "DRAFT"))
    said = refusal(step(author, other, "SCOPING"))
    assert "Plan how you will find out: add methods." in said
    assert "Add children&#39;s voice, or say why it is not there yet" in said
    again = send(author, f"/places/{place}/assessments", **BEGUN)
    assert "An assessment of this place is under way already" in again.text


def refusal(answer):
    assert answer.status_code == 409
    return answer.text


def test_nobody_approves_what_they_wrote_and_practitioners_approve_nothing(lead, db, as_):
    team = context_work.team(db)
    ref = written(team)
    author = as_("practitioner")

    assert send(author, f"/assessments/{ref}/approve", was="PEER_REVIEW").status_code == 403
    assert send(author, f"/assessments/{ref}", was="PEER_REVIEW").status_code == 409
    with db.begin(team.lead.actor) as session:
        made = queries.find(session, ref, lock=True)
        desk = writing.Desk(session, team.worker.actor, reading.read(session, made))
        with pytest.raises(RuleBrokenError, match="Someone other than the author must approve"):
            writing.approve(desk, was="PEER_REVIEW")
    assert (
        send(lead, f"/assessments/{ref}/approve", was="PEER_REVIEW", signed="yes").status_code
        == 303
    )


def test_a_newer_one_supersedes_the_older_and_both_stand_side_by_side(db, lead):
    team = context_work.team(db)
    old = context_work.approved_assessment(team, rating=4)
    new = context_work.approved_assessment(team, rating=2)

    found = page(lead, f"/assessments/{new}/compare?to={old}")

    states = rows(db, "select state from app.context_assessment order by created_at")
    assert states == [("SUPERSEDED",), ("APPROVED",)]
    assert found.count("<strong>Better</strong>") == 3
    assert "4 Serious concern" in found
    assert "2 Mixed" in found
    listed = page(lead, f"/places/{team.place_ref}/assessments")
    assert f"/assessments/{old}/compare?to={new}" in listed
    assert lead.get(f"/assessments/{new}/compare?to=AS-000-0000", headers=HTML).status_code == 404


def test_who_may_not_see_it_finds_nothing(author, as_, lead):
    place = shop(lead)
    ref = begun(author, place)
    paths = (f"/assessments/{ref}", f"/assessments/{ref}/whole", f"/places/{place}/assessments")
    police, elsewhere = (
        as_("police_analyst", agency="MPS_SWBCU"),
        as_("practitioner", boroughs=(RICHMOND,)),
    )

    nothing = [as_("vca_member"), as_("auditor"), elsewhere]
    refused = [as_("partner", agency="BUSINESS"), as_("administrator")]

    for path in paths:
        assert [one.get(path, headers=HTML).status_code for one in nothing] == [404] * 3
        assert [one.get(path, headers=HTML).status_code for one in refused] == [403] * 2
        assert police.get(path, headers=HTML).status_code == 200
    assert send(police, f"/assessments/{ref}/voice", no_voice_reason="x" * 50).status_code == 403
    assert rate(elsewhere, ref, "D1_USE", {}, CHILDREN=1).status_code == 404


def test_an_online_space_has_addresses_and_questions_of_its_own(author, lead):
    space = {"type_code": "ONLINE_GROUP", "platform_code": "GAME", "borough": KINGSTON}
    space |= {"address": "https://example.com/g", "easting": None, "northing": None}
    place = shop(lead, name="Group", **space)
    ref = begun(author, place, scope="https://example.com/g\nexample.org/h", bounds="")

    asked = page(author, f"/assessments/{ref}/items/D3_LIGHT")

    assert "moderation, open or closed" in asked
    assert "hxxps://example[.]com/g" in page(author, f"/assessments/{ref}/basics")
    assert step(author, ref, "DRAFT").status_code == 303


def test_the_place_page_says_whether_children_were_heard_and_who_guards(author, lead, db):
    place = shop(lead)
    before = page(author, f"/places/{place}")
    team = context_work.team(db)
    context_work.approved_assessment(team)
    after = page(author, f"/places/{team.place_ref}")

    assert "Children are not yet heard." in before
    assert "Not yet assessed." in before
    assert "Children were heard: 6 took part." in after
    assert "75 of 100, higher is more concern." in after


def test_words_that_the_list_knows_are_shown_and_stop_the_approval(author, lead):
    ref = begun(author, shop(lead))
    add(author, ref, "signs", **SIGNS[0] | {"body": "Synthetic: risky behaviour is seen there."})

    assert "Change this before it is approved." in page(author, f"/assessments/{ref}/signs")
    assert "It is not approved with this." in page(author, f"/assessments/{ref}/check")
