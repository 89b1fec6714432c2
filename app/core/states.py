"""The one refusal of a forbidden state change."""

from collections.abc import Collection, Mapping

from app.core.errors import RuleBrokenError


def moved(record: str, state: str, to: str, moves: Mapping[str, Collection[str]]) -> str:
    """`to`, when the moves allow it from `state`."""
    if to not in moves.get(state, ()):
        article = "An" if record[0] in "aeiou" else "A"
        words = f"{article} {record} that is {_said(state)} cannot become {_said(to)}."
        raise RuleBrokenError(words)
    return to


def _said(state: str) -> str:
    return state.replace("_", " ").lower()
