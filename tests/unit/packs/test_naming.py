"""What a place is called in a pack, and what is said of a home."""

from types import SimpleNamespace

import pytest

from app.packs import naming

HOME = SimpleNamespace(ref="PL-7K2-Q4MT", name="12 Synthetic Road", sensitivity="RESIDENTIAL",
                       borough_codes=["E09000021"], tier="H1")  # fmt: skip


def test_a_home_is_its_reference_whatever_it_was_called():
    assert naming.called(HOME) == "Address PL-7K2-Q4MT"
    assert naming.about(HOME)["home"]


@pytest.mark.parametrize(
    "said",
    [
        "The lock of the block is mended.",
        "Neighbours on Synthetic Road look in.",
        "Someone from floor 3 helps.",
        "Ask at KT1 1AA.",
        "The lift of Synthetic Gardens works again.",
    ],
)
def test_of_a_home_nothing_is_said_that_leads_there(said):
    assert naming.sayable([said], home=True) == []


def test_of_other_places_a_street_may_be_named_and_a_child_may_not():
    kept = naming.sayable(["Lights in Synthetic Road are mended.", "Two boys, 13, sit here."],
                          home=False)  # fmt: skip

    assert kept == ["Lights in Synthetic Road are mended."]
