"""The safety scale before and now: who has a line, and where the dots are."""

from datetime import date
from uuid import UUID

from app.outcomes.sides import Score, board

DAY = date(2026, 3, 3)


def said(party, score, n=9):
    return Score(UUID(int=score), party, n, score, DAY, "", "")


def test_children_and_guardians_have_a_line_also_unheard_and_others_once_they_spoke():
    found = board([said("POLICE", 7)], [said("SCHOOL", 2)])

    assert [side.words for side in found.sides] == [
        "Children: not asked yet",
        "Parents and carers: not asked yet",
        "Place manager: not asked yet",
        "Residents: not asked yet",
        "Youth work: not asked yet",
        "School: not asked before, 2 now",
        "Police: 7 before, not asked again yet",
    ]
    assert [side.is_child for side in found.sides] == [True] + [False] * 6
    assert [len(lane.dots) for lane in found.lanes] == [0] * 5 + [1, 1]


def test_before_and_now_are_joined_and_groups_are_never_averaged():
    found = board([said("CHILDREN", 3)], [said("CHILDREN", 6)])
    groups = board([said("CHILDREN", 3)], [said("CHILDREN", 2), said("CHILDREN", 8, n=7)])
    same = board([said("CHILDREN", 3)], [said("CHILDREN", 3)])

    assert found.lanes[0].way == (204.0, 378.0)
    assert [dot.now for dot in found.lanes[0].dots] == [False, True]
    assert groups.sides[0].words == "Children: 3 before, 2 and 8 now"
    assert groups.lanes[0].way is None
    assert (found.sides[0].few, groups.sides[0].few) == (False, True)
    assert same.lanes[0].way is None
    assert found.lanes[0].dots[0].radius > board([], [said("POLICE", 1)]).lanes[-1].dots[0].radius
