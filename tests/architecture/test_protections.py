"""What protects browsers and people, read from the code: cookies, the policy, forms."""

import ast
import re
from pathlib import Path

import pytest
from sqlalchemy import inspect

from app.accounts.models import Credential, User
from app.core import security

ROOT = Path(__file__).resolve().parents[2]
CODE = sorted(ROOT.glob("app/**/*.py"))
PAGES = sorted((ROOT / "frontend").glob("templates/**/*.html"))
SCRIPTS = sorted((ROOT / "frontend/static/js").glob("*.js"))
# The issuer sends the browser back from another site: a strict cookie would stay away.
FROM_ELSEWHERE = {"sign_on_routes.py", "browsers.py"}


def cookies(text: str) -> list[dict[str, str]]:
    """The named arguments of each call that sets one."""
    if ".set_cookie" not in text:
        return []
    return [
        {k.arg or "**": ast.unparse(k.value) for k in node.keywords}
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(".set_cookie")
    ]


def loose(given: dict[str, str], site: str) -> list[str]:
    wanted = {"secure": "True", "httponly": "True", "samesite": f"'{site}'"}
    return [name for name, value in wanted.items() if given.get(name) != value] + [
        name for name in ("domain", "**") if name in given
    ]


@pytest.mark.asvs("3.3.1", "3.3.2", "3.3.3", "3.3.4")
def test_every_cookie_is_made_in_one_way():
    found = [
        (path.name, cookie, "lax" if path.name in FROM_ELSEWHERE else "strict")
        for path in CODE
        for cookie in cookies(path.read_text())
    ]

    assert len(found) >= 5
    assert [
        (name, loose(cookie, site)) for name, cookie, site in found if loose(cookie, site)
    ] == []


@pytest.mark.parametrize(
    "call",
    [
        "a.set_cookie('x', v)",
        "a.set_cookie('x', v, secure=True, httponly=True, samesite='lax')",
        "a.set_cookie('x', v, secure=True, httponly=False, samesite='strict')",
        "a.set_cookie('x', v, secure=True, httponly=True, samesite='strict', domain='x.y')",
    ],
)
def test_a_loose_cookie_would_be_found(call):
    (given,) = cookies(call)

    assert loose(given, "strict")


@pytest.mark.asvs("3.4.3", "3.4.6", "3.7.1")
def test_the_policy_lets_in_nothing_but_our_files():
    said = dict(part.strip().split(" ", 1) for part in security.CSP.split(";"))

    assert said.pop("report-uri") == "/csp-report"
    assert said.pop("img-src") == "'self' data:"
    for closed in ("default-src", "frame-ancestors", "base-uri"):
        assert said.pop(closed) == "'none'"
    # What is not named falls back to nothing: plug-ins, frames, workers, fonts, media.
    assert said == dict.fromkeys(
        ("script-src", "style-src", "connect-src", "form-action"), "'self'"
    )


def test_no_page_holds_a_plug_in_or_a_frame():
    found = re.compile(r"<(object|embed|applet|iframe|frame|portal|base)\b", re.IGNORECASE)

    assert found.search("<OBJECT data=x>")
    assert [path.name for path in PAGES if found.search(path.read_text())] == []


@pytest.mark.asvs("6.2.7")
def test_nothing_stops_pasting():
    found = re.compile(r"onpaste|[\"'](paste|copy|contextmenu)[\"']|oncopy", re.IGNORECASE)

    assert found.search("field.addEventListener('paste', stop)")
    assert [path.name for path in (*PAGES, *SCRIPTS) if found.search(path.read_text())] == []


@pytest.mark.asvs("6.4.2")
def test_nobody_is_asked_for_a_hint():
    """Nothing that is kept of an account, and nothing a page of sign-in asks, could hold one."""
    found = re.compile(r"hint|question|answer|maiden|mother|school|pet\b", re.IGNORECASE)
    kept = [column.key for model in (User, Credential) for column in inspect(model).columns]
    asked = [
        name
        for path in PAGES
        if path.parent.name in {"sign-in", "account"}
        for name in re.findall(r'<(?:input|textarea)[^>]*\bname="([^"]+)"', path.read_text())
    ]

    assert found.search("secret_question")
    assert kept
    assert asked
    assert [name for name in kept + asked if found.search(name)] == []
