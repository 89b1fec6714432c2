"""What a person or a program hands in: a file kept in memory, and the few words beside it."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Query, Request
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from app.core.errors import ForbiddenError, InvalidError
from app.core.pages import csrf_token

MOST_FIELDS = 20
OLD_FORM = "This form is out of date. Open the page again and send it from there."
NO_FILE = "Choose a file."


@dataclass(frozen=True, slots=True)
class HandedIn:
    """Empty where nothing was chosen."""

    name: str
    body: bytes
    fields: Mapping[str, str]


async def from_form(request: Request) -> HandedIn:
    """A form of ours with one file."""
    found = await _parts(request)
    said = found.fields.get("csrf", "").encode("utf-8", "replace")
    if not hmac.compare_digest(said, csrf_token(request).encode()):
        raise ForbiddenError(OLD_FORM)
    return found


FileName = Annotated[str, Query(max_length=200)]


async def from_program(request: Request, name: FileName = "") -> HandedIn:
    """Parts of a form, or the file alone as the body, named in the address."""
    if _is_multipart(request):
        return await _parts(request)
    return HandedIn(name, await request.body(), {})


async def _parts(request: Request) -> HandedIn:
    """Nothing goes to the disk: the file is sealed before it is written anywhere."""
    if not _is_multipart(request):
        return HandedIn("", b"", {})
    parser = MultiPartParser(
        request.headers, request.stream(), max_files=1, max_fields=MOST_FIELDS, max_part_size=64_000
    )
    parser.spool_max_size = request.app.state.settings.upload_bytes + 1_000_000
    try:
        form = await parser.parse()
    except (MultiPartException, KeyError, UnicodeDecodeError) as wrong:
        raise InvalidError("This form cannot be read. Send one file.", {"file": NO_FILE}) from wrong
    file = next((v for v in form.values() if isinstance(v, UploadFile)), None)
    fields = {k: v for k, v in form.multi_items() if isinstance(v, str)}
    name = file.filename or "" if file else ""
    body = await file.read() if file else b""
    await form.close()
    return HandedIn(name, body, fields)


def _is_multipart(request: Request) -> bool:
    return request.headers.get("content-type", "").lower().startswith("multipart/form-data")


Form = Annotated[HandedIn, Depends(from_form)]
Sent = Annotated[HandedIn, Depends(from_program)]
