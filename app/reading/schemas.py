"""What is asked of a file and what was found in it: plain values, for both sides of the wall."""

from dataclasses import dataclass, field
from typing import NamedTuple

Box = tuple[float, float, float, float]
"""West, south, east, north in metres of the British National Grid."""

Problem = tuple[str, str]
"""What is wrong with a row, and what a person can do about it."""

FORMATS = ("CSV", "XLSX", "GEOJSON", "GPKG", "KML")


class Choices(NamedTuple):
    """What a person decided about a file; None is found out from the file."""

    layer: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    crs: int | None = None
    swapped: bool = False
    """The shapes of the file hold latitude before longitude, or northing before easting."""

    @property
    def sheet(self) -> str | None:
        """A layer, as workbooks call it."""
        return self.layer


class Layer(NamedTuple):
    """A table of the file; `rows` is None where counting means reading."""

    name: str
    rows: int | None
    geometry_kind: str


class Column(NamedTuple):
    """A column and its first five values."""

    name: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """What a file is. `crs` is an EPSG code, `crs_how` says how it was known."""

    format: str
    rows: int
    columns: tuple[Column, ...]
    layers: tuple[Layer, ...] = ()
    layer: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    crs: int | None = None
    crs_how: str = ""
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sheet:
    """The rows of a file: text as it stands there, shapes as WKB in EPSG:27700.

    `row_numbers` are those that a person sees in the file (the header of a table is row 1).
    `problems`, by row number, says why a row or its shape cannot be used.
    """

    columns: tuple[str, ...]
    rows: list[tuple[str | None, ...]] = field(default_factory=list)
    shapes: list[bytes | None] = field(default_factory=list)
    row_numbers: list[int] = field(default_factory=list)
    problems: dict[int, Problem] = field(default_factory=dict)
