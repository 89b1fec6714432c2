"""JSON out: fast, and never NaN."""

from typing import Any

import orjson


def json_bytes(value: Any) -> bytes:  # noqa: ANN401 - whatever orjson can write
    return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS)
