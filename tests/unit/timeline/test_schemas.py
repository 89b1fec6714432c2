"""Rows of a timeline in words."""

import pytest

from app.core import clock
from app.places.life_models import PlaceStateChange
from app.timeline.schemas import RowOut


@pytest.mark.parametrize(
    ("before", "state", "words", "said"),
    [
        (None, "PROPOSED", "proposed", "Proposed"),
        (None, "PLAN_ACTIVE", "plan active", "Plan active"),
        ("SCREENED", "IDENTIFIED", "identified", "Became identified"),
    ],
)
def test_the_first_state_of_a_place_is_said_as_it_was(before, state, words, said):
    change = PlaceStateChange(from_state=before, to_state=state, at=clock.now())

    assert RowOut.of_state(change, words).words == said
