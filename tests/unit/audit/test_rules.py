import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.audit.rules import COLUMNS, Event, Seal, Tree, canonical, leaf

EVENT = Event(
    action="child.read",
    actor="00000000-0000-4000-8000-000000000001",
    agency="AFC",
    at=1_790_000_000_123_456,
    era=1,
    id=7,
    object_ref="CH-7K3M9Q2",
    object_type="child",
    outcome="done",
    purpose="CASE_WORK",
    regime="UK_GDPR",
    role="practitioner",
    rows=3,
    xid=812,
    salt=bytes(range(32)),
    detail='{"role": "é"}',
)
SEAL = Seal(
    n=2, era=1, lo=700, hi=813, events=5, root=b"r" * 32, previous=b"p" * 32, hash=b"h" * 32
)


def hashed(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def root_by_levels(leaves):
    """Level by level, as the design writes it: pairs hashed, an odd last node promoted."""
    level = leaves
    while len(level) > 1:
        pairs = [hashed(b"\x01", a, b) for a, b in zip(level[::2], level[1::2], strict=False)]
        level = pairs + ([level[-1]] if len(level) % 2 else [])
    return level[0]


def test_an_event_is_written_as_json_with_sorted_names_and_no_spaces():
    written = canonical(EVENT)

    assert written.decode() == (
        '{"action":"child.read","actor":"00000000-0000-4000-8000-000000000001","agency":"AFC",'
        '"at":1790000000123456,"era":1,"id":7,"object_ref":"CH-7K3M9Q2","object_type":"child",'
        '"outcome":"done","purpose":"CASE_WORK","regime":"UK_GDPR","role":"practitioner",'
        '"rows":3,"xid":812}'
    )


def test_the_columns_are_those_of_the_event_in_the_order_of_their_names():
    assert list(COLUMNS) == sorted(COLUMNS)
    assert Event._fields == (*COLUMNS, "salt", "detail")


@pytest.mark.asvs("11.4.3")
def test_a_leaf_stays_what_it_was_in_every_version():
    """Written down, because whoever changes it breaks every seal there is."""
    known = "b12dd9935074fdef231be534c9e68013b8920a620dac3af85499814cbc8af6e9"

    assert leaf(EVENT).hex() == known


def test_a_leaf_holds_the_columns_and_the_salted_detail():
    detail = hashed(EVENT.salt, EVENT.detail.encode())

    assert leaf(EVENT) == hashed(b"\x00", canonical(EVENT), detail)


@pytest.mark.parametrize("column", Event._fields)
def test_any_changed_column_changes_the_leaf(column):
    old = getattr(EVENT, column)
    new = {int: lambda: old + 1, str: lambda: old + " ", bytes: lambda: bytes(32)}[type(old)]()

    assert leaf(EVENT._replace(**{column: new})) != leaf(EVENT)


@pytest.mark.parametrize(
    "column", ["actor", "agency", "object_ref", "purpose", "regime", "salt", "detail"]
)
def test_an_emptied_column_changes_the_leaf(column):
    assert leaf(EVENT._replace(**{column: None})) != leaf(EVENT)


def test_an_erased_detail_leaves_the_leaf_as_it_was():
    erased = EVENT._replace(salt=hashed(EVENT.salt, EVENT.detail.encode()), detail=None)

    assert leaf(erased) == leaf(EVENT)


def test_two_events_without_detail_differ_by_their_salt():
    bare = EVENT._replace(detail=None)

    assert leaf(bare) != leaf(bare._replace(salt=bytes(32)))


@given(st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=70))
def test_the_tree_fed_leaf_by_leaf_has_the_root_of_the_tree_built_level_by_level(leaves):
    tree = Tree()

    for node in leaves:
        tree.add(node)

    assert tree.root() == root_by_levels(leaves)
    assert tree.count == len(leaves)


@given(st.lists(st.binary(min_size=32, max_size=32), min_size=2, max_size=20, unique=True))
def test_the_order_of_the_leaves_matters(leaves):
    tree, turned = Tree(), Tree()

    for there, back in zip(leaves, reversed(leaves), strict=True):
        tree.add(there)
        turned.add(back)

    assert tree.root() != turned.root()


def test_a_seal_hashes_its_place_its_window_its_events_and_the_seal_before():
    numbers = b"".join(n.to_bytes(8, "big") for n in (2, 1, 700, 813, 5))

    assert SEAL.expected_hash() == hashed(b"\x02", numbers, SEAL.root, SEAL.previous)


@pytest.mark.parametrize("column", ["n", "era", "lo", "hi", "events", "root", "previous"])
def test_any_changed_column_of_a_seal_changes_its_hash(column):
    old = getattr(SEAL, column)
    new = old + 1 if isinstance(old, int) else bytes(32)

    assert SEAL._replace(**{column: new}).expected_hash() != SEAL.expected_hash()


def test_a_forged_seal_with_a_number_below_zero_is_read_all_the_same():
    assert SEAL._replace(events=-1).expected_hash() != SEAL.expected_hash()
