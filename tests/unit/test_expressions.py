"""Regular expressions end soon, whatever is typed.

Each one of the programs is given texts made for it: what it repeats, over and over, and an end
that does not fit, which is where a bad one tries every way there is.
"""

import ast
import importlib
import os
import re
import time
from collections.abc import Iterable, Iterator
from itertools import product
from re import _compiler as compiler  # type: ignore[attr-defined]
from re import _constants as said  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]

import pytest

from tests.live import ROOT

# From so few that an expression that doubles with each letter still ends, to a long answer.
LENGTHS = (16, 19, 22, 25, 28, 60, 120, 250, 500, 1000)
if os.environ.get("CONTEXTMAP_LONG_TESTS"):
    LENGTHS += (2000, 4000)
LIMIT_S = 0.5  # of this thread at work, not of the clock
ANYTHING = ("a", "A", "0", " ", "a ", "A ", "-", ".", "a-", "\n")
ENDS = ("", "\x00")


def expressions() -> Iterator[tuple[str, re.Pattern]]:
    """Those of modules, and those that stand where they are used; each with its file."""
    for path in sorted([*ROOT.glob("app/**/*.py"), *ROOT.glob("geo/**/*.py")]):
        text = path.read_text()
        if not re.search(r"^import re\b|\bre\.", text, re.MULTILINE):
            continue
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        found = {*compiled(vars(importlib.import_module(name)).values()), *in_calls(text)}
        yield from ((name, one) for one in sorted(found, key=lambda one: one.pattern))


def compiled(values: Iterable) -> Iterator[re.Pattern]:
    for value in values:
        if isinstance(value, re.Pattern) and isinstance(value.pattern, str):
            yield value
        elif isinstance(value, dict):
            yield from compiled([*value, *value.values()])
        elif isinstance(value, list | tuple | set | frozenset):
            yield from compiled(value)


def in_calls(text: str) -> Iterator[re.Pattern]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("re.") and node.args:
            first = node.args[0]
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                yield re.compile(first.value)


def repeated(tree: parser.SubPattern) -> Iterator[parser.SubPattern]:
    """Every part that may come many times."""
    for code, given in tree:
        if code in (said.MAX_REPEAT, said.MIN_REPEAT) and given[1] > 9:
            yield given[2]
        for part in parts(given):
            yield from repeated(part)


def parts(given: object) -> Iterator[parser.SubPattern]:
    if isinstance(given, parser.SubPattern):
        yield given
    elif isinstance(given, list | tuple):
        for each in given:
            yield from parts(each)


def example(tree: parser.SubPattern) -> str:
    """A text that this part fits, or nearly."""
    return "".join(example_of(tree, code, given) for code, given in tree)


def example_of(tree: parser.SubPattern, code: object, given) -> str:
    if code is said.LITERAL:
        return chr(given)
    if code in (said.ANY, said.NOT_LITERAL, said.IN):
        letter = compiler.compile(parser.SubPattern(tree.state, [(code, given)]))
        return next((each for each in map(chr, range(97, 400)) if letter.fullmatch(each)), " ")
    if code in (said.MAX_REPEAT, said.MIN_REPEAT, said.POSSESSIVE_REPEAT):
        return example(given[2]) * max(given[0], 1)
    if code is said.BRANCH:
        return example(given[1][0])
    return "".join(example(part) for part in parts(given)) if code in GROUPS else ""


GROUPS = (said.SUBPATTERN, said.ATOMIC_GROUP)


def texts(one: re.Pattern, length: int) -> Iterator[str]:
    tree = parser.parse(one.pattern, one.flags & ~re.DEBUG)
    own = {example(part) for part in repeated(tree)} - {""}
    for begin, again, end in product(("", example(tree)), sorted({*own, *ANYTHING}), ENDS):
        yield begin + again * (length // len(again) + 1) + end


def slowest(one: re.Pattern, limit_s: float = LIMIT_S) -> tuple[float, str]:
    """Seconds and the text, which is the first one that is over the limit when one is."""
    found = (0.0, "")
    for length in LENGTHS:
        for text in texts(one, length):
            began_s = time.thread_time()
            one.search(text)
            found = max(found, (time.thread_time() - began_s, text))
            if found[0] > limit_s:
                return found
    return found


@pytest.mark.asvs("1.3.12")
def test_no_expression_of_the_programs_takes_long_over_any_text():
    every = [*expressions()]
    slow = {
        f"{name}: {one.pattern[:80]}": (took_s, text[:40])
        for name, one in every
        for took_s, text in [slowest(one)]
        if took_s > LIMIT_S
    }

    assert len(every) > 100
    assert slow == {}


@pytest.mark.parametrize(
    "bad", [r"(a+)+$", r"(a|a)*$", r"(\w+\s?)*$", r"^(\d+,?)+;", r"(.*)*x", r"a*a*a*b"]
)
def test_one_that_tries_every_way_is_found(bad):
    assert slowest(re.compile(bad), 0.1)[0] > 0.1
