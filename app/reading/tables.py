"""A file while it is read: what every format gives to the rest of the reader."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from app.reading.schemas import Layer, Problem


class Row(NamedTuple):
    """One row. `shape` is a shapely geometry in the file's own coordinates."""

    number: int
    cells: list[str | None]
    shape: Any = None
    problem: Problem | None = None


@dataclass(slots=True)
class Table:
    """`remarks` and `rows` fill each other: some remarks are known when the last row was read."""

    format: str
    header: list[str]
    rows: Iterator[Row]
    layers: list[Layer] = field(default_factory=list)
    layer: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    crs: int | None = None
    crs_how: str = ""
    remarks: list[str] = field(default_factory=list)
    has_shapes: bool = False
