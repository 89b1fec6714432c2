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
FOREIGN = "Send the file as application/octet-stream, or with a token."
# What a page elsewhere can make a browser send without asking; nothing said is one of them.
OF_FORMS = {"", "multipart/form-data", "application/x-www-form-urlencoded", "text/plain"}
NO_FILE = "Choose a file."


@dataclass(frozen=True, slots=True)
class HandedIn:
    """Empty where nothing was chosen."""

    name: str
    body: bytes
    fields: Mapping[str, str]


async def from_form(request: Request) -> HandedIn:
    """A form of ours with one file."""
    found = await (_parts(request) if _is_multipart(request) else _without_file(request))
    said = found.fields.get("csrf", "").encode("utf-8", "replace")
    if not hmac.compare_digest(said, csrf_token(request).encode()):
        raise ForbiddenError(OLD_FORM)
    return found


FileName = Annotated[str, Query(max_length=200)]


async def from_program(request: Request, name: FileName = "") -> HandedIn:
    """Parts of a form, or the file alone as the body, named in the address."""
    _must_be_ours(request)
    if _is_multipart(request):
        return await _parts(request)
    return HandedIn(name, await request.body(), {})


def _must_be_ours(request: Request) -> None:
    """A form of another site can send a file, in these types alone.

    Browsers say where such a request begins, and the service has compared it (`core.security`).
    One that does not say needs a token of a program, or a type that no form sends.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    by_program = request.headers.get("authorization", "")[:7].lower() == "bearer "
    said = by_program or "origin" in request.headers or "sec-fetch-site" in request.headers
    if kind in OF_FORMS and not said:
        raise ForbiddenError(FOREIGN)


async def _without_file(request: Request) -> HandedIn:
    """The words of a form that is none with a file."""
    form = await request.form(max_files=0, max_fields=MOST_FIELDS)
    return HandedIn("", b"", {k: v for k, v in form.multi_items() if isinstance(v, str)})


async def _parts(request: Request) -> HandedIn:
    """Nothing goes to the disk: the file is sealed before it is written anywhere."""
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
