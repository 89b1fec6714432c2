"""The pages of the public form that are made without a database."""

import pytest

from app.core import closed
from app.core.partnership import partnership
from app.core.settings import Settings

OURS = partnership(Settings().partnership)


@pytest.mark.parametrize("code", closed.WORDS)
def test_each_problem_of_the_form_has_its_page(code):
    status, title, _ = closed.WORDS[code]

    page = closed.problem(OURS, code)

    assert page.status_code == status
    assert title in page.body.decode()
    assert OURS.contact_email in page.body.decode()


def test_a_partnership_with_names_of_its_own_has_them_too():
    other = OURS.model_copy(update={"name": "Another", "meeting_names": {"MARVE": "Panel"}})

    assert "Another" not in closed.problem(OURS, "busy").body.decode()
    assert closed.problem(other, "busy").status_code == 503
