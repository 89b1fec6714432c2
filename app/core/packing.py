"""Answers made shorter on their way: pages of staff and tiles of the map."""

import gzip

from fastapi import Request, Response

SHORT = 2_000  # bytes below which it is not worth it
LEVEL = 4


def packed(request: Request, response: Response) -> Response:
    """Compressed where the browser takes it.

    Lengths of what is compressed tell a secret to whoever can have the same answer sent again and
    again with words of their own in it. The cookie of a session is strict: no other site can.
    """
    body = bytes(response.body)
    if len(body) < SHORT or not takes_gzip(request):
        return response
    response.body = gzip.compress(body, LEVEL, mtime=0)
    response.headers["content-encoding"] = "gzip"
    response.headers["content-length"] = str(len(response.body))
    response.headers["vary"] = "Accept-Encoding"
    return response


def takes_gzip(request: Request) -> bool:
    return "gzip" in request.headers.get("accept-encoding", "")
