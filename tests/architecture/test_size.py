"""The size bar of house style: small files, short functions, few arguments."""

import ast
from pathlib import Path
from statistics import median

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted([*ROOT.glob("app/**/*.py"), *ROOT.glob("geo/**/*.py")])


def lines_of(path):
    return [line for line in path.read_text().splitlines() if line.strip()]


def functions(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            if body:
                yield node.name, body[-1].end_lineno - body[0].lineno + 1


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_file_fits_in_a_head(path):
    assert len(lines_of(path)) <= 250


def test_functions_are_short():
    lengths = sorted(length for path in FILES for _, length in functions(path))

    assert median(lengths) <= 10
    assert lengths[int(len(lengths) * 0.9)] <= 30


def test_there_is_no_drawer_for_odds_and_ends():
    assert not [path for path in FILES if path.stem in {"utils", "helpers", "common", "misc"}]
