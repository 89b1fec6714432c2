"""What a street-level file of data.police.uk holds: columns, refusals, and the key of each row.

Facts of the publication: month precision only; anti-social behaviour has no Crime ID and identical
rows are legitimate; one Crime ID can stand in several rows; coordinates, street and LSOA can be
blank; LSOA codes change vintage in 2023-02; a month is published again with new outcomes.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from app.core import hashing

Array = NDArray[Any]

NATIVE = (
    "Crime ID",
    "Month",
    "Reported by",
    "Falls within",
    "Longitude",
    "Latitude",
    "Location",
    "LSOA code",
    "LSOA name",
    "Crime type",
    "Last outcome category",
    "Context",
)
NEEDED = ("Month", "Longitude", "Latitude", "Location")
# Columns that become codes, and the kind of label each is.
LABELLED = {
    "Crime type": "category",
    "Last outcome category": "outcome",
    "Reported by": "force",
    "Falls within": "force",
    "Location": "street",
    "LSOA code": "lsoa",
    "Context": "context",
}
IN_KEY = ("Month", "Reported by", "Falls within", "Location", "Crime type", "Context")
NOT_STATED = "Not stated"
MONTH = re.compile(r"(19|20)\d\d-(0[1-9]|1[0-2])")
# Category names of the publisher, to be recognised in the name of a file that leaves them out.
CATEGORIES = (
    "Anti-social behaviour",
    "Bicycle theft",
    "Burglary",
    "Criminal damage and arson",
    "Drugs",
    "Possession of weapons",
    "Public order",
    "Robbery",
    "Shoplifting",
    "Theft from the person",
    "Vehicle crime",
    "Violence and sexual offences",
)
# The British Isles with their waters; outside it the projection means nothing.
WEST_DEG, SOUTH_DEG, EAST_DEG, NORTH_DEG = -9.0, 49.0, 2.5, 61.5


class Refusal(NamedTuple):
    """A row that cannot be used: its number in the file (the header is 1), and why."""

    row: int
    reason: str


class Labels(NamedTuple):
    """A column as codes into its distinct values; -1 is blank."""

    values: list[str]
    code: Array  # int32


@dataclass(frozen=True, slots=True)
class Street:
    """The usable rows of one file, column by column; every array has one entry a row."""

    month: Array  # datetime64[D], first day
    lon_e6: Array  # int32, millionths of a degree; 0 where not located
    lat_e6: Array
    located: Array  # bool
    labels: Mapping[str, Labels]
    crime_id: Array  # V32; zeros where blank
    key: Array  # uint64 (n, 2): 128 bits

    def __len__(self) -> int:
        return len(self.month)


def missing_columns(names: list[str]) -> list[str]:
    return [name for name in NEEDED if name not in names]


def category_in_name(file_name: str) -> str | None:
    """`burglary_kingston.csv` says what its rows are when no column does."""
    plain = re.sub(r"[^a-z]+", " ", file_name.lower())
    return next((c for c in CATEGORIES if re.sub(r"[^a-z]+", " ", c.lower()) in plain), None)


def read(
    table: pa.Table, defaults: Mapping[str, str], first_row: int = 2
) -> tuple[Street, list[Refusal]]:
    """Rows of a table of text columns that can be used, and why the others cannot."""
    columns = {name: _text(table, name, defaults) for name in NATIVE}
    months = _labels(columns["Month"])
    lon, lon_bad = _degrees(columns["Longitude"])
    lat, lat_bad = _degrees(columns["Latitude"])
    refused = _refusals(months, lon, lat, lon_bad | lat_bad)
    keep = np.flatnonzero(refused == 0)
    street = _street(columns, months, (lon, lat), keep)
    bad = np.flatnonzero(refused)
    return street, [Refusal(int(i) + first_row, REASONS[refused[i]]) for i in bad]


REASONS = {
    1: "The month is not written as YYYY-MM.",
    2: "A coordinate is not a number.",
    3: "Only one of longitude and latitude is given.",
    4: "The point lies outside the British Isles.",
}


def _refusals(months: Labels, lon: Array, lat: Array, not_number: Array) -> Array:
    """0 for a good row, else the number of the first reason."""
    refused = np.zeros(len(lon), dtype=np.int8)
    given = ~np.isnan(lon)
    with np.errstate(invalid="ignore"):
        outside = given & ~(
            (lon >= WEST_DEG) & (lon <= EAST_DEG) & (lat >= SOUTH_DEG) & (lat <= NORTH_DEG)
        )
    refused[outside] = 4
    refused[given != ~np.isnan(lat)] = 3
    refused[not_number] = 2
    bad = np.array([not MONTH.fullmatch(value) for value in months.values] + [True])
    refused[bad[months.code]] = 1  # code -1, a blank month, reads the last entry
    return refused


def _street(
    columns: Mapping[str, pa.Array], months: Labels, degrees: tuple[Array, Array], keep: Array
) -> Street:
    lon, lat = (np.nan_to_num(d[keep]) for d in degrees)
    located = ~np.isnan(degrees[0][keep])
    whole = len(keep) == len(months.code)
    kept = {n: c if whole else c.take(pa.array(keep)) for n, c in columns.items()}
    labels = {name: _labels(kept[name]) for name in {*LABELLED, *IN_KEY}}
    lon_e6, lat_e6 = (np.round(d * 1e6).astype(np.int32) for d in (lon, lat))
    crime_id = _crime_ids(kept["Crime ID"])
    content = [crime_id.view(np.uint64).reshape(-1, 4)[:, :2], _point_words(lon_e6, lat_e6)]
    content += [_words(labels[name]) for name in IN_KEY]
    return Street(
        month=_first_days(labels["Month"]),
        lon_e6=lon_e6,
        lat_e6=lat_e6,
        located=located,
        labels=labels,
        crime_id=crime_id,
        key=hashing.numbered(hashing.mixed(content)),
    )


def _text(table: pa.Table, name: str, defaults: Mapping[str, str]) -> pa.Array:
    if name not in table.column_names:
        return pa.array([defaults.get(name)] * len(table), pa.string())
    column = table[name]
    return column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)


def _labels(column: pa.Array) -> Labels:
    encoded = column.dictionary_encode()
    values = encoded.dictionary.to_pylist()
    code = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int32)
    blank = [i for i, value in enumerate(values) if not value]
    if blank:
        code = np.where(np.isin(code, blank), -1, code).astype(np.int32)
    return Labels([value or "" for value in values], code)


def _degrees(column: pa.Array) -> tuple[Array, Array]:
    """Numbers with NaN for blank, and which of the others are no numbers."""
    blank = pc.equal(pc.utf8_trim_whitespace(column), "")
    text = pc.if_else(pc.fill_null(blank, True), None, column)
    try:
        values = text.cast(pa.float64())
    except pa.ArrowInvalid:
        number = pc.match_substring_regex(text, r"^\s*[-+]?[0-9]+(\.[0-9]*)?\s*$")
        bad = pc.fill_null(pc.invert(number), False)
        text = pc.if_else(bad, None, text)
        values = pc.utf8_trim_whitespace(text).cast(pa.float64())
        return _floats(values), bad.to_numpy(zero_copy_only=False).astype(bool)
    return _floats(values), np.zeros(len(column), dtype=bool)


def _floats(values: pa.Array) -> Array:
    return np.asarray(values.to_numpy(zero_copy_only=False), dtype=np.float64)


def _first_days(months: Labels) -> Array:
    days = np.array([f"{value}-01" for value in months.values] or ["2000-01-01"], "datetime64[D]")
    return days[months.code]


def _crime_ids(column: pa.Array) -> Array:
    """The published 64 hexadecimal digits as 32 bytes; anything else by its SHA-256."""
    out = np.zeros((len(column), 32), dtype=np.uint8)
    lengths = pc.fill_null(pc.binary_length(column), 0).to_numpy(zero_copy_only=False)
    usual = np.flatnonzero(lengths == 64)
    if len(usual):
        text = pc.cast(column.take(pa.array(usual)), pa.binary())
        raw = b"".join(text.to_pylist())
        nibbles = HEX[np.frombuffer(raw, np.uint8).reshape(-1, 64)]
        good = (nibbles < 16).all(axis=1)
        out[usual[good]] = (nibbles[good, ::2] << 4) | nibbles[good, 1::2]
        odd = np.concatenate([usual[~good], np.flatnonzero((lengths > 0) & (lengths != 64))])
    else:
        odd = np.flatnonzero(lengths > 0)
    for i in odd:
        out[i] = np.frombuffer(hashlib.sha256(column[int(i)].as_py().encode()).digest(), np.uint8)
    return out


HEX = np.full(256, 99, dtype=np.uint8)
HEX[np.frombuffer(b"0123456789abcdef", np.uint8)] = np.arange(16)
HEX[np.frombuffer(b"ABCDEF", np.uint8)] = np.arange(10, 16)


def _words(labels: Labels) -> Array:
    """128 bits of each row's text, by a cryptographic hash of each distinct text."""
    digests = b"".join(
        hashlib.blake2b(value.encode(), digest_size=16).digest() for value in [*labels.values, ""]
    )
    return np.frombuffer(digests, np.uint64).reshape(-1, 2)[labels.code]


def _point_words(lon_e6: Array, lat_e6: Array) -> Array:
    packed = (lon_e6.astype(np.int64) << 32) | (lat_e6.astype(np.int64) & 0xFFFFFFFF)
    one = packed.view(np.uint64)
    return np.column_stack([one, one ^ np.uint64(0xA5A5A5A5A5A5A5A5)])
