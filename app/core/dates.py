"""Days as people type them: day, month and year, each in a box of its own."""

import re
from collections.abc import Iterable
from datetime import date
from urllib.parse import parse_qsl, urlencode

from app.core.asgi import App, Receive, Scope, Send

MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
BOXES = ("day", "month", "year")
NOT_A_DAY = "Enter a real date, for example 27 3 2026."
_SENT = tuple(f"-{box}=".encode() for box in BOXES)
_TYPED = re.compile(r"([^/]*)/([^/]*)/([^/]*)")
_WRITTEN = re.compile(r"(\d{4})-(\d\d)-(\d\d)", re.ASCII)


def real(day: str, month: str, year: str) -> date:
    """ValueError with the words for people when there is no such day.

    >>> real("27", "3", "2026"), real("1", "November", "2026")
    (datetime.date(2026, 3, 27), datetime.date(2026, 11, 1))
    """
    number = MONTHS.index(month[:3].lower()) + 1 if month[:3].lower() in MONTHS else month
    if not re.fullmatch(r"\d{1,2}", day, re.ASCII) or not re.fullmatch(r"\d{4}", year, re.ASCII):
        raise ValueError(NOT_A_DAY)
    try:
        return date(int(year), int(number), int(day))
    except ValueError as wrong:
        raise ValueError(NOT_A_DAY) from wrong


class Boxes(str):
    """Three boxes that make no real day, with strokes between them to be shown again."""

    __slots__ = ()


def given(value: str) -> str:
    """An answer of an address, which cannot carry what class it was."""
    return Boxes(value) if _TYPED.fullmatch(value) else value


def boxes(value: object) -> tuple[str, str, str]:
    """What stands in the three boxes, for a day or for what was typed.

    >>> boxes("2026-03-07"), boxes("31/2/2026"), boxes(None)
    (('7', '3', '2026'), ('31', '2', '2026'), ('', '', ''))
    """
    said = str(value or "")
    if found := _WRITTEN.match(said):
        return str(int(found[3])), str(int(found[2])), found[1]
    if found := _TYPED.fullmatch(said):
        return found[1], found[2], found[3]
    return said, "", ""


def joined(pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The three boxes of a name as one answer; none when all three are empty.

    >>> joined([("from-day", "7"), ("from-month", "3"), ("from-year", "2026"), ("kind", "A")])
    [('from', '2026-03-07'), ('kind', 'A')]
    """
    answers: list[tuple[str, str]] = []
    typed: dict[str, dict[str, str]] = {}
    for key, value in pairs:
        name, dash, box = key.rpartition("-")
        if not dash or not name or box not in BOXES:
            answers.append((key, value))
            continue
        if name not in typed:
            typed[name] = {}
            answers.append((name, ""))
        typed[name][box] = value.strip()
    said = {name: _said(*(parts.get(box, "") for box in BOXES)) for name, parts in typed.items()}
    whole = [(name, value if value or name not in said else said[name]) for name, value in answers]
    return [(name, value) for name, value in whole if value or name not in said]


def _said(day: str, month: str, year: str) -> str:
    if not (day or month or year):
        return ""
    try:
        return real(day, month, year).isoformat()
    except ValueError:
        return Boxes("/".join(box.replace("/", " ")[:20] for box in (day, month, year)))


class OneAddressMiddleware:
    """A search with days has one address, `from=2026-11-24`, however it was filled in."""

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = scope["type"] == "http" and scope["method"] == "GET"
        if not asked or not any(box in scope["query_string"] for box in _SENT):
            await self.app(scope, receive, send)
            return
        query = joined(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
        # Relative to the page itself: an address taken from the request might lead elsewhere.
        to = b"?" + urlencode(query).encode()
        await send({"type": "http.response.start", "status": 303, "headers": [(b"location", to)]})
        await send({"type": "http.response.body", "body": b""})
