"""Arrow columns as numpy arrays and back by their buffers.

Arrow's own conversions load pandas, which costs every import half a second of CPU.
"""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Array = NDArray[Any]
TYPES = {"int32": pa.int32(), "int64": pa.int64()}


def is_given(column: pa.Array) -> Array:
    """Which values are not null."""
    if column.null_count == 0:
        return np.ones(len(column), dtype=bool)
    bits = pc.is_valid(column)
    packed = np.frombuffer(bits.buffers()[1], np.uint8)
    unpacked = np.unpackbits(packed, count=bits.offset + len(bits), bitorder="little")
    given: Array = unpacked[bits.offset :].astype(bool)
    return given


def numbers(column: pa.Array, dtype: str) -> Array:
    """The values of a column of numbers of that type; anything where null."""
    values: Array = np.frombuffer(column.buffers()[1], dtype)
    return values[column.offset : column.offset + len(column)]


def codes(column: pa.DictionaryArray) -> Array:
    """Positions in the dictionary; -1 where null."""
    return np.where(is_given(column.indices), numbers(column.indices, "int32"), np.int32(-1))


def encoded(values: Array) -> tuple[Array, Array]:
    """Distinct values of an int64 array as they come, and the position of each in them.

    By hashing: a tenth of the cost of sorting, which `numpy.unique` does.
    """
    found = _wrapped(np.ascontiguousarray(values, dtype=np.int64)).dictionary_encode()
    return numbers(found.dictionary, "int64"), numbers(found.indices, "int32")


def taken(column: Any, positions: Array) -> Any:  # noqa: ANN401 - array or record batch
    return column.take(_wrapped(positions.astype(np.int64)))


def text_bytes(column: pa.Array) -> tuple[bytes, Array]:
    """All texts of a column end to end, and the length of each; null has none."""
    _, offsets, data = column.buffers()
    ends = np.frombuffer(offsets, np.int32)[column.offset : column.offset + len(column) + 1]
    body = b"" if data is None else memoryview(data)[ends[0] : ends[-1]]
    return bytes(body), np.diff(ends)


def _wrapped(values: Array) -> pa.Array:
    kind = TYPES[values.dtype.name]
    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(values)])
