"""What tells who somebody is, as patterns; and every text in a structure. Pure."""

import re
from collections.abc import Iterator

POSTCODE = re.compile(r"\b[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}\b")
CHILD = re.compile(r"\bCH-[0-9A-Z]{3}-[0-9A-Z]{4}\b")
PERSONAL = (
    ("an e-mail address", re.compile(r"[\w.+-]+@[\w-]+\.\w+")),
    ("a telephone number", re.compile(r"(?<!\w)(?:\+44|0)(?:[ -]?\d){9,10}(?!\d)")),
    ("a postcode", POSTCODE),
    ("the reference of a child", CHILD),
    ("a receipt", re.compile(r"\bRP-[0-9A-Z]{3}-[0-9A-Z]{4}\b")),
    ("an online address", re.compile(r"\bhttps?://|hxxps?://|\bwww\.", re.IGNORECASE)),
)


def strings(made: object) -> Iterator[str]:
    """Every text and number in a structure."""
    if isinstance(made, dict):
        for value in made.values():
            yield from strings(value)
    elif isinstance(made, list):
        for value in made:
            yield from strings(value)
    else:
        yield str(made)
