"""How a place is called in a pack, and which sentences of it may be printed there. Pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from app.meetings import screen
from app.packs.content import About

HOME, RESTRICTED = "RESIDENTIAL", "RESTRICTED"
# A street by its kind: of a home no sentence with one is printed.
STREET = re.compile(
    r"\b(?:street|road|lane|avenue|close|drive|court|terrace|grove|crescent|mews|walk|flats?"
    r"|house|block|floor|gardens|square|parade|cottages?|villas?|towers?|estate|rd|ave|ln)\b",
    re.IGNORECASE,
)


class Placed(Protocol):
    """A row about a place; properties, since a row's columns are only read."""

    @property
    def ref(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def sensitivity(self) -> str: ...
    @property
    def borough_codes(self) -> Sequence[str]: ...
    @property
    def tier(self) -> str: ...


def is_home(place: Placed) -> bool:
    return place.sensitivity == HOME


def called(place: Placed) -> str:
    """A home is its reference, whatever somebody called it."""
    return f"Address {place.ref}" if is_home(place) else place.name


def about(place: Placed) -> About:
    """What decides who reads a line about it. Restricted labels stay with the statutory members."""
    return {
        "boroughs": list(place.borough_codes),
        "tier": place.tier,
        "home": is_home(place),
        "statutory": place.sensitivity == RESTRICTED,
    }


def sayable(texts: Iterable[str | None], *, home: bool) -> list[str]:
    """Sentences in which nobody can be found: of a home none that names a street or a building.

    >>> sayable(["Staff say hello.", "Two girls, 14, come here.", None], home=False)
    ['Staff say hello.']
    >>> sayable(["The light at the block is mended."], home=True)
    []
    """
    kept = screen.safe(texts)
    return [one for one in kept if not STREET.search(one)] if home else kept


def where(codes: Sequence[str], boroughs: Mapping[str, str]) -> str:
    """Boroughs of the partnership by name; anywhere else is outside.

    >>> where(["K"], {"K": "Kingston"}), where([], {})
    ('Kingston', 'Outside the partnership')
    """
    names = [boroughs[code] for code in codes if code in boroughs]
    return " and ".join(names) or "Outside the partnership"


def joined(words: Sequence[str]) -> str:
    """As a list in a sentence.

    >>> joined(["a", "b", "c"])
    'a, b and c'
    """
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))
