"""What the reading process answers: what a file is, its rows, or the file with its problems."""

from collections.abc import Iterator
from dataclasses import asdict
from itertools import chain, islice
from typing import IO, Any

import orjson

from app.reading import coordinates, frames, signatures
from app.reading.rules import MAX_BYTES, MB, SAMPLES, RefusedError, counted
from app.reading.schemas import Box, Choices, Column, Found
from app.reading.tables import Row, Table

BLOCK = 5000
HEAD = 64 * 1024
PEEK = 50


def give(asked: dict[str, Any], file: IO[bytes], out: IO[bytes]) -> None:
    if asked["do"] == "streets":
        from app.reading import streets

        streets.give(asked, out)
        return
    choices = Choices(**asked["choices"])
    kind, table = opened(file, choices)
    within = tuple(asked["within"]) if asked.get("within") else None
    if asked["do"] == "inspect":
        found = _found(table, choices, within)
        frames.write(out, frames.FOUND, orjson.dumps(asdict(found), default=tuple))
    elif asked["do"] == "read":
        _give_rows(table, choices, within, out)
    else:
        from app.reading import marking

        problems = {int(number): (each[0], each[1]) for number, each in asked["problems"].items()}
        frames.write(out, frames.FOUND, table.format.encode())
        for part in marking.marked(kind, table, file, choices, problems):
            frames.write(out, frames.PART, part)


def opened(file: IO[bytes], choices: Choices) -> tuple[str, Table]:
    """The file as a table, by what its bytes say it is."""
    size = file.seek(0, 2)
    file.seek(0)
    kind = signatures.kind_of(file.read(HEAD), size)
    if kind == "ZIP":
        from app.reading import archives

        kind = archives.kind_of(file)
    if size > MAX_BYTES[kind.replace("KMZ", "KML")]:
        most = MAX_BYTES[kind.replace("KMZ", "KML")] // MB
        raise RefusedError(f"A {kind} file can be at most {most} MB. Split it.")
    return kind, _reader(kind)(file, choices)


def _reader(kind: str) -> Any:  # noqa: ANN401 - a function of each format's module
    if kind == "CSV":
        from app.reading import delimited

        return delimited.table
    if kind == "GEOJSON":
        from app.reading import geojson

        return geojson.table
    if kind == "XLSX":
        from app.reading import workbook

        return workbook.table
    if kind == "GPKG":
        from app.reading import geopackage

        return geopackage.table
    from app.reading import kml

    return kml.table_of_kmz if kind == "KMZ" else kml.table


def _on_the_grid(table: Table, choices: Choices, within: Box | None) -> Iterator[Row]:
    if not table.has_shapes or table.crs is None:
        return table.rows
    from app.reading import shapes

    return shapes.on_the_grid(table.rows, table.crs, swapped=choices.swapped, within=within)


def _found(table: Table, choices: Choices, within: Box | None) -> Found:
    first = list(islice(table.rows, PEEK))
    swapped = table.has_shapes and _looks_swapped(table, first, choices)
    table.rows = chain(first, table.rows)
    seen = Seen(table)
    for row in _on_the_grid(table, choices, within):
        seen.see(row)
    if not seen.n:
        raise RefusedError("This file has names of columns, but no rows.")
    columns = map(Column, table.header, map(tuple, seen.samples))
    said = [*([coordinates.SWAPPED] if swapped else []), *table.remarks, *seen.remarks()]
    return Found(
        table.format,
        seen.n,
        tuple(columns),
        tuple(table.layers),
        table.layer,
        table.encoding,
        table.delimiter,
        table.crs,
        table.crs_how,
        tuple(said),
    )


class Seen:
    """What an inspection gathers row by row."""

    def __init__(self, table: Table) -> None:
        self.has_shapes = table.has_shapes
        self.samples: list[list[str]] = [[] for _ in table.header]
        self.n = self.shapeless = 0
        self.problems = dict[str, int]()
        pair = None if table.has_shapes else coordinates.guess(table.header)
        self.pair = pair
        self.at = (table.header.index(pair.x), table.header.index(pair.y)) if pair else (0, 0)
        self.x_y: tuple[list[str | None], list[str | None]] = ([], [])

    def see(self, row: Row) -> None:
        self.n += 1
        if self.n <= PEEK:
            for values, cell in zip(self.samples, row.cells, strict=True):
                if cell is not None and len(values) < SAMPLES:
                    values.append(cell[:200])
        if row.problem is not None:
            self.problems[row.problem[0]] = self.problems.get(row.problem[0], 0) + 1
        elif self.has_shapes and row.shape is None:
            self.shapeless += 1
        if self.pair is not None:
            for kept, at in zip(self.x_y, self.at, strict=True):
                kept.append(row.cells[at])

    def remarks(self) -> list[str]:
        said = coordinates.look(*self.x_y, self.pair.kind).remarks() if self.pair else []
        if self.shapeless:
            said.append(f"{counted(self.shapeless, 'row has', 'rows have')} no shape.")
        for words, many in self.problems.items():
            said.append(f"{counted(many, 'row', 'rows')}: {words}")
        return said


def _looks_swapped(table: Table, first: list[Row], choices: Choices) -> bool:
    from app.reading import shapes

    return shapes.look_swapped([row.shape for row in first], table.crs, swapped=choices.swapped)


def _give_rows(table: Table, choices: Choices, within: Box | None, out: IO[bytes]) -> None:
    frames.write(out, frames.FOUND, orjson.dumps(table.header))
    block: list[Row] = []
    for row in _on_the_grid(table, choices, within):
        block.append(row)
        if len(block) == BLOCK:
            frames.write(out, frames.ROWS, _packed(block))
            block.clear()
    frames.write(out, frames.ROWS, _packed(block))


def _packed(block: list[Row]) -> bytes:
    return orjson.dumps(
        {
            "numbers": [row.number for row in block],
            "cells": [row.cells for row in block],
            "shapes": [None if row.shape is None else row.shape.wkb_hex for row in block],
            "problems": [(row.number, *row.problem) for row in block if row.problem is not None],
        }
    )
