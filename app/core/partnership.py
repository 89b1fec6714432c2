"""The partnership as data: boroughs, contacts, exit site, words of the public form."""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
)

CODE = re.compile(r"[EWSN]\d{8}")
E_MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
FEWEST_DIGITS = 3  # of a telephone number: 999, 101, 111
BRITAIN = (-9.0, 49.0, 2.5, 61.5)
BOROUGHS = 2  # pages, published tables and their codes say "both"
PHRASES = {
    "missing": "this is needed",
    "extra_forbidden": "this is no name of a setting here",
    "string_type": 'give words in "quotation marks"',
    "int_type": "give a whole number",
    "int_from_float": "give a whole number",
    "int_parsing": "give a whole number",
    "float_type": "give a number",
    "float_parsing": "give a number",
    "tuple_type": "give a list in [brackets]",
    "greater_than_equal": "give a number of at least {ge}",
    "model_type": "give a table, with a name on each line",
    "dict_type": "give a table, with a name on each line",
}


class PartnershipError(ValueError):
    """The file cannot be used; each line says where and what to write."""


def _said(words: str) -> str:
    if not words.strip():
        raise ValueError("this is empty; write something or leave the line out")
    return words.strip()


def _email(address: str) -> str:
    if not E_MAIL.fullmatch(address):
        raise ValueError("give an e-mail address such as team@example.org")
    return address


def _phone(number: str) -> str:
    if sum(sign.isdigit() for sign in number) < FEWEST_DIGITS or re.search(r"[^\d +()-]", number):
        raise ValueError('give a telephone number in figures, such as "020 7946 0123"')
    return number


def _site(address: str) -> str:
    parts = urlsplit(address)
    own = parts.scheme == "http" and parts.hostname in {"127.0.0.1", "localhost"}
    if not (own or (parts.scheme == "https" and parts.hostname)):
        raise ValueError("give an address that begins with https://")
    return address


def _borough(code: str) -> str:
    if not CODE.fullmatch(code):
        raise ValueError(
            f"“{code}” is no code of a borough: it has a letter and eight digits, like E09000001"
        )
    return code


def _area(sides: tuple[float, ...]) -> tuple[float, ...]:
    west, south, east, north = sides
    if not (BRITAIN[0] <= west < east <= BRITAIN[2] and BRITAIN[1] <= south < north <= BRITAIN[3]):
        raise ValueError(
            "give [west, south, east, north] in degrees, such as [-0.39, 51.33, -0.22, 51.49]"
        )
    return sides


def _numbers(sides: object) -> object:
    if not isinstance(sides, list) or len(sides) != len(BRITAIN):
        raise ValueError("give four numbers in [brackets]: west, south, east and north in degrees")
    return sides


Said = Annotated[str, AfterValidator(_said)]
EMail = Annotated[str, AfterValidator(_email)]
Phone = Annotated[str, AfterValidator(_phone)]
Site = Annotated[str, AfterValidator(_site)]
Area = Annotated[
    tuple[float, float, float, float], BeforeValidator(_numbers), AfterValidator(_area)
]


class Told(BaseModel):
    """A part of the file; a name that is not known stops the start."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Borough(Told):
    """`residents_10_17`: for rates in the quarterly report; without it there are none."""

    code: Annotated[str, AfterValidator(_borough)]
    name: Said
    residents_10_17: Annotated[int, Field(ge=1000)] | None = None


def _two(boroughs: tuple[Borough, ...]) -> tuple[Borough, ...]:
    if len(boroughs) != BOROUGHS or len({one.code for one in boroughs}) != BOROUGHS:
        raise ValueError(
            f"{len(boroughs)} boroughs are named; a partnership is of two different ones, each "
            "with [[borough]], code and name"
        )
    return boroughs


class Helper(Told):
    """Somebody else who can help: by telephone, or at an address."""

    name: Said
    phone: Phone | None = None
    url: Site | None = None


class FrontDoor(Told):
    """Where a worry about one child goes."""

    name: Said
    phone: Phone
    out_of_hours_phone: Phone | None = None
    url: Site | None = None


class PublicForm(Told):
    service_name: Said
    reader: Said
    silent_999: Said


class Examples(Told):
    """What is shown beside questions, so that people see what may be typed."""

    place: Said
    postcode: Said


class Partnership(Told):
    """CONTEXTMAP_PARTNERSHIP, read once."""

    name: Said
    controller: Said  # code of the organisation that answers for the records
    contact_email: EMail
    contact_phone: Phone | None = None
    exit_site: Site
    exit_name: Said
    area: Area  # what maps show at first
    lists: str | None = None  # folder of code lists beside this file
    public: PublicForm
    front_door: FrontDoor
    examples: Examples
    help_line: tuple[Helper, ...] = ()
    online_help: tuple[Helper, ...] = ()
    borough: Annotated[tuple[Borough, ...], AfterValidator(_two)]
    residents_source: Said | None = None  # printed beside each rate
    expected_to_report: tuple[str, ...] = ()  # codes of organisations, named when they are silent
    open_data_of: tuple[Said, ...] = ()  # who published what was imported, named as they ask for
    meeting_names: Mapping[str, Said] = {}  # by the code of the kind, where ours is another

    def __hash__(self) -> int:
        """What is made of it is remembered by it, and a table of names has no hash."""
        return hash((self.name, self.contact_email, self.exit_site))

    @property
    def names(self) -> dict[str, str]:
        """Of each borough, by its code."""
        return {one.code: one.name for one in self.borough}

    @property
    def codes(self) -> frozenset[str]:
        return frozenset(found.code for found in self.borough)


@cache
def partnership(path: Path) -> Partnership:
    """As the file says.

    Raises
    ------
    PartnershipError
        With everything that is wrong, a line each.
    """
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as unread:
        words = unread.strerror or "cannot be read"
        raise PartnershipError(f"CONTEXTMAP_PARTNERSHIP, {path.name}: {words}.") from unread
    except UnicodeDecodeError as unread:
        raise PartnershipError(f"{path.name}: save the file as UTF-8.") from unread
    except tomllib.TOMLDecodeError as wrong:
        raise PartnershipError(
            f"{path.name} cannot be read as TOML: {wrong}. Words need "
            '"quotation marks", each name stands once.'
        ) from wrong
    try:
        return Partnership.model_validate(given)
    except ValidationError as wrong:
        raise PartnershipError("\n".join(_sentences(path.name, wrong.errors()))) from wrong


def _sentences(file: str, errors: Sequence[Any]) -> Iterator[str]:
    for error in errors:
        words = PHRASES.get(error["type"])
        if words is None:
            words = error["msg"].removeprefix("Value error, ")
        told = words.replace("{ge}", str(error.get("ctx", {}).get("ge")))
        where = _where(error["loc"])
        yield f"{file}: {where + ': ' if where else ''}{told}."


def _where(parts: Sequence[str | int]) -> str:
    """`borough 2, code`: counted as people count."""
    found = ""
    for part in parts:
        if isinstance(part, int):
            found += f" {part + 1}"
        else:
            found += f", {part}" if found else part
    return found
