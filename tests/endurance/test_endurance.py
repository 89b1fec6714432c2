"""Nothing acknowledged is lost and nothing happens twice, whatever is killed; a long day is borne.

CONTEXTMAP_LONG_TESTS=1: twenty kills over ten minutes, and half an hour with a full disk in it.
CONTEXTMAP_ENDURANCE_SEED: another order. CONTEXTMAP_ENDURANCE_OUT: a file for the tables.
"""

import pytest

from tests.endurance import kills, soak
from tests.endurance.service import LONG, started
from tests.runtime.conftest import folder_for_a_cluster

KILLS, KILLS_MINUTES = (20, 10.0) if LONG else (3, 0.0)
AGAIN_S = 10 if LONG else 85  # beside other tests everything takes longer
SETTLED_S = 200 if LONG else 180
SOAK_S = 1_800 if LONG else 10
MOST_GROWTH = 0.05
MOST_MORE_DESCRIPTORS = 5


@pytest.fixture(scope="module")
def shared():
    """A start takes longest, so the short tests have one service."""
    with folder_for_a_cluster() as data_dir, started(data_dir) as made:
        yield made


@pytest.fixture
def stage(request):
    """Of the long ones each has a service of its own."""
    if LONG:
        with folder_for_a_cluster() as data_dir, started(data_dir) as made:
            yield made
    else:
        yield request.getfixturevalue("shared")


@pytest.fixture
def on_small_disk(request):
    if LONG:
        with (
            folder_for_a_cluster() as data_dir,
            soak.small_disk(data_dir) as mounted,
            started(data_dir) as made,
        ):
            yield made, mounted
    else:
        yield request.getfixturevalue("shared"), False


def test_a_long_day_fails_no_request_and_takes_no_more_memory(on_small_disk):
    stage, mounted = on_small_disk

    result = soak.borne(stage, SOAK_S, full_disk=mounted)

    assert result.broken == []
    assert dict(result.outside) == {}
    assert result.statuses <= kills.EXCUSED, kills.errors(stage)
    assert result.waiting == []
    assert result.verdict.holds(), result.verdict.summary()
    assert stage.post.twice() == {}
    if LONG:
        grown = {name: round(result.growth(name), 3) for name in soak.OURS}
        assert max(grown.values()) <= MOST_GROWTH, grown
        more = {name: result.more_descriptors(name) for name in ("web", "worker", "launcher")}
        assert max(more.values()) <= MOST_MORE_DESCRIPTORS, more
        assert mounted, "NOT RUN: the full disk. It needs the right to mount a file system."


def test_nothing_acknowledged_is_lost_and_nothing_happens_twice_over_kills(stage):
    result = kills.carried_out(stage, KILLS, KILLS_MINUTES, settled_s=SETTLED_S)

    assert result.broken == []
    assert result.waiting == []
    assert result.verdict.holds(), result.verdict.summary()
    assert stage.post.twice() == {}
    assert {status for *_, status in stage.tally.wrong} <= kills.EXCUSED, kills.errors(stage)
    assert result.longest_s <= AGAIN_S, result.kills
