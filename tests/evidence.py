"""Which test shows which demand of security, and the document that says so.

Demands stand in two tables beside this file: the items of the OWASP Application Security
Verification Standard 5.0.0 that were chosen (their numbers, in our own words), and the goals and
threats of our own. Tests say by a mark what they show: `@pytest.mark.asvs("8.2.2")`.

    python -m tests.evidence        writes docs/operator/security-evidence.md
"""

import ast
import csv
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
DOCUMENT = ROOT / "docs/operator/security-evidence.md"
TESTED = "tested"
# What stands instead of a test, and needs a reason.
ARGUED = ("document", "not applicable", "operator", "accepted")
CHAPTERS = {
    1: "Encoding",
    2: "Validation and steps of work",
    3: "Web pages",
    4: "HTTP and programs",
    5: "Files",
    6: "Signing in",
    7: "Sessions",
    8: "Rights",
    9: "Self-contained tokens",
    10: "OAuth and OpenID Connect",
    11: "Cryptography",
    12: "Transport",
    13: "Configuration",
    14: "Data",
    15: "Code and components",
    16: "Logs and failures",
    17: "WebRTC",
}


class Item(NamedTuple):
    """One row of the standard: `shown` is TESTED or one of ARGUED."""

    id: str
    level: int
    asks: str
    shown: str
    because: str

    @property
    def order(self) -> tuple[int, ...]:
        return tuple(int(part) for part in self.id.split("."))


class Goal(NamedTuple):
    """One of our own: tests as `path` or `path::name`, and what they measured or ask for."""

    id: str
    asks: str
    tests: tuple[str, ...]
    figure: str


def rows(name: str) -> list[dict[str, str]]:
    with (ROOT / "tests" / name).open(newline="") as file:
        return list(csv.DictReader(file))


def items() -> list[Item]:
    return [Item(**row | {"level": int(row["level"])}) for row in rows("asvs.csv")]


def goals() -> list[Goal]:
    return [Goal(**row | {"tests": tuple(row["tests"].split())}) for row in rows("goals.csv")]


@cache
def tests_of(path: Path) -> frozenset[str]:
    """Names of the tests in a file."""
    found = ast.parse(path.read_text()).body
    return frozenset(n.name for n in found if isinstance(n, ast.FunctionDef) and is_test(n.name))


def is_test(name: str) -> bool:
    return name.startswith("test_")


def marks(nodes: list[ast.expr]) -> list[str]:
    """The numbers in `pytest.mark.asvs(...)` among these."""
    calls = [n for node in nodes for n in ast.walk(node) if isinstance(n, ast.Call)]
    return [
        str(given.value) if isinstance(given, ast.Constant) else ast.unparse(given)
        for call in calls
        if ast.unparse(call.func) == "pytest.mark.asvs"
        for given in call.args
    ]


def tags_in(text: str) -> dict[str, list[str]]:
    """Numbers by the name of the function that bears them; a mark of a whole file is of each."""
    module = ast.parse(text)
    whole, found = [], defaultdict(list)
    for node in module.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "pytestmark":
            whole = marks([node.value])
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found[node.name] += marks(node.decorator_list)
    return {name: own + (whole if is_test(name) else []) for name, own in found.items()}


@cache
def tags() -> dict[str, tuple[str, ...]]:
    """The tests that bear each number."""
    found = defaultdict(list)
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        text = path.read_text()
        if "mark.asvs" not in text:
            continue
        for name, numbers in tags_in(text).items():
            for number in numbers:
                found[number].append(f"{path.relative_to(ROOT)}::{name}")
    return {number: tuple(names) for number, names in found.items()}


def wrong_with(listed: list[Item], shown: dict[str, tuple[str, ...]]) -> list[str]:
    """Each demand that is neither shown nor argued, and each mark that means nothing."""
    known = {item.id: item for item in listed}
    found = [f"{n} is marked and not listed" for n in shown if n not in known]
    for number, names in shown.items():
        found += [
            f"{n}: {name} is no test"
            for n, name in ((number, n) for n in names)
            if not is_test(name.rpartition("::")[2])
        ]
    for item in listed:
        found += wrong_item(item, marked=item.id in shown)
    return found


def wrong_item(item: Item, *, marked: bool) -> list[str]:
    if item.shown == TESTED:
        return [] if marked else [f"{item.id} is called tested and no test bears its mark"]
    if item.shown not in ARGUED:
        return [f"{item.id} is {item.shown!r}, which means nothing"]
    if marked:
        return [f"{item.id} is {item.shown} and a test bears its mark"]
    return [] if len(item.because) >= 5 else [f"{item.id} has no reason"]


def written() -> str:
    """The document."""
    listed, shown = items(), tags()
    tested = sum(item.shown == TESTED for item in listed)
    counts = "\n".join(counted(number, listed) for number in CHAPTERS)
    chapters = "\n\n".join(chapter(number, listed, shown) for number in CHAPTERS)
    own = goals()
    return f"""{HEAD}
## Goals

{table(own, "G", "goal")}

## Threats

{table(own, "T", "threat")}

{table(own, "S", "test of a threat")}

## The standard, chapter by chapter

{len(listed)} items are listed: all of levels 1 and 2, and those of level 3 that were chosen.
A test shows {tested} of them.

| chapter | items | a test | a document | not applicable | operator | accepted |
|---|---|---|---|---|---|---|
{counts}

{chapters}
"""


def counted(number: int, listed: list[Item]) -> str:
    of_it = [item for item in listed if item.order[0] == number]
    each = [sum(item.shown == kind for item in of_it) for kind in (TESTED, *ARGUED)]
    return f"| V{number} {CHAPTERS[number]} | {len(of_it)} | {' | '.join(map(str, each))} |"


def chapter(number: int, listed: list[Item], shown: dict[str, tuple[str, ...]]) -> str:
    lines = [
        f"| {item.id} | {item.level} | {item.asks} | {evidence(item, shown)} |"
        for item in sorted(listed, key=lambda item: item.order)
        if item.order[0] == number
    ]
    head = (
        f"### V{number} {CHAPTERS[number]}\n\n| item | level | what is asked | how it is known |\n"
    )
    return head + "|---|---|---|---|\n" + "\n".join(lines)


def evidence(item: Item, shown: dict[str, tuple[str, ...]]) -> str:
    if item.shown == TESTED:
        return "; ".join(spoken(name) for name in shown[item.id])
    return f"**{item.shown}**: {item.because}"


def spoken(name: str) -> str:
    """A file and the sentence of its test."""
    path, _, test = name.partition("::")
    return f"`{path}`" + (f" {test.removeprefix('test_').replace('_', ' ')}" if test else "")


def table(own: list[Goal], kind: str, what: str) -> str:
    lines = [
        f"| {g.id} | {g.asks} | {'; '.join(spoken(name) for name in g.tests)} | {g.figure} |"
        for g in own
        if g.id.startswith(kind)
    ]
    return f"| id | {what} | shown by | figure |\n|---|---|---|---|\n" + "\n".join(lines)


HEAD = """# Evidence of security

Made by `python -m tests.evidence` from the marks of the tests and two tables (`tests/asvs.csv`,
`tests/goals.csv`); a test compares. Each line holds while its tests are green. Numbers are those of
the OWASP Application Security Verification Standard 5.0.0, words are ours: read the standard for
what it says. *Operator* is what you must see to; *accepted* is a risk that is known and taken;
*document* is read by people and shown by no test. A long test runs with `CONTEXTMAP_LONG_TESTS=1`;
without it a shorter one goes the same way.
"""

if __name__ == "__main__":
    DOCUMENT.write_text(written())
