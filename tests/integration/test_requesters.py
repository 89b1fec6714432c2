"""Work of the worker runs with the rights that its person has when it runs."""

import pytest
from sqlalchemy import event, text

from app.accounts.requesters import requester
from app.core.errors import ForbiddenError
from app.core.remembered import remember
from app.places import queries as places
from tests.people import SYSTEM, sign_in_as


def changed(db, person, column, value):
    with db.begin(SYSTEM) as session:
        statement = f'update app."user" set {column} = :value where id = :id'
        session.execute(text(statement), {"value": value, "id": person.user_id})


def test_the_worker_is_the_person_with_minutes_instead_of_seconds(db):
    person = sign_in_as(db, "practitioner")

    actor = requester(db, person.user_id, "incident.create")

    assert (actor.id, actor.role, actor.boroughs) == (
        person.user_id,
        "practitioner",
        person.actor.boroughs,
    )
    assert actor.tiers == ("H0", "H1")
    with db.read(actor) as session:
        assert session.scalar(text("show statement_timeout")) == "30min"


@pytest.mark.parametrize(
    ("column", "value"), [("state", "DISABLED"), ("ends_on", "2020-01-01"), ("role", "vca_member")]
)
def test_an_account_that_is_over_or_may_not_any_more_works_no_longer(db, column, value):
    person = sign_in_as(db, "practitioner")
    changed(db, person, column, value)

    with pytest.raises(ForbiddenError):
        requester(db, person.user_id, "incident.create")


def test_lists_are_asked_for_once_where_a_transaction_remembers(db, lead):
    asked = []
    with db.read(lead) as session:
        remember(session)
        event.listen(session.get_bind(), "before_cursor_execute", lambda *_: asked.append(1))
        found = [places.unknown_harms(session, ["KNIFE", code]) for code in "ABA"]

    assert found == [["A"], ["B"], ["A"]]
    assert len(asked) == 1
