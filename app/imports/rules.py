"""What a street-level file of data.police.uk holds: columns, refusals, and the key of each row.

Facts of the publication: month precision only; anti-social behaviour has no Crime ID and identical
rows are legitimate; one Crime ID can stand in several rows; coordinates, street and LSOA can be
blank; a month is published again with new outcomes, and since 2023-02 with another vintage of LSOA.
"""

import binascii
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from app.core import columns, hashing
from geo import crs

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
# The outcome changes from one publication to the next, and so does the vintage of the LSOA.
# The street is in the key too.
IN_KEY = ("Month", "Reported by", "Falls within", "Crime type", "Context")
NOT_STATED = "Not stated"
MONTH = re.compile(r"[2-9]\d{3}-(0[1-9]|1[0-2])", re.ASCII)
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
# Longitude and latitude surely on the British National Grid; what is not is converted to see.
WEST_DEG, SOUTH_DEG, EAST_DEG, NORTH_DEG = -7.4, 50.0, 2.0, 61.0
REASONS = {
    1: "The month is not written as YYYY-MM.",
    2: "A coordinate is not a number.",
    3: "Only one of longitude and latitude is given.",
    4: "The point lies outside the British Isles.",
    5: "The month lies in the future.",
}


class Labels(NamedTuple):
    """A column as codes into its distinct values; -1 is blank."""

    values: list[str]
    code: Array  # int32


class Part(NamedTuple):
    """The usable rows of one block of a file."""

    lon_e6: Array
    lat_e6: Array
    located: Array
    crime_id: Array
    columns: Mapping[str, pa.DictionaryArray]  # those that the file has


@dataclass(frozen=True, slots=True)
class Street:
    """The usable rows of one file, column by column; every array has one entry a row."""

    month: Array  # datetime64[D], first day
    lon_e6: Array  # int32, millionths of a degree; 0 where not located
    lat_e6: Array
    located: Array  # bool
    labels: Mapping[str, Labels]
    crime_id: Array  # uint8 (n, 32); zeros where blank
    key: Array  # uint64 (n, 2): 128 bits
    by_key: Array  # the rows in the order of their keys

    def __len__(self) -> int:
        return len(self.month)


def missing_columns(names: list[str]) -> list[str]:
    return [name for name in NEEDED if name not in names]


def category_in_name(file_name: str) -> str | None:
    """`burglary_kingston.csv` says what its rows are when no column does."""
    plain = re.sub(r"[^a-z]+", " ", file_name.lower())
    return next((c for c in CATEGORIES if re.sub(r"[^a-z]+", " ", c.lower()) in plain), None)


def read(block: pa.RecordBatch, this_month: date) -> tuple[Part, Array]:
    """Rows of a block of text columns that can be used; of all rows 0 or the number of a reason."""
    coded = [name for name in {*LABELLED, *IN_KEY} if name in block.schema.names]
    lon, lon_bad = _degrees(block["Longitude"])
    lat, lat_bad = _degrees(block["Latitude"])
    refused = point_reasons(lon, lat, lon_bad | lat_bad)
    month = _month_reasons(block["Month"].dictionary_encode(), this_month)
    refused[month > 0] = month[month > 0]
    keep = refused == 0
    if not keep.all():
        block, lon, lat = columns.taken(block, np.flatnonzero(keep)), lon[keep], lat[keep]
    located = ~np.isnan(lon)
    lon_e6, lat_e6 = (np.round(np.nan_to_num(d) * 1e6).astype(np.int32) for d in (lon, lat))
    crime_id = (
        _crime_ids(block["Crime ID"])
        if "Crime ID" in block.schema.names
        else np.zeros((len(block), 32), np.uint8)
    )
    encoded = {name: block[name].dictionary_encode() for name in coded}
    return Part(lon_e6, lat_e6, located, crime_id, encoded), refused


def whole(parts: Sequence[Part], defaults: Mapping[str, str]) -> Street:
    """The parts of one file, in order; equal rows are numbered over all of them."""
    labels = {name: _labels(parts, name, defaults) for name in {*LABELLED, *IN_KEY}}
    lon_e6, lat_e6, located, crime_id = (
        np.concatenate([part[i] for part in parts]) for i in range(4)
    )
    content = [crime_id.view(np.uint64)[:, :2], _point_words(lon_e6, lat_e6)]
    content += [_words(labels["Location"]), _joint_words([labels[name] for name in IN_KEY])]
    key, by_key = hashing.numbered(hashing.mixed(content))
    return Street(
        month=_first_days(labels["Month"]),
        lon_e6=lon_e6,
        lat_e6=lat_e6,
        located=located,
        labels=labels,
        crime_id=crime_id,
        key=key,
        by_key=by_key,
    )


def point_reasons(lon: Array, lat: Array, not_number: Array) -> Array:
    """0 for a good point, else the number of the first reason."""
    refused = np.zeros(len(lon), dtype=np.int8)
    given = ~np.isnan(lon)
    with np.errstate(invalid="ignore"):
        inside = (lon >= WEST_DEG) & (lon <= EAST_DEG) & (lat >= SOUTH_DEG) & (lat <= NORTH_DEG)
    unsure = np.flatnonzero(given & ~inside)
    refused[unsure[_off_grid(np.column_stack([lon[unsure], lat[unsure]]))]] = 4
    refused[given != ~np.isnan(lat)] = 3
    refused[not_number] = 2
    return refused


def _off_grid(lonlat_deg: Array) -> Array:
    """Not on the British National Grid, to which every point is converted."""
    lon, lat = lonlat_deg.T
    sane = (np.abs(lon) <= 180) & (np.abs(lat) <= 90)
    east, north = crs.to_bng(np.where(sane[:, None], lonlat_deg, 0)).T
    on_grid = (east >= 0) & (east <= crs.EAST_MAX_M) & (north >= 0) & (north <= crs.NORTH_MAX_M)
    off: Array = ~(sane & on_grid)
    return off


def _month_reasons(months: pa.DictionaryArray, this_month: date) -> Array:
    latest = f"{this_month:%Y-%m}"
    reasons = [
        1 if not MONTH.fullmatch(value or "") else 5 * (value > latest)
        for value in months.dictionary.to_pylist()
    ]
    found: Array = np.array([*reasons, 1], dtype=np.int8)[columns.codes(months)]  # blank: the last
    return found


def _labels(parts: Sequence[Part], name: str, defaults: Mapping[str, str]) -> Labels:
    if name not in parts[0].columns:
        n = sum(len(part.located) for part in parts)
        value = defaults.get(name)
        return Labels([value or ""], np.full(n, 0 if value else -1, dtype=np.int32))
    column = pa.chunked_array([part.columns[name] for part in parts]).unify_dictionaries()
    values = [value or "" for value in column.chunk(0).dictionary.to_pylist()]
    code = np.concatenate([columns.codes(chunk) for chunk in column.chunks])
    if name in defaults and (code < 0).any():
        code = np.where(code < 0, np.int32(len(values)), code)
        values.append(defaults[name])
    return Labels(values, code)


def _degrees(column: pa.Array) -> tuple[Array, Array]:
    """Numbers with NaN for blank, and which of the others are no numbers."""
    try:
        values = column.cast(pa.float64())
    except pa.ArrowInvalid:
        return _odd_degrees(column)
    given = columns.is_given(values)
    degrees = np.where(given, columns.numbers(values, "float64"), np.nan)
    infinite = given & ~np.isfinite(degrees)
    return degrees, infinite


def _odd_degrees(column: pa.Array) -> tuple[Array, Array]:
    """The same, cell by cell, where a blank or a word is among them."""
    degrees = np.full(len(column), np.nan)
    bad = np.zeros(len(column), dtype=bool)
    for i, cell in enumerate(column.to_pylist()):
        text = (cell or "").strip()
        try:
            degrees[i] = float(text or "nan")
            bad[i] = bool(text) and (not np.isfinite(degrees[i]) or "_" in text)
        except ValueError:
            bad[i] = True
    return degrees, bad


def _first_days(months: Labels) -> Array:
    days = np.array([f"{value}-01" for value in months.values] or ["2000-01-01"], "datetime64[D]")
    return days[months.code]


def _crime_ids(column: pa.Array) -> Array:
    """The published 64 hexadecimal digits as 32 bytes; anything else by its SHA-256."""
    out = np.zeros((len(column), 32), dtype=np.uint8)
    body, lengths = columns.text_bytes(column)
    given = np.flatnonzero(lengths)
    try:
        raw = binascii.unhexlify(body) if (lengths[given] == 64).all() else None
    except ValueError:
        raw = None
    if raw is None:
        raw = b"".join(map(_crime_id, columns.taken(column, given).to_pylist()))
    out[given] = np.frombuffer(raw, np.uint8).reshape(-1, 32)
    return out


def _crime_id(text: str) -> bytes:
    try:
        raw = binascii.unhexlify(text)
    except ValueError:
        raw = b""
    return raw if len(raw) == 32 else hashlib.sha256(text.encode()).digest()


def _words(labels: Labels) -> Array:
    """128 bits of each row's text, by a cryptographic hash of each distinct text."""
    return _digests(labels)[labels.code]


def _digests(labels: Labels) -> Array:
    """Of the distinct texts in their order, then of the blank (code -1 reads the last)."""
    digests = b"".join(
        hashlib.blake2b(value.encode(), digest_size=16).digest() for value in [*labels.values, ""]
    )
    return np.frombuffer(digests, np.uint64).reshape(-1, 2)


def _joint_words(together: Sequence[Labels]) -> Array:
    """128 bits of several columns of few values: each combination is hashed once."""
    joint = np.zeros(len(together[0].code), dtype=np.int64)
    for labels in together:
        joint = joint * (len(labels.values) + 1) + (labels.code + 1)
    distinct, at = columns.encoded(joint)
    rest, content = distinct, []
    for labels in reversed(together):
        rest, code = np.divmod(rest, len(labels.values) + 1)
        content.append(_digests(labels)[code - 1])
    return hashing.mixed(content)[at]


def _point_words(lon_e6: Array, lat_e6: Array) -> Array:
    packed = (lon_e6.astype(np.int64) << 32) | (lat_e6.astype(np.int64) & 0xFFFFFFFF)
    one = packed.view(np.uint64)
    return np.column_stack([one, one ^ np.uint64(0xA5A5A5A5A5A5A5A5)])
