"""GeoPackage: the layers that are plain tables, their columns and rows."""

import sqlite3
from collections.abc import Iterator
from typing import IO, NamedTuple

from app.reading import database, shapes
from app.reading.rules import (
    CONTROL,
    CONTROL_PROBLEM,
    MAX_CELL,
    MAX_COLUMNS,
    MAX_LAYERS,
    MAX_ROWS,
    RefusedError,
    column_names,
)
from app.reading.schemas import Choices, Layer
from app.reading.tables import Row, Table

NOT_ONE = "This is a database, but not a GeoPackage with a layer of features. Save it again."
ENVELOPES = {0: 0, 1: 32, 2: 48, 3: 48, 4: 64}


class Described(NamedTuple):
    """A layer as the tables of a GeoPackage describe it."""

    name: str
    geometry: str | None
    kind: str
    crs: int | None


def table(file: IO[bytes], choices: Choices) -> Table:
    with database.opened(file) as db:
        layers = _layers(db)
        chosen = _chosen(layers, choices)
        counts = {name: database.count(db, name) for name in layers}
        names, key = _columns(db, chosen)
    remarks: list[str] = []
    found = Table("GPKG", [], rows(file, chosen, names, key), layer=chosen.name, remarks=remarks)
    found.layers = [Layer(each.name, counts[each.name], each.kind) for each in layers.values()]
    found.has_shapes = chosen.geometry is not None
    found.header = column_names(list(names), remarks) if names else []
    if found.has_shapes:
        found.crs = shapes.supported(choices.crs or _required(chosen.crs))
        found.crs_how = "chosen by you" if choices.crs else "said by the file"
    return found


def layer_of(file: IO[bytes], choices: Choices) -> tuple[Described, list[str], str | None]:
    """The layer, the names of its columns, and its key."""
    with database.opened(file) as db:
        chosen = _chosen(_layers(db), choices)
        return (chosen, *_columns(db, chosen))


def _chosen(layers: dict[str, Described], choices: Choices) -> Described:
    if choices.layer is not None and choices.layer not in layers:
        raise RefusedError("This GeoPackage has no layer of that name. Choose one of its own.")
    return layers[choices.layer or next(iter(layers))]


def _required(crs: int | None) -> int:
    if crs is None:
        raise RefusedError(
            "The coordinate system of this layer is not known. Save it in British National Grid "
            "(EPSG:27700)."
        )
    return crs


def _layers(db: sqlite3.Connection) -> dict[str, Described]:
    """Features first, then tables without shapes; views and virtual tables are no layers."""
    plain = _plain_tables(db)
    if not {"gpkg_contents", "gpkg_spatial_ref_sys"} <= plain:
        raise RefusedError(NOT_ONE)
    shaped = {}
    if "gpkg_geometry_columns" in plain:
        found = db.execute(
            "select table_name, column_name, geometry_type_name, srs_id from gpkg_geometry_columns"
        ).fetchmany(MAX_LAYERS + 1)
        shaped = {name: (column, kind, crs) for name, column, kind, crs in found}
    listed = db.execute("select table_name, data_type from gpkg_contents").fetchmany(MAX_LAYERS + 1)
    if len(listed) > MAX_LAYERS:
        raise RefusedError(f"This GeoPackage has more than {MAX_LAYERS} layers. Save one of them.")
    layers = _described_layers(db, plain, shaped, listed)
    if not layers:
        raise RefusedError(NOT_ONE)
    return layers


def _described_layers(
    db: sqlite3.Connection,
    plain: set[str],
    shaped: dict[object, tuple[object, object, object]],
    listed: list[tuple[object, object]],
) -> dict[str, Described]:
    layers = {}
    for name, kind in sorted(listed, key=lambda each: str(each[1]) != "features"):
        if not isinstance(name, str) or name not in plain or CONTROL.search(name):
            continue
        column, geometry, crs = shaped.get(name, (None, "none", None))
        if kind == "features" and isinstance(column, str):
            layers[name] = Described(name, column, str(geometry)[:30].title(), _epsg(db, crs))
        elif kind == "attributes":
            layers[name] = Described(name, None, "none", None)
    return layers


def _plain_tables(db: sqlite3.Connection) -> set[str]:
    found = db.execute("select name, type, sql from sqlite_schema").fetchmany(5001)
    if len(found) > 5000:
        raise RefusedError(database.DAMAGED)
    return {
        name
        for name, kind, sql in found
        if kind == "table"
        and isinstance(name, str)
        and isinstance(sql, str)
        and sql.lstrip().lower().startswith("create table")
    }


def _epsg(db: sqlite3.Connection, crs: object) -> int | None:
    found = db.execute(
        "select organization, organization_coordsys_id from gpkg_spatial_ref_sys where srs_id = ?",
        (crs if isinstance(crs, int) else None,),
    ).fetchone()
    if found is None or str(found[0]).upper() != "EPSG" or not isinstance(found[1], int):
        return None
    return int(found[1])


def _described(db: sqlite3.Connection, name: str) -> list[tuple[str, int]]:
    """Names of the columns that are stored (not the generated ones), and their part in the key."""
    found = database.columns(db, name)
    if len(found) > MAX_COLUMNS + 2:
        raise RefusedError(
            f"This layer has {len(found):,} columns; at most {MAX_COLUMNS} can be read. "
            "Remove those you do not need."
        )
    return [(str(each[1]), int(each[5])) for each in found]


def _columns(db: sqlite3.Connection, layer: Described) -> tuple[list[str], str | None]:
    """Without the shape and the key that GeoPackage adds; and the key."""
    described = _described(db, layer.name)
    keys = [column for column, part in described if part]
    key = keys[0] if len(keys) == 1 else None
    added = key is not None and key.lower() in {"fid", "ogc_fid"}
    hidden = {layer.geometry, key if added else None}
    return [name for name, _ in described if name not in hidden], key


def rows(file: IO[bytes], layer: Described, names: list[str], key: str | None) -> Iterator[Row]:
    """Rows with the number that a GIS shows; shapes by `shapes`."""
    for number, values, blob in stored(file, layer, names, key):
        yield _row(number, values, blob)


def stored(
    file: IO[bytes], layer: Described, names: list[str], key: str | None
) -> Iterator[tuple[int, list[object], object]]:
    """Number, values as they are stored, and the shape with its head."""
    with database.opened(file) as db:
        found = database.rows(db, [*names, layer.geometry, key], layer.name)
        seen, top = set[int](), 0
        for count, (*values, blob, fid) in enumerate(found, start=1):
            if count > MAX_ROWS:
                raise RefusedError(f"This layer has more than {MAX_ROWS:,} rows. Split it.")
            number = fid if _is_number(fid) and fid not in seen else top + 1
            seen.add(number)
            top = max(top, number)
            yield number, values, blob


def _is_number(fid: object) -> bool:
    return isinstance(fid, int) and 0 < fid < 1 << 53


def _row(number: int, values: list[object], blob: object) -> Row:
    shape, problem = of_blob(blob) if isinstance(blob, bytes) else (None, None)
    cells = [text_of(value) for value in values]
    if any(cell is not None and len(cell) > MAX_CELL for cell in cells):
        problem = ("A cell is longer than 32 KB.", "Shorten its text.")
        cells = [cell[:1000] if cell else cell for cell in cells]
    if CONTROL.search("".join(filter(None, cells))):
        problem = problem or CONTROL_PROBLEM
        cells = [CONTROL.sub("\ufffd", cell) if cell else cell for cell in cells]
    return Row(number, cells, shape, problem)


def text_of(value: object) -> str | None:
    """As text; pictures and the like are left out."""
    if value is None or value == "" or isinstance(value, bytes):
        return None
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    return str(value)


def of_blob(blob: bytes) -> shapes.Shaped:
    """The well-known binary behind the head of a GeoPackage's geometry."""
    if blob[:2] != b"GP" or len(blob) < 8:
        return None, shapes.UNREADABLE
    flags = blob[3]
    envelope = ENVELOPES.get((flags >> 1) & 7)
    if envelope is None or flags & 0x20:
        return None, shapes.KIND
    if flags & 0x10:
        return None, None
    return shapes.of_wkb(blob[8 + envelope :])
