"""JSON out: fast, and never NaN; and canonical, where it is signed."""

import json
from typing import Any

import orjson


def json_bytes(value: Any) -> bytes:  # noqa: ANN401 - whatever orjson can write
    return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS)


def canonical(made: dict[str, Any]) -> str:
    """Sorted keys, UTF-8, no spaces: the same bytes on each machine.

    >>> canonical({"b": 1, "a": "é"})
    '{"a":"é","b":1}'
    """
    return json.dumps(made, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
