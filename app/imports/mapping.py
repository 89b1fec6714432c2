"""Which column answers which question; constants for the rest; what a file's words mean here."""

import re
from collections.abc import Mapping as Dict
from collections.abc import Sequence
from typing import Annotated, Self

from pydantic import Field, model_validator

from app.core.types import StrictModel, Text
from app.imports import reading_cells as cells
from app.imports.kinds import LOCATING, Kind, Question

Name = Annotated[Text, Field(min_length=1, max_length=60)]
Column = Annotated[str, Field(min_length=1, max_length=300)]
Value = Annotated[Text, Field(max_length=300)]
LONDON_LONLAT = (-0.52, 51.28, 0.34, 51.70)
LONDON_GRID = (503_500, 155_800, 561_960, 200_940)
PAIRS = (("longitude", "latitude", LONDON_LONLAT), ("easting", "northing", LONDON_GRID))


class Mapping(StrictModel):
    """As it is saved, sent by programs, and read from a file by the command line."""

    columns: dict[Name, Column] = Field(default_factory=dict, max_length=60)
    constants: dict[Name, Value] = Field(default_factory=dict, max_length=60)
    values: dict[Name, Annotated[dict[Value, Value], Field(max_length=500)]] = Field(
        default_factory=dict, max_length=60
    )
    date_format: str = "DMY"
    system: Annotated[Text, Field(max_length=60)] = ""
    uses_shapes: bool = False

    @model_validator(mode="after")
    def _known(self) -> Self:
        if self.date_format not in cells.BY_CODE:
            raise ValueError("Choose how the file writes dates.")
        return self

    def problems(self, kind: Kind, columns: Sequence[str]) -> dict[str, str]:
        """What is still missing, by question; and names that this kind or file does not have."""
        known = {question.name for question in kind.questions}
        found: dict[str, str] = {}
        for name in {*self.columns, *self.constants, *self.values} - known:
            found[name] = "This kind of file has no such question."
        for name, column in self.columns.items():
            if column not in columns:
                found[name] = "The file has no column of this name. Choose another."
        for question in kind.questions:
            if question.needed and not self.answers(question.name):
                found.setdefault(question.name, question.missing)
        if kind.must_locate and not self.locates(kind):
            found.setdefault("longitude", "Choose columns for where it was.")
        return found

    def answers(self, name: str) -> bool:
        return bool(self.columns.get(name) or self.constants.get(name))

    def locates(self, kind: Kind) -> bool:
        asked = {question.name for question in kind.questions}
        ways = [way for way in LOCATING if set(way) <= asked]
        return self.uses_shapes or any(all(map(self.answers, way)) for way in ways)


def guessed(kind: Kind, columns: Sequence[tuple[str, Sequence[str]]], *, shapes: bool) -> Mapping:
    """By name and synonym, each column once; the date format by its first values."""
    free = dict(columns)
    matched: dict[str, str] = {}
    for question in kind.questions:
        wanted = {plain(question.name), plain(question.label), *map(plain, question.words)}
        column = next((name for name in free if plain(name) in wanted), None)
        if column is not None:
            matched[question.name] = column
            free.pop(column)
    dates = [v for q in kind.questions if q.sort == "date" and q.name in matched
             for v in dict(columns)[matched[q.name]]]  # fmt: skip
    return Mapping(columns=matched, date_format=cells.guessed_format(dates), uses_shapes=shapes)


def plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", " ", name.lower()).strip()


def swapped(mapping: Mapping, samples: Dict[str, Sequence[str]]) -> bool:
    """First values that make sense only the other way round."""
    for x, y, box in (
        ("longitude", "latitude", LONDON_LONLAT),
        ("easting", "northing", LONDON_GRID),
    ):
        across, up = (samples.get(mapping.columns.get(name, ""), ()) for name in (x, y))
        pairs = [p for p in map(_pair, across, up) if p is not None]
        if pairs and not any(_inside(p, box) for p in pairs):
            return all(_inside((b, a), box) for a, b in pairs)
    return False


def with_swapped(mapping: Mapping) -> Mapping:
    columns = dict(mapping.columns)
    for x, y, _ in PAIRS:
        if x in columns and y in columns:
            columns[x], columns[y] = columns[y], columns[x]
    return mapping.model_copy(update={"columns": columns})


def _pair(a: str, b: str) -> tuple[float, float] | None:
    try:
        return float(a), float(b)
    except ValueError:
        return None


def _inside(point: tuple[float, float], box: tuple[float, float, float, float]) -> bool:
    return box[0] <= point[0] <= box[2] and box[1] <= point[1] <= box[3]


Problem = tuple[str, str, str]  # the question, what is wrong, how to fix it


def answers_of(
    kind: Kind, mapping: Mapping, row: Dict[str, str], codes: Dict[str, Dict[str, str]]
) -> tuple[dict[str, str], list[Problem]]:
    """What a row says in the words of the form; `codes` are the lists by name, label by code."""
    said: dict[str, str] = {}
    problems: list[Problem] = []
    for question in kind.questions:
        cell = _cell(mapping, row, question)
        if not cell or question.name == "time":
            continue
        value, problem = _value(question, cell, mapping, row, codes)
        if problem is not None:
            problems.append((question.name, problem, _fix(question, mapping)))
        elif value:
            said[question.name] = value
    return said, problems


def _cell(mapping: Mapping, row: Dict[str, str], question: Question) -> str:
    column = mapping.columns.get(question.name)
    cell = row.get(column, "").strip() if column else ""
    return cell or mapping.constants.get(question.name, "")


def _value(
    question: Question,
    cell: str,
    mapping: Mapping,
    row: Dict[str, str],
    codes: Dict[str, Dict[str, str]],
) -> tuple[str, str | None]:
    if question.sort == "date":
        time = row.get(mapping.columns.get("time", ""), "") if question.name == "date" else ""
        at = cells.instant(cell, mapping.date_format, time)
        return at or "", None if at else "This is not a date the file should have."
    if question.sort == "number":
        return cells.number(cell), None
    if question.sort == "yes":
        said = cells.yes(cell)
        return str(said).lower(), None if said is not None else "This is neither yes nor no."
    if question.codes is not None:
        return _coded(question, cell, mapping, codes.get(question.codes, {}))
    return cell, None


def _coded(
    question: Question, cell: str, mapping: Mapping, known: Dict[str, str]
) -> tuple[str, str | None]:
    """Our code, our label in any case, or a word that somebody has said the meaning of."""
    parts = re.split(r"[;,|]", cell) if question.sort == "codes" else [cell]
    found = [code_of(part, mapping.values.get(question.name, {}), known) for part in parts]
    if any(code is None for code in found):
        return "", f"{question.label}: this value is not known."
    return ",".join(code for code in found if code), None


def code_of(cell: str, meant: Dict[str, str], known: Dict[str, str]) -> str | None:
    """None when nobody knows it; empty when it was said to mean nothing."""
    word = cell.strip()
    if word in meant:
        return meant[word]
    if not word or word.upper() in known:
        return word.upper()
    folded = plain(word)
    return next((code for code, label in known.items() if plain(label) == folded), None)


def _fix(question: Question, mapping: Mapping) -> str:
    if question.sort == "date":
        example = cells.BY_CODE[mapping.date_format].example
        return f"Write dates like {example}, or choose another date format."
    if question.sort == "yes":
        return "Write yes or no."
    if question.codes is not None:
        return "Say what this value means on the page Values, or write a code of the template."
    return HOW_TO_FIX.get(question.name, "Correct the value.")


HOW_TO_FIX = {
    "longitude": "Check the coordinates, and that longitude and latitude are not swapped.",
    "latitude": "Check the coordinates, and that longitude and latitude are not swapped.",
    "easting": "Check the coordinates: six figures each, in metres of the British National Grid.",
    "northing": "Check the coordinates: six figures each, in metres of the British National Grid.",
    "postcode": "Write a current postcode of the area, or give coordinates.",
    "grid_reference": "Write two letters and an even number of figures, like TQ 180 691.",
    "shape": "Give a valid shape inside the partnership's area, or coordinates.",
    "place": "Give the reference of a place that is listed, like PL-7K2-Q4MT, or coordinates.",
    "summary": "Change the words that the sentence names.",
    "name": "Give a neutral name: no people, groups or families.",
    "occurred_from": "Correct the date. It must not lie in the future.",
    "external_id": "Give each row its own reference.",
}
