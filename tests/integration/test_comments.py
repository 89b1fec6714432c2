"""Comments beside an assessment, a plan and a review: who writes, who takes back, what stays."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests.outcomes import begun
from tests.people import HTML, LEAD, csrf, sign_in_as
from tests.plans import ground

RICHMOND = "E09000027"
WORDS = "Patrols ended in May; the bus stop is quiet since."


@pytest.fixture
def place(client, db):
    made = ground(client, db)
    made.begin()
    return made


@pytest.fixture
def plan(place):
    return place.newest("ref")


@pytest.fixture
def police(as_):
    return as_("police_analyst", agency="MPS_SWBCU")


def comment(client, ref, body=WORDS):
    return client.post(f"/comments/{ref}", data={"body": body, "csrf": csrf(client)})


def take_back(client, ref, key):
    return client.post(f"/comments/{ref}/{key}/withdraw", data={"csrf": csrf(client)})


def test_the_police_comment_on_a_plan_and_change_nothing_of_it(place, plan, police):
    before = place.rows("select to_jsonb(p) from app.context_plan p")

    sent = comment(police, plan)
    page = police.get(sent.headers["location"].partition("#")[0], headers=HTML).text

    assert sent.headers["location"] == f"/places/{place.place}/plan?plan={plan}#comments"
    assert WORDS in page
    assert "Take back" in page
    assert "Add the comment" in page
    assert place.rows("select to_jsonb(p) from app.context_plan p") == before
    assert police.get(f"{place.url}/words").status_code == 403
    assert WORDS in place.client.get(f"{place.url}?print=all", headers=HTML).text


def test_assessments_and_reviews_are_commented_on_too(place, police):
    place.assessment()
    made = place.newest("ref", "context_assessment")
    place.rows(
        """
        insert into app.outcome_review (id, ref, agency_code, purpose_code, created_by, updated_by,
            plan_id, round)
        select gen_random_uuid(), 'OR-000-0000', 'AFC', 'PLAN', created_by, created_by, id, 'M3'
        from app.context_plan
        """
    )
    place.rows("update app.context_plan set state = 'ACTIVE', active_on = %s", begun())

    for ref, page in (
        (made, f"/assessments/{made}"),
        ("OR-000-0000", f"/places/{place.place}/outcomes/reviews/OR-000-0000"),
    ):
        assert comment(police, ref).headers["location"] == f"{page}#comments"
        assert WORDS in police.get(page, headers=HTML).text
        assert WORDS in police.get(f"/comments/{ref}", headers=HTML).text
    assert WORDS in place.client.get(f"/assessments/{made}/whole", headers=HTML).text


def test_words_that_are_not_used_of_children_are_refused_and_kept_in_the_form(plan, police):
    rude, empty = comment(police, plan, "Gang members meet there."), comment(police, plan, " ")
    long = police.post(f"/api/v1/comments/{plan}", json={"body": "x" * 1001})

    assert rude.status_code == empty.status_code == long.status_code == 422
    assert "Change the words." in rude.text
    assert "Gang members meet there." in rude.text
    assert "Write a comment, in at most 1,000 characters." in empty.text
    assert police.get(f"/api/v1/comments/{plan}").json() == []


def test_a_comment_is_taken_back_by_who_wrote_it_or_by_a_lead_and_its_words_go(
    place, plan, police, as_
):
    assert police.post(f"/api/v1/comments/{plan}", json={"body": WORDS}).status_code == 201
    assert police.post(f"/api/v1/comments/{plan}", json={"body": "Second"}).status_code == 201
    first, second = (row["id"] for row in police.get(f"/api/v1/comments/{plan}").json())
    other = as_("police_analyst", agency="MPS_SWBCU")

    refused = take_back(other, plan, first)
    done = take_back(police, plan, first)
    again = police.post(f"/api/v1/comments/{plan}/{first}/withdraw", json={})
    by_lead = place.client.post(f"/api/v1/comments/{plan}/{second}/withdraw", json={})

    assert refused.status_code == 403
    assert "Only who wrote it, or a lead" in refused.text
    assert done.status_code == 303
    assert again.status_code == 409
    assert by_lead.json()["body"] is None
    assert by_lead.json()["withdrawn_at"] is not None
    assert place.rows("select count(*), count(body) from app.context_comment") == [(2, 0)]
    page = place.client.get(place.url, headers=HTML).text
    assert page.count("Taken back on") == 2
    assert WORDS not in page
    kept = place.rows("select action, object_ref from audit.event where action ~ '^comment'")
    assert kept == [("comment.create", plan)] * 2 + [("comment.withdraw", plan)] * 2


def test_who_does_not_see_the_record_sees_no_comment_and_writes_none(place, plan, police, as_):
    assert comment(police, plan).status_code == 303
    key = place.newest("id", "context_comment")
    elsewhere = as_("practitioner", boroughs=(RICHMOND,))
    near = as_("practitioner", boroughs=("E09000021",))

    assert [r["body"] for r in near.get(f"/api/v1/comments/{plan}").json()] == [WORDS]
    assert comment(near, plan).status_code == 303
    for gone in ("PL-000-0000", "PN-000-0000", "XX-1"):
        assert police.get(f"/api/v1/comments/{gone}").status_code == 404
    assert elsewhere.get(f"/api/v1/comments/{plan}").status_code == 404
    assert comment(elsewhere, plan).status_code == 404
    assert take_back(elsewhere, plan, key).status_code == 404
    for role in ("partner", "administrator"):
        other = as_(role)
        assert other.get(f"/api/v1/comments/{plan}").status_code == 403
        assert comment(other, plan).status_code == 403


def test_the_database_keeps_a_comment_as_it_was_written(place, plan, police, db):
    assert comment(police, plan).status_code == 303
    words = {
        "body = 'Other words'": "a comment is taken back, and not changed",
        "agency_code = 'BTP'": "a comment is taken back, and not changed",
        "body = null, withdrawn_at = now(), withdrawn_by = gen_random_uuid()": "is taken back",
    }

    for change, said in words.items():
        with pytest.raises(DBAPIError, match=said), db.begin(LEAD) as session:
            session.execute(text(f"update app.context_comment set {change}"))
    elsewhere = sign_in_as(db, "practitioner", boroughs=(RICHMOND,)).actor
    with pytest.raises(DBAPIError, match="row-level security"), db.begin(elsewhere) as session:
        session.execute(
            text("""
                insert into app.context_comment (id, plan_id, agency_code, body, created_by,
                    updated_by)
                values (gen_random_uuid(), :plan, 'AFC', 'Said', :me, :me)
            """),
            {"plan": place.newest("id"), "me": elsewhere.id},
        )
    assert place.rows("select body from app.context_comment") == [(WORDS,)]
    place.rows("update app.place set tier = 'P'")
    assert place.rows("select tier from app.context_comment") == [("P",)]
