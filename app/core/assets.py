"""Files of the pages: scripts, styles and pictures, compressed once a process."""

import gzip
import os
import re
from functools import lru_cache
from pathlib import Path

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.staticfiles import NotModifiedResponse, PathLike, StaticFiles
from starlette.types import Scope

WORDS = (".js", ".css", ".svg", ".json", ".txt")
REMARKS = re.compile(rb"^\s*/\*.*?\*/[ ]*$", re.MULTILINE | re.DOTALL)
SHORT = 500  # bytes below which it is not worth it


class Assets(StaticFiles):
    """Vendored files carry their version in the path; our own are asked for again by ETag.

    They hold no secret, so that their length once compressed tells nothing; pages may hold one.
    """

    def file_response(
        self, full_path: PathLike, stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        response = super().file_response(full_path, stat_result, scope, status_code)
        age = "public, max-age=31536000, immutable" if "/vendor/" in str(full_path) else "no-cache"
        response.headers["cache-control"] = age
        if not str(full_path).endswith(WORDS) or stat_result.st_size < SHORT:
            return response
        response.headers["vary"] = "Accept-Encoding"
        asked = Headers(scope=scope)
        whole = not isinstance(response, NotModifiedResponse) and "range" not in asked
        if not whole or "gzip" not in asked.get("accept-encoding", ""):
            return response
        return _shorter(response, packed(str(full_path), stat_result.st_mtime_ns))


@lru_cache(maxsize=256)
def packed(path: str, _changed_ns: int) -> bytes:
    """A file as it was at that time: to compress the two map programs costs 20 ms each time."""
    whole = Path(path).read_bytes()
    own = path.endswith(".js") and "/vendor/" not in path
    return gzip.compress(bare(whole) if own else whole, 9, mtime=0)


def bare(script: bytes) -> bytes:
    """Without lines of comment and indentation, which only whoever reads the source needs.

    No text of ours in backquotes goes over lines: a test holds that.
    """
    lines = (line.strip() for line in REMARKS.sub(b"", script).splitlines())
    return b"".join(line + b"\n" for line in lines if line and not line.startswith(b"//"))


def _shorter(response: Response, body: bytes) -> Response:
    kept = {name: response.headers[name] for name in ("etag", "last-modified", "cache-control")}
    said = kept | {"content-encoding": "gzip", "vary": "Accept-Encoding"}
    return Response(body, response.status_code, said, response.headers["content-type"])
