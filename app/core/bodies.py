"""What a JSON body must not be, decided before anything of it is used."""

import json
from typing import Any

DEPTH = 20
KEYS = 1_000


class BodyRefusedError(ValueError):
    """In words for the person who wrote the program; nothing of the body is repeated."""


def check_json(body: bytes) -> None:
    """Refuse what two readers would read differently, and what costs more than it tells.

    Raises
    ------
    BodyRefusedError
        Another alphabet than UTF-8, a name given twice, more than 20 levels, more than 1,000
        names. What is no JSON at all is left to the route, which says so per field.
    """
    if not _is_utf8(body):
        raise BodyRefusedError("The body is not in UTF-8.")
    if _deepest(body) > DEPTH:
        raise BodyRefusedError(f"The body is nested deeper than {DEPTH} levels.")
    names = 0

    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal names
        names += len(found)
        if names > KEYS:
            raise BodyRefusedError(f"The body has more than {KEYS} names.")
        made = dict(found)
        if len(made) != len(found):
            raise BodyRefusedError("The body gives one name twice.")
        return made

    try:
        json.loads(body, object_pairs_hook=pairs)
    except BodyRefusedError:
        raise
    except (ValueError, RecursionError):
        return


def _is_utf8(body: bytes) -> bool:
    """Python's reader guesses UTF-16 and UTF-32 too, where brackets and quotes are other bytes."""
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return json.detect_encoding(body).startswith("utf-8")  # with or without its mark


def _deepest(body: bytes) -> int:
    """An upper bound: brackets inside texts count too, but only opened ones that nobody closed."""
    deepest = depth = 0
    inside = escaped = False
    for byte in body:
        if inside:
            inside = escaped or byte != 0x22
            escaped = not escaped and byte == 0x5C
        elif byte == 0x22:
            inside = True
        elif byte in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif byte in b"]}":
            depth -= 1
    return deepest
