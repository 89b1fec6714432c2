"""The page of benchmarks is what was measured, and says what is missed."""

import json
from pathlib import Path

import pytest

from tests.perf import page, run
from tests.perf.bench_curve import exponent
from tests.perf.goals import GOALS, Goal, Must
from tests.perf.run import NAMES, main, timed

ROW = {"bench": "geo", "on": "2026-01-02", "machine": "2 cores", "name": "P1 thing", "value": 2.0}
ROW |= {"unit": "CPU s", "peer": "other", "peer_value": 9.0, "ratio": 4.5, "peak_mb": 300}


def test_the_page_is_made_of_the_rows_that_were_kept() -> None:
    assert page.PAGE.read_text() == page.page(page.kept())


def test_every_promise_was_measured_and_every_benchmark_is_on_the_page() -> None:
    rows = page.kept()
    assert [goal.number for goal in GOALS] == [f"P{n}" for n in range(1, 15)]
    assert not [
        f"{goal.number}: {must}" for goal in GOALS for must in goal.musts if not must.of(rows)
    ]
    assert {row["bench"] for row in rows} == set(NAMES)


def test_what_is_missed_has_its_reason() -> None:
    rows = page.kept()
    missed = [g for g in GOALS if any(not m.holds(v) for m in g.musts for v in m.of(rows))]
    assert not [goal.number for goal in missed if not goal.why]


@pytest.mark.parametrize(
    ("must", "verdict"),
    [
        (Must("P1 ", "value", most=2), "met"),
        (Must("P1 ", "value", most=1.9), "**missed**"),
        (Must("P1 ", "ratio", least=4.5, peer="oth"), "met"),
        (Must("P1 ", "ratio", least=4.6), "**missed**"),
        (Must("P1 ", "ratio", least=1, peer="another"), "-"),
    ],
)
def test_a_promise_is_met_missed_or_not_measured(
    must: Must, verdict: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "GOALS", (Goal("P1", "thing", (must,), "It is slow."),))
    told = page.page([ROW])
    assert f"| {verdict} |" in told
    assert ("P1: It is slow." in told) == (verdict == "**missed**")
    assert "| P1 thing | 2 CPU s | other | 9 | 4.5 | peak mb 300 |" in told


def test_rows_of_a_benchmark_replace_its_former_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "KEPT", tmp_path / "results.jsonl")
    monkeypatch.setattr(page, "PAGE", tmp_path / "page.md")
    page.keep("map", [ROW | {"bench": "map"}])
    page.keep("geo", [ROW] * 2)
    page.keep("geo", [ROW | {"value": 3.0, "on": "2026-01-03"}])
    told = [json.loads(line) for line in page.KEPT.read_text().splitlines()]
    assert [(row["bench"], row["value"], row["on"]) for row in told] == [
        ("geo", 3.0, "2026-01-03"),
        ("map", 2.0, "2026-01-02"),
    ]
    assert page.PAGE.read_text() == page.page(told)


def test_promises_are_told_in_words() -> None:
    assert Must("P1 ", "value", most=1000).words([ROW]) == "at most 1,000 CPU s"
    assert Must("P1 ", "ratio", least=4, peer="oth").words([ROW]) == (
        "at least 4 times the peer: other"
    )
    assert Must("P1 ", "peak_mb", most=9, of_events=1000).words([ROW]) == (
        "at most 9 MB of memory, 1,000 events"
    )
    assert Must("P1 ", "ratio", least=1, said="All of it.").words([ROW]) == "All of it."


def test_each_row_says_what_has_been_taken_until_it_came() -> None:
    (told,) = timed(iter([ROW]))
    assert ROW.items() < told.items()
    assert set(told["taken"]) == {"wall_s", "cpu_s", "peak_mb", "load"}
    assert told["taken"]["peak_mb"] > 10
    assert "it took" in page.page([told])
    assert "it took" not in page.page([ROW])


def test_several_benchmarks_run_apart_and_one_that_fails_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[str] = []
    monkeypatch.setattr(run, "SHARED", tmp_path)
    monkeypatch.setattr(run, "apart", lambda name, _: ran.append(name) or int(name == "geo"))
    assert main(["geo", "scan"]) == 1
    assert main(["rhythms", "scan"]) == 0
    assert ran == ["geo", "scan", "rhythms", "scan"]


def test_the_exponent_is_the_slope_between_logarithms() -> None:
    sizes = [10**4, 10**5, 10**6]
    assert exponent(sizes, [3 * n**0.9 for n in sizes]) == pytest.approx(0.9)


def test_a_fast_run_is_not_kept(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--fast", "--keep", "geo"]) == 2
    assert "is not kept" in capsys.readouterr().err


def test_without_the_shared_data_it_is_said_what_to_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(run, "SHARED", tmp_path / "absent")
    assert main(["geo"]) == 2
    assert "say where it is by CONTEXTMAP_SHARED" in capsys.readouterr().err
