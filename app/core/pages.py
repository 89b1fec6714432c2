"""Pages: Jinja templates, forms read to a value or to errors, HTML or problem by Accept."""

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar
from urllib.parse import urlencode

from fastapi import Depends, Request, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from pydantic import BaseModel, ValidationError
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse

from app.core import clock, dates
from app.core.errors import ForbiddenError
from app.core.packing import packed

FRONTEND = Path(__file__).resolve().parents[2] / "frontend"
Parsed = TypeVar("Parsed", bound=BaseModel)

SESSION_COOKIE = "__Host-session"
MOST_FIELDS = 500  # the triage of a report asks two for each word that may identify somebody

TOO_LONG = frozenset({"string_too_long", "too_long"})  # texts have both, lists the second
PHRASES = {
    "missing": "Answer this question.",
    "too_long": "This is too long.",
}

_env = Environment(
    loader=FileSystemLoader(FRONTEND / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def capital(words: str) -> str:
    """With a capital first and the others as they are: VCA stays VCA."""
    return words[:1].upper() + words[1:]


_env.globals |= {"london": clock.london, "last_day": clock.last_day, "capital": capital}
_env.globals["boxes"] = dates.boxes
_env.globals["now"] = clock.now


def wants_html(request: Request) -> bool:
    """A browser asking for a page, not a program asking for data."""
    if request.url.path.startswith(("/api/", "/tiles/", "/basemap/", "/ogc/")):
        return False
    return "text/html" in request.headers.get("accept", "")


def render(
    request: Request,
    template: str,
    *,
    status: int | None = None,
    **context: Any,  # noqa: ANN401 - what the template needs
) -> Response:
    """Every page also gets the actor, the section of the menu, the demo banner and the token.

    Where nothing else is said, a page that shows `errors` answers 422 and any other 200.
    """
    shared = request.app.state.page_context(request)
    body = rendered(template, **(shared | context))
    status = status or (422 if context.get("errors") else 200)
    page = Response(body, status, media_type="text/html; charset=utf-8")
    return packed(request, page) if shared["actor"] else page


def rendered(template: str, **context: Any) -> str:  # noqa: ANN401 - what the template needs
    """The page alone, where nobody has asked yet."""
    return _env.get_template(template).render(**context)


def see(url: str) -> Response:
    """After a POST: 303, so that reload and Back do not send again."""
    return RedirectResponse(url, status_code=303)


def address(path: str, **query: str) -> str:
    return f"{path}?{urlencode(query)}"


def arrived(request: Request, to: str, *, title: str = "Opening the page") -> Response:
    """A page that goes on by itself: a redirect would not carry the strict cookie with it."""
    return render(request, "sign-on/arrived.html", page_title=title, to=to)


def csrf_token(request: Request) -> str:
    """Of this session and no other; before sign-in there is only one, and nothing to protect."""
    session = request.cookies.get(SESSION_COOKIE, "")
    return hmac.new(request.app.state.csrf_key, session.encode(), hashlib.sha256).hexdigest()


async def form_fields(request: Request) -> dict[str, str]:
    """Text fields of a form that we sent, empty answers left out. Files: the imports slice."""
    form = await request.form(max_files=0, max_fields=MOST_FIELDS)
    said = str(form.get("csrf", "")).encode(
        "utf-8", "replace"
    )  # as bytes: any text may be compared
    if not hmac.compare_digest(said, csrf_token(request).encode()):
        raise ForbiddenError(
            "This form is out of date. Open the page again and send it from there."
        )
    return _answers(form)


async def entry_fields(request: Request) -> dict[str, str]:
    """The same for the doors of sign-in, where no session is acted upon and none can be forged.

    A page opened by a link elsewhere comes without the strict cookie and is sent with it, so that
    a token of the cookie would refuse the very people who follow a link. That the form is ours is
    checked by its origin (`core.security`).
    """
    return _answers(await request.form(max_files=0, max_fields=20))


Form = Annotated[dict[str, str], Depends(form_fields)]
Entry = Annotated[dict[str, str], Depends(entry_fields)]


def _answers(form: FormData) -> dict[str, str]:
    text = [(name, value) for name, value in form.items() if isinstance(value, str)]
    return {name: value for name, value in dates.joined(text) if value.strip() and name != "csrf"}


def asked(request: Request, names: Iterable[str]) -> dict[str, str]:
    """What the address asks of these, what was left open left out."""
    query = request.query_params
    return {name: dates.given(query[name]) for name in names if query.get(name, "").strip()}


def parse(model: type[Parsed], fields: Mapping[str, Any]) -> tuple[Parsed | None, dict[str, str]]:
    """The value, or one message a field."""
    try:
        return model.model_validate(fields, strict=False), {}
    except ValidationError as refused:
        return None, {_field(e): _words(e) for e in refused.errors()}


def _field(error: Mapping[str, Any]) -> str:
    place = error["loc"][:-1] if error["type"] == "extra_forbidden" else error["loc"]
    return ".".join(str(part) for part in place) or "form"


def _words(error: Mapping[str, Any]) -> str:
    if error["type"] == "value_error":
        return str(error["ctx"]["error"])
    if error["type"] in TOO_LONG and isinstance(error["input"], str):
        return f"Use at most {error['ctx']['max_length']:,} characters."
    return PHRASES.get(error["type"], "Check this answer.")
