"""The page of benchmarks, made of the rows that were kept: docs/operator/benchmarks.md."""

import ast
import json
import os
import platform
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tests.perf.goals import GOALS, Goal, Must, Row

HERE = Path(__file__).parent
KEPT = HERE / "results.jsonl"
PAGE = HERE.parents[1] / "docs/operator/benchmarks.md"
HEAD = """# Benchmarks

Made by `scripts/bench --keep` from the rows in `tests/perf/results.jsonl`; change neither by hand.
Each figure stands beside its peer in the same run. CPU seconds are user and system of one core;
ratios hold on other machines, times do not. A median of three runs, where the benchmark does not
say otherwise. What the figures rest on and what was changed because of them:
[speed](performance.md).

{machines}

## Goals
"""


def keep(name: str, rows: Sequence[Row]) -> None:
    """Put the rows of one benchmark in place of those it gave before."""
    others = [row for row in kept() if row["bench"] != name]
    every = sorted([*others, *rows], key=lambda row: str(row["bench"]))
    KEPT.write_text("".join(json.dumps(row) + "\n" for row in every))
    PAGE.write_text(page(every))


def kept() -> list[Row]:
    if not KEPT.exists():
        return []
    return [json.loads(line) for line in KEPT.read_text().splitlines()]


def machine() -> str:
    """What it was measured on, without its name."""
    info = Path("/proc/cpuinfo").read_text().splitlines()
    models = [line.partition(":")[2].strip() for line in info if line.startswith("model name")]
    kib = int(Path("/proc/meminfo").read_text().split()[1])
    cores = len(os.sched_getaffinity(0))
    return (
        f"{cores} cores of {models[0] if models else platform.machine()}, "
        f"{round(kib / 1048576)} GB, Python {platform.python_version()}"
    )


def page(rows: Sequence[Row]) -> str:
    days: dict[str, set[str]] = {}
    for row in rows:
        days.setdefault(row["machine"], set()).add(row["on"])
    machines = "\n".join(
        f"Measured on {' and '.join(sorted(found))}: {of}." for of, found in sorted(days.items())
    )
    parts = [HEAD.format(machines=machines), *_goals(rows), *_benches(rows)]
    return "\n".join(parts).rstrip() + "\n"


def _goals(rows: Sequence[Row]) -> Iterator[str]:
    yield "| goal | promised | measured | verdict |\n|---|---|---|---|"
    for goal in GOALS:
        said = f"{goal.number} {goal.what}"
        for must in goal.musts:
            found = must.of(rows)
            yield f"| {said} | {must.words(rows)} | {_measured(found)} | {_verdict(must, found)} |"
            said = ""
    missed = [goal for goal in GOALS if goal.why and _is_missed(goal, rows)]
    yield ""
    yield from (f"{goal.number}: {goal.why}\n" for goal in missed)


def _is_missed(goal: Goal, rows: Sequence[Row]) -> bool:
    return any(not must.holds(value) for must in goal.musts for value in must.of(rows))


def _measured(found: Sequence[float]) -> str:
    """The same figure stands beside each of several peers."""
    return ", ".join(dict.fromkeys(map(_number, found))) or "not measured"


def _verdict(must: Must, found: Sequence[float]) -> str:
    if not found:
        return "-"
    return "met" if all(map(must.holds, found)) else "**missed**"


def _benches(rows: Sequence[Row]) -> Iterator[str]:
    shown = ("name", "value", "unit", "peer", "peer_value", "ratio", "bench", "on", "machine",
             "taken")  # fmt: skip
    for name in sorted({row["bench"] for row in rows}):
        yield f"## {name}\n\n{_about(name, rows)}\n"
        yield "| what | measured | peer | its figure | times | beside it |"
        yield "|---|---|---|---|---|---|"
        for row in rows:
            if row["bench"] == name:
                rest = {key: value for key, value in row.items() if key not in shown}
                cells = (
                    row["name"],
                    f"{_number(row['value'])} {row['unit']}",
                    row["peer"] or "",
                    _number(row["peer_value"]),
                    _number(row["ratio"]),
                    _rest(rest),
                )
                yield f"| {' | '.join(cells)} |"
        yield ""


def _about(name: str, rows: Sequence[Row]) -> str:
    """First words of the benchmark's file, and what the whole of it took."""
    tree = ast.parse((HERE / f"bench_{name}.py").read_text())
    said = (ast.get_docstring(tree) or "").partition("\n\n")[0].replace("\n", " ")
    last = [row for row in rows if row["bench"] == name][-1]
    if taken := last.get("taken"):
        said += (
            f"\n\nOn {last['on']} it took {_number(taken['wall_s'])} s, {_number(taken['cpu_s'])} "
            f"CPU s and at most {_number(taken['peak_mb'])} MB, servers left out; "
            f"load {_number(taken['load'])} at its end."
        )
    return said


def _rest(more: Row) -> str:
    said = (f"{key.replace('_', ' ')} {_number(value)}" for key, value in more.items())
    return "; ".join(said)


def _number(value: Any) -> str:
    """Four figures that count; a whole number with its thousands."""
    if value is None:
        return ""
    if isinstance(value, bool | str):
        return str(value)
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_number(of)}" for key, of in value.items())
    if isinstance(value, list):
        return ", ".join(map(_number, value))
    if isinstance(value, int) or (float(value).is_integer() and abs(value) < 1e15):
        return f"{int(value):,}"
    return f"{value:.4g}"
