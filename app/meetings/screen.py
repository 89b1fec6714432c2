"""What may stand on a wall that a whole room reads: nothing about a child. Pure.

It errs on the side of leaving out: a text that may say how old, how many, who or which door is
not shown, as a whole. What is left out is on the page of the meeting, for who is named in it.
"""

import re
from collections.abc import Iterable

from app.reference import personal

LEFT_OUT = (
    "This screen leaves out every line that may say something about a child or an address. The "
    "page of the meeting has them, for who is named in it."
)
_COUNT = (
    r"(?:\d+|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|several|few|dozen|both"
    r"|single|each|another|same)"
)
_CHILD = (
    r"(?:child(?:ren)?|girls?|boys?|(?:young|looked.after)\s+(?:people|persons?|wom[ae]n|m[ae]n)"
    r"|teens?|teenagers?|youths?|pupils?|students?|kids?|siblings?|brothers?|sisters?|victims?"
    r"|minors?|lads?|daughters?|sons?)"
)
_STREET = (
    r"(?:street|st|road|rd|lane|ln|avenue|ave|close|drive|way|court|gardens?|terrace|place|grove"
    r"|crescent|mews|square|walk|house|hill|row|parade|park|green)"
)
_ALL = (
    r"\b(?!PL-)[A-Z]{2}[ -]?[0-9A-Z]{3}[ -]?[0-9A-Z]*\d[0-9A-Z]*\b",  # a reference, but of a place
    r"\b[AB]\d{1,2}_(?:\d{1,2}|PLUS)\b",  # codes of bands
    r"\b(?:aged?|ages|birthday|born|d\.?o\.?b\.?)\b",
    r"\b\d{1,2}\s*-?\s*(?:years?|yrs?|yo|y/o)\b|\byears?[ -]olds?\b|\byear\s+\d",
    r"\b(?:under|over)[ -]?\d{1,2}s?\b|\b1\d\s*s?\b(?!\s*(?:am|pm|[.:]\d|%|[A-Z][a-z]{2}))",
    r"\b1?\d\s*(?:-|\u2013|to|and)\s*\d{1,2}\b(?!\s*(?:am|pm|:))",
    rf"\b{_COUNT}(?:\s+(?:of|[\w'-]+)){{0,3}}\s+{_CHILD}\b",
    rf"\b{_CHILD}\s*[:(]?\s*\d",
    r"\b[A-Z]{1,2}\d[A-Z\d]?\s*\d[A-Z]{2}\b",  # a postcode
    rf"\b(?:flat|room|unit|no\.?|number)\s*\d|\b\d+[a-z]?,?\s+(?:[\w'-]+\s+){{1,3}}{_STREET}\b",
)
_PATTERNS = tuple(re.compile(one, re.IGNORECASE) for one in _ALL[1:])
_REFERENCE = re.compile(_ALL[0])


def is_safe(text: str) -> bool:
    """Whether nothing in it may be about a child, a person or an exact address.

    >>> is_safe("The shop calls the youth service."), is_safe("Three girls, A13_15, were here.")
    (True, False)
    """
    if _REFERENCE.search(text) or any(one.search(text) for one in _PATTERNS):
        return False
    return not personal.found(text)


def safe(texts: Iterable[str | None]) -> list[str]:
    """Those that a whole room may read, in their order."""
    return [text for text in texts if text and is_safe(text)]
