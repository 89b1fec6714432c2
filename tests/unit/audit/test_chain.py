"""Chains and events in memory; each way that they can be wrong, and where it is told."""

import random

import pytest

from app.audit.chain import Pruning, check_ahead, check_future, examine
from app.audit.rules import START, Event, Seal, Tree, leaf


def event(number, *, era=1, xid=None):
    return Event(
        *("place.create", None, None, number, era, number, f"PL-{number}", "place", "done"),
        *(None, "UK_GDPR", "practitioner", 1, number if xid is None else xid, bytes(32), None),
    )


def sealed(*windows):
    """A chain over windows of (era, lo, hi, events)."""
    chain, previous = [], START
    for n, (era, lo, hi, events) in enumerate(windows, start=1):
        tree = Tree()
        for one in events:
            tree.add(leaf(one))
        bare = Seal(n, era, lo, hi, len(events), tree.root(), previous, b"")
        chain.append(bare._replace(hash=bare.expected_hash()))
        previous = chain[-1].hash
    return chain


EVENTS = [event(number) for number in range(1, 31)]
CHAIN = sealed(
    (1, 0, 11, EVENTS[:10]),
    (1, 11, 21, EVENTS[10:20]),
    (1, 21, 31, EVENTS[20:]),
)


def codes(verdict):
    return {problem.code for problem in verdict.problems}


def test_an_untouched_chain_holds():
    verdict = examine(CHAIN, iter(EVENTS))

    assert verdict.holds
    assert (verdict.seals, verdict.events, verdict.unsealed) == (3, 30, 0)
    assert verdict.last == CHAIN[-1]


def test_events_after_the_last_seal_are_counted_as_not_sealed_yet():
    verdict = examine(CHAIN, iter([*EVENTS, event(31), event(32)]))

    assert verdict.holds
    assert verdict.unsealed == 2


def test_without_a_seal_nothing_is_broken_and_nothing_proven():
    verdict = examine([], iter(EVENTS))

    assert verdict.holds
    assert (verdict.events, verdict.unsealed) == (0, 30)


def test_events_of_one_transaction_lie_in_the_order_of_their_ids():
    pair = [event(1, xid=5), event(2, xid=5)]
    chain = sealed((1, 0, 6, pair))

    assert examine(chain, iter(pair)).holds
    assert codes(examine(chain, iter(pair[::-1]))) == {"events-changed"}


@pytest.mark.parametrize("where", [0, 14, 29])
def test_a_changed_event_is_found_under_its_seal(where):
    events = list(EVENTS)
    events[where] = events[where]._replace(role="cs_lead")

    verdict = examine(CHAIN, iter(events))

    assert codes(verdict) == {"events-changed"}
    assert verdict.first_broken == 1 + where // 10


@pytest.mark.parametrize("where", [0, 14, 29])
def test_a_missing_event_is_found_and_counted(where):
    events = [*EVENTS[:where], *EVENTS[where + 1 :]]

    verdict = examine(CHAIN, iter(events))

    assert [(p.code, p.words) for p in verdict.problems] == [
        ("events-missing", f"1 event is missing under seal {1 + where // 10}.")
    ]


def test_all_events_of_a_seal_gone():
    verdict = examine(CHAIN, iter(EVENTS[10:]))

    assert [p.words for p in verdict.problems] == ["10 events are missing under seal 1."]


def test_an_event_that_came_late_into_a_sealed_window_is_found():
    late = event(99, xid=15)

    verdict = examine(CHAIN, iter([*EVENTS[:15], late, *EVENTS[15:]]))

    assert [(p.code, p.seal) for p in verdict.problems] == [("events-added", 2)]


def test_a_missing_seal_breaks_the_chain_after_it():
    verdict = examine([CHAIN[0], CHAIN[2]], iter(EVENTS))

    assert codes(verdict) == {"seal-missing", "chain-broken", "window-gap", "events-outside"}
    assert verdict.first_broken == 2


def test_a_missing_first_seal_is_found():
    verdict = examine(CHAIN[1:], iter(EVENTS))

    assert verdict.first_broken == 1


@pytest.mark.parametrize("column", ["era", "lo", "hi", "events", "root", "previous", "hash"])
def test_a_changed_seal_is_found(column):
    old = getattr(CHAIN[1], column)
    changed = CHAIN[1]._replace(**{column: old + 1 if isinstance(old, int) else bytes(32)})

    verdict = examine([CHAIN[0], changed, CHAIN[2]], iter(EVENTS))

    assert "seal-changed" in codes(verdict)
    assert verdict.first_broken == 2


def test_a_seal_hashed_anew_no_longer_leads_to_the_next():
    events = [EVENTS[0]._replace(rows=2), *EVENTS[1:]]
    forged = sealed((1, 0, 11, events[:10]))

    verdict = examine([*forged, *CHAIN[1:]], iter(events))

    assert [(p.code, p.seal) for p in verdict.problems] == [("chain-broken", 2)]


def test_a_gap_between_windows_is_found_though_every_hash_is_right():
    chain = sealed((1, 0, 11, EVENTS[:10]), (1, 12, 21, EVENTS[11:20]))

    verdict = examine(chain, iter([*EVENTS[:10], *EVENTS[11:20]]))

    assert [(p.code, p.seal) for p in verdict.problems] == [("window-gap", 2)]


def test_numbers_of_transactions_begin_again_with_an_era():
    second = [event(number, era=2, xid=number - 30) for number in range(31, 36)]
    chain = sealed((1, 0, 31, EVENTS), (2, 0, 9, second))

    verdict = examine(chain, iter([*EVENTS, *second]))

    assert verdict.holds
    assert verdict.eras == [1, 2]


def test_no_era_ends_before_an_earlier_one():
    second = [event(31, era=2, xid=3)]
    chain = sealed((2, 0, 9, second), (1, 0, 31, EVENTS))

    verdict = examine(chain, iter([*EVENTS, *second]))

    assert "window-gap" in codes(verdict)


def test_an_event_of_an_era_that_was_closed_is_found():
    second = [event(31, era=2, xid=3)]
    chain = sealed((1, 0, 31, EVENTS), (2, 0, 9, second))
    late = event(32, xid=40)

    verdict = examine(chain, iter([*EVENTS, late, *second]))

    assert [(p.code, p.seal) for p in verdict.problems] == [("events-outside", 2)]


@pytest.mark.parametrize(
    ("newest", "found"),
    [(None, 0), ((1, 99), 0), ((1, 100), 1), ((2, 5), 1)],
)
def test_an_event_of_a_transaction_that_has_not_begun_is_found(newest, found):
    verdict = examine(CHAIN, iter(EVENTS))

    check_future(verdict, newest, era=1, xid=100)

    assert verdict.found == found


def test_many_problems_are_all_counted_and_a_hundred_kept():
    many = [event(number) for number in range(1, 301)]
    chain = sealed(*((1, number, number + 1, [one]) for number, one in enumerate(many, start=1)))
    chain[0] = chain[0]._replace(lo=0)

    verdict = examine(chain, iter([one._replace(rows=9) for one in many]))

    assert verdict.found >= 300
    assert len(verdict.problems) == 100


def test_random_pairs_that_change_places_are_found():
    draw = random.Random(5)
    for _ in range(200):
        a, b = sorted(draw.sample(range(30), 2))
        events = list(EVENTS)
        events[a] = EVENTS[b]._replace(id=EVENTS[a].id, xid=EVENTS[a].xid)
        events[b] = EVENTS[a]._replace(id=EVENTS[b].id, xid=EVENTS[b].xid)

        assert not examine(CHAIN, iter(events)).holds


@pytest.mark.parametrize(
    ("pruning", "left", "codes_"),
    [
        (Pruning(1, before=12), EVENTS[10:], set()),
        (Pruning(1, before=11), EVENTS[10:], {"pruned-early"}),
        (Pruning(1, before=12, anchored=1), EVENTS[10:], set()),
        (Pruning(1, before=12, anchored=0), EVENTS[10:], {"pruned-early"}),
        (Pruning(2, before=31, anchored=2), [*EVENTS[:10], *EVENTS[20:]], {"events-missing"}),
        (Pruning(1, before=31, anchored=3), EVENTS[20:], {"events-missing"}),
        (Pruning(3, before=31), [], {"pruned-early"}),
    ],
)
def test_events_that_are_gone_were_pruned_only_as_far_as_something_shows_it(pruning, left, codes_):
    assert codes(examine(CHAIN, iter(left), pruning=pruning)) == codes_


def test_events_that_are_dated_ahead_are_counted():
    verdict = examine(CHAIN, iter(EVENTS))

    check_ahead(verdict, 0)
    assert verdict.holds
    check_ahead(verdict, 2)
    assert [p.words for p in verdict.problems] == ["2 events are dated after this moment."]
