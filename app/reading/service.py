"""What a file holds: the only way in. Everything of the file itself happens behind `sandbox`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from app.core.errors import InvalidError
from app.reading import frames, sandbox
from app.reading.schemas import Box, Choices, Column, Found, Layer, Problem, Sheet

EXTENSIONS = {"CSV": "csv", "XLSX": "xlsx", "GEOJSON": "geojson", "GPKG": "gpkg", "KML": "kml"}
AS_FOUND = Choices()


def inspect(
    name: str, body: bytes | Path, choices: Choices = AS_FOUND, *, within: Box | None = None
) -> Found:
    """What the file is, its columns with their first values, and what is remarkable.

    The name is not looked at: a file is what its bytes are. `within` is the area of the
    partnership and 10 km around it, in metres of the British National Grid.

    Raises
    ------
    InvalidError
        It is refused; one sentence says why and what to do.
    """
    del name
    said = _said(body, _question("inspect", choices, within))
    try:
        found = orjson.loads(_only(said, frames.FOUND))
        return _as_found(found)
    except (ValueError, TypeError, KeyError):
        raise InvalidError(sandbox.CRASHED) from None


def read(
    name: str, body: bytes | Path, choices: Choices = AS_FOUND, *, within: Box | None = None
) -> Sheet:
    """All rows, with shapes on the British National Grid; what cannot be used is in `problems`.

    Raises
    ------
    InvalidError
        It is refused; one sentence says why and what to do.
    """
    del name
    said = _said(body, _question("read", choices, within))
    try:
        return _as_sheet(said)
    except (ValueError, TypeError, KeyError):
        raise InvalidError(sandbox.CRASHED) from None


def with_problems(
    name: str,
    body: bytes | Path,
    choices: Choices,
    problems: Mapping[int, Problem],
) -> tuple[str, bytes]:
    """The person's own file, all rows, with the columns `problem` and `how_to_fix` filled for some.

    Same format, encoding and delimiter; no cell begins as a formula. Returns a name and the bytes.

    Raises
    ------
    InvalidError
        It is refused; one sentence says why and what to do.
    """
    del name
    question = _question("mark", choices, None)
    question["problems"] = {str(number): list(problem) for number, problem in problems.items()}
    said = _said(body, question)
    kind = bytes(_only(said, frames.FOUND)).decode()
    if kind not in EXTENSIONS:
        raise InvalidError(sandbox.CRASHED)
    parts = [part for what, part in said if what == frames.PART]
    return f"problems.{EXTENSIONS[kind]}", b"".join(parts)


def _question(do: str, choices: Choices, within: Box | None) -> dict[str, Any]:
    return {"do": do, "choices": choices._asdict(), "within": within}


def _said(body: bytes | Path, question: dict[str, Any]) -> list[tuple[bytes, memoryview]]:
    answer = sandbox.ask(body, question)
    if answer.refused is not None:
        raise InvalidError(answer.refused)
    return answer.said


def _only(said: list[tuple[bytes, memoryview]], kind: bytes) -> memoryview:
    for what, body in said:
        if what == kind:
            return body
    raise InvalidError(sandbox.CRASHED)


def _as_found(found: dict[str, Any]) -> Found:
    """The answer of a process that may have been taken over: only what has the right types."""
    columns = tuple(Column(str(name), tuple(map(str, values))) for name, values in found["columns"])
    layers = tuple(
        Layer(str(name), None if rows is None else int(rows), str(kind))
        for name, rows, kind in found["layers"]
    )
    texts = {
        key: None if found[key] is None else str(found[key])
        for key in ("layer", "encoding", "delimiter")
    }
    return Found(
        format=str(found["format"]),
        rows=int(found["rows"]),
        columns=columns,
        layers=layers,
        crs=None if found["crs"] is None else int(found["crs"]),
        crs_how=str(found["crs_how"]),
        remarks=tuple(map(str, found["remarks"])),
        **texts,
    )


def _as_sheet(said: list[tuple[bytes, memoryview]]) -> Sheet:
    header = orjson.loads(_only(said, frames.FOUND))
    sheet = Sheet(tuple(map(str, header)))
    width = len(header)
    for what, body in said:
        if what != frames.ROWS:
            continue
        block = orjson.loads(body)
        rows = [tuple(cells) for cells in block["cells"]]
        if any(len(row) != width for row in rows) or not _are_texts(rows):
            raise ValueError("not a table")
        sheet.rows.extend(rows)
        sheet.row_numbers.extend(map(int, block["numbers"]))
        sheet.shapes.extend(None if s is None else bytes.fromhex(s) for s in block["shapes"])
        for number, problem, how in block["problems"]:
            sheet.problems[int(number)] = (str(problem), str(how))
    if not len(sheet.rows) == len(sheet.row_numbers) == len(sheet.shapes):
        raise ValueError("not a table")
    return sheet


def _are_texts(rows: list[tuple[Any, ...]]) -> bool:
    kinds = {type(cell) for row in rows for cell in row}
    return kinds <= {str, type(None)}
