"""Every command of `contextmap` with its arguments: docs/commands.md."""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from app.cli import parser

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "commands.md"
GUIDE = ROOT / "docs" / "api.md"
EVERYWHERE = {"help", "json", "data_dir"}
HEAD = """# Commands

Made by `.venv/bin/python -m tests.documents` from the parser of `contextmap`; a test compares. Do
not edit this page. What each prints with `--json` is in [the guide for programs](api.md).

Every command takes `--json` (one JSON document on standard output) and `--data-dir DIR`. Exit
codes: 0 done, 1 refused or failed with a reason, 2 wrong usage.
"""


class Command(NamedTuple):
    """One command, whole: `audit verify`."""

    name: str
    words: str
    arguments: tuple[argparse.Action, ...]


def commands(whole: argparse.ArgumentParser | None = None) -> list[Command]:
    """All of them, in the order of the parser."""
    return list(_below(whole or parser(), (), ""))


def _below(inner: argparse.ArgumentParser, names: tuple[str, ...], words: str) -> Iterator[Command]:
    branches = [a for a in inner._actions if isinstance(a, argparse._SubParsersAction)]
    if not branches:
        own = [action for action in inner._actions if action.dest not in EVERYWHERE]
        yield Command(" ".join(names), words, tuple(own))
    for branch in branches:
        said = {choice.dest: choice.help or "" for choice in branch._choices_actions}
        for name, below in branch.choices.items():
            yield from _below(below, (*names, name), said.get(name, ""))


def undocumented(found: list[Command], guide: str) -> list[str]:
    """Commands that docs/api.md does not name, or that say nothing in `--help`."""
    return [
        *(f"{one.name}: docs/api.md does not name it" for one in found
          if f"`{one.name}`" not in guide and f"`{one.name} " not in guide),
        *(f"{one.name}: needs help=..." for one in found if not one.words),
    ]  # fmt: skip


def page(found: list[Command]) -> str:
    """The whole document."""
    return HEAD + "\n" + "\n".join(line for one in found for line in _section(one)).rstrip() + "\n"


def _section(one: Command) -> Iterator[str]:
    yield f"## contextmap {one.name}\n"
    yield f"{one.words[:1].upper()}{one.words[1:]}.\n"
    if one.arguments:
        yield "| argument | what it is |"
        yield "|---|---|"
        yield from map(_argument, one.arguments)
        yield ""


def _argument(action: argparse.Action) -> str:
    name = action.option_strings[-1] if action.option_strings else action.dest.upper()
    parts = [str(action.help or "").replace("|", "\\|")]
    if action.choices:
        parts.append("one of " + ", ".join(f"`{each!s}`" for each in action.choices))
    if action.required and action.option_strings:
        parts.append("needed")
    if action.default not in (None, False, [], argparse.SUPPRESS):
        parts.append(f"without it: `{action.default!s}`")
    return f"| `{name}` | {'; '.join(part for part in parts if part)} |"
