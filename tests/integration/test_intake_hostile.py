"""Whatever is sent to an address of the public, the answer is ours: never a failure, never an echo.

Joined by each public POST on the day it is added.
"""

import json

import pytest

from app.core.lanes import is_public
from app.core.security import PUBLIC_LIMIT
from tests.drafts import ready
from tests.people import browser
from tests.routes import CHANGES, ROUTES

CANARY = "9q7zkhostile"
POSTS = [route for route in CHANGES if is_public(route.path, route.method)]
PLAIN, JSON = "application/x-www-form-urlencoded", "application/json"
MULTIPART = "multipart/form-data; boundary=b"
PART = f'--b\r\nContent-Disposition: form-data; name="{{}}"\r\n\r\n{CANARY}\r\n'
FILE = f'--b\r\nContent-Disposition: form-data; name="x"; filename="{CANARY}"\r\n\r\nx\r\n'
HOSTILE = {
    "nothing": (PLAIN, b""),
    "nul": (PLAIN, f"notice_text={CANARY}%00&token=%00&code=%00&step=%00".encode()),
    "raw nul": (PLAIN, b"token=\0&where_q=\0" + CANARY.encode()),
    "not utf-8": (PLAIN, b"token=%ff%fe&where_q=%c3%28&where_text=\xff" + CANARY.encode()),
    "surrogate": (PLAIN, b"token=%ed%a0%80&notice_text=%ed%b0%80"),
    "names without an end": (PLAIN, b"a" * 60_000),
    "a thousand fields": (PLAIN, "&".join(f"f{n}={CANARY}" for n in range(1000)).encode()),
    "the same field often": (PLAIN, b"token=x&" * 90 + b"danger_answer=NO&danger_answer=YES"),
    "brackets": (PLAIN, b"token[]=x&token[a]=y&__proto__[x]=1&key.key=2"),
    "a wrong percent": (PLAIN, b"token=%&where_q=%zz&code=%u0041"),
    "multipart": (MULTIPART, (PART.format("token") + PART.format("token") + "--b--\r\n").encode()),
    "a file": (MULTIPART, (FILE + "--b--\r\n").encode()),
    "multipart cut": (MULTIPART, PART.format("token").encode()[:-9]),
    "multipart without a boundary": ("multipart/form-data", PART.format("token").encode()),
    "multipart of headers": (MULTIPART, b"--b\r\n" + b"x: y\r\n" * 3000 + b"\r\n\r\n--b--"),
    "multipart of parts": (MULTIPART, PART.format("x").encode() * 700 + b"--b--\r\n"),
    "multipart nul": (MULTIPART, PART.format("to\0ken").encode() + b"--b--\r\n"),
    "json": (JSON, json.dumps({"token": CANARY, "code": CANARY, "notice_text": CANARY}).encode()),
    "json cut": (JSON, b'{"danger_answer": "N'),
    "json twice": (JSON, b'{"danger_answer": "NO", "danger_answer": "YES"}'),
    "json deep": (JSON, b"[" * 5000 + b"]" * 5000),
    "json numbers": (JSON, b'{"longitude": 1e999, "latitude": NaN, "easting": -1e308}'),
    "json kinds": (JSON, b'{"danger_answer": [], "what_harms": {"a": 1}, "contact": "x"}'),
    "json surrogate": (JSON, b'{"notice_text": "\\ud800", "where_text": "\\u0000"}'),
    "text": ("text/plain", f"token={CANARY}".encode()),
    "xml": ("application/xml", f'<!DOCTYPE a [<!ENTITY b "{CANARY}">]><a>&b;</a>'.encode()),
    "no type": ("", f"token={CANARY}".encode()),
    "an odd type": ("application/x-www-form-urlencoded; charset=utf-7", b"token=+AGEA-"),
    "as long as may be": (PLAIN, b"notice_text=" + b"x" * (PUBLIC_LIMIT - 12)),
    "long answers": (
        PLAIN,
        b"&".join(
            name.encode() + b"=" + b"%F0%9F%A6%8A" * 800
            for name in ("notice_text", "where_text", "where_q", "code", "message", "decision")
        )[:49_000],
    ),
}
ANSWERS = {200, 201, 204, 303, 400, 403, 404, 405, 408, 411, 413, 415, 422, 429}


@pytest.fixture
def public(db, settings):
    with browser(db, settings, raise_server_exceptions=False) as client:
        yield client


def of_the_form(kind, body, form):
    """With the token of its page, so that more than the token is looked at."""
    if form is None or kind != PLAIN or len(body) > 50_000:
        return body
    return f"token={form.token}&key={form.key}&".encode() + body


def headers(kind, accept, form=None):
    said = {"Accept": accept} | ({"Content-Type": kind} if kind else {})
    return said | ({"Cookie": form.headers["Cookie"]} if form else {})


@pytest.mark.parametrize("route", POSTS, ids=str)
def test_no_body_makes_it_fail_or_comes_back(db, settings, public, route):
    wrong = []
    for what, (kind, body) in HOSTILE.items():
        form = ready(db, settings, notice_text="Synthetic words")
        for accept, of in (("text/html", form), ("text/html", None), ("application/json", None)):
            answer = public.post(
                route.address(),
                content=of_the_form(kind, body, of),
                headers=headers(kind, accept, of),
            )
            if answer.status_code not in ANSWERS or CANARY in answer.text:
                wrong.append((what, accept, bool(of), answer.status_code, answer.text[:300]))

    assert wrong == []


@pytest.mark.parametrize("route", POSTS, ids=str)
def test_one_byte_too_many_is_said_so(public, route):
    body = b"x" * (PUBLIC_LIMIT + 1)

    whole = public.post(route.address(), content=body, headers=headers(PLAIN, JSON))
    piece_by_piece = public.post(
        route.address(),
        content=(body[at : at + 1000] for at in range(0, len(body), 1000)),
        headers=headers(PLAIN, JSON),
    )

    assert whole.status_code == 413
    assert piece_by_piece.status_code in {413, 303}  # 303 where nothing of the body is read


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE"])
def test_other_methods_are_refused_with_what_there_is(public, method):
    public_routes = [route for route in ROUTES if is_public(route.path, "POST")]
    answers = {
        route.path: public.request(method, route.address(), headers={"Accept": "text/html"})
        for route in public_routes
        if route.path != "/exit"  # leads out, whatever is asked of it
        and not any(other.path == route.path and other.method == method for other in public_routes)
    }

    assert answers
    assert {answer.status_code for answer in answers.values()} <= {403, 405}
    assert [path for path, answer in answers.items() if "allow" not in answer.headers] == []
