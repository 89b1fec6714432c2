"""Fifty values that must not be found again: sent by every way there is, looked for everywhere."""

import io
import json
import logging
import re
import socket
from collections import Counter
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from functools import cache
from urllib.parse import quote, urlencode, urlsplit

import psycopg
import pytest
from pydantic import BaseModel
from sqlalchemy.exc import DataError, IntegrityError

from app.accounts.deps import May
from app.core import log
from app.core.pgconf import SAFE
from app.core.types import StrictModel
from tests.conftest import CLAIMS_KEY, cloned
from tests.live import serving
from tests.people import browser, csrf, sign_in_as
from tests.routes import READS, ROUTES, Clients

MARK = "9q7zk"  # in every canary but those of digits, which are searched for as whole numbers
CANARIES = {
    "name": [f"Zafirah {MARK}n{n} Quillon" for n in range(5)],
    "reference": ["PL-9Q7-ZK0M", "CH-9Q7-ZK1V", "IN-9Q7-ZK2A", f"PL-{MARK}"],
    "address": ["203.0.113.177", "2001:db8:9f7::177", "198.51.100.178"],
    "agent": [f"Agent{MARK}a{n}/1.0" for n in range(3)],
    "referer": [f"https://{MARK}r{n}.example/page" for n in range(3)],
    "query": [f"{MARK}q{n}" for n in range(4)],
    "password": [f"correct horse {MARK}p{n}" for n in range(4)],
    "token": [f"{MARK}t{n}0123456789abcdefghijklmnopqrstuvwxyz" for n in range(4)],
    "code": ["918273", "827364", "736455"],
    "postcode": ["KT99 7QZ", "TW99 7QX", "KT99 7QW"],
    "email": [f"{MARK}e{n}@mail.example" for n in range(3)],
    "phone": ["07700 900917", "07700 900826", "020 7946 0917"],
    "text": [f"She waits by the {MARK}f{n} gate at four" for n in range(8)],
}
ALL = [value for values in CANARIES.values() for value in values]
KIND = {value: kind for kind, values in CANARIES.items() for value in values}
# Nowhere at all: these belong to no record.
NEVER = {"address", "agent", "referer", "query", "password", "token", "code"}
# What people write about places, incidents, accounts. The auditor sees references, no words.
CONTENT = {"name", "postcode", "email", "phone", "text", "reference"}
BELONGS = {
    "app.place.name": CONTENT,
    "app.place.description": CONTENT,
    "app.place_version.content": CONTENT,
    "app.place.route_line": CONTENT,
    "app.place.route_from": CONTENT,
    "app.place.route_to": CONTENT,
    "app.place_exact.address": CONTENT,
    "app.subject_request.note": CONTENT,
    "app.objection.body": CONTENT,
    "app.objection.decision": CONTENT,
    "app.map_view.name": CONTENT,
    "app.online_space.url_defanged": CONTENT,
    "app.incident.summary": CONTENT,
    "app.incident_version.content": CONTENT,
    "app.incident_version.reason": CONTENT,
    "app.incident_state_change.reason": CONTENT,
    "app.child_place_link.basis": CONTENT,
    "app.user.name": CONTENT,
    "app.user.username": CONTENT,
    "app.user.email": {"email"},
    "app.access_grant.reason": CONTENT,
    "app.api_token.label": CONTENT,
    "app.passkey.label": CONTENT,
    "app.purpose_held.note": CONTENT,
    "audit.event.object_ref": {"reference"},
}
# Work with a context: what people write about a place and what is done there.
WRITTEN = {
    "context_assessment": (
        *("prompted_text", "boundary_reason", "scope", "managed_by", "previous_responses"),
        *("what_works", "policing_history", "consents", "slots_reason", "no_voice_reason"),
        "limits",
    ),
    "assessment_method": ("note",),
    "assessment_answer": ("note",),
    "signs_panel": ("body",),
    "safety_scale": ("why", "one_point"),
    "context_weighting": ("rationale",),
    "context_plan": ("equality_check", "consultation", "summary_plain"),
    "plan_goal": ("body",),
    "plan_measure": ("body", "unit"),
    "measure_observation": ("note",),
    "plan_action": ("body", "evidence", "goal_text"),
    "outcome_review": ("no_voice_reason", "displacement_text", "reason"),
    "context_comment": ("body",),
    "safety_map": ("area_label", "note"),
    "meeting": ("minutes",),
    "meeting_item": ("body", "decision"),
    "pack": ("recalled_reason",),
    "pack_entry": ("body", "owner", "due", "conditions"),
    "place_priority": ("override_reason",),
    **{
        f"{name}_state_change": ("reason",)
        for name in ("context_assessment", "context_plan", "plan_action", "safety_map", "meeting")
    },
}
BELONGS |= {f"app.{name}.{column}": CONTENT for name, of in WRITTEN.items() for column in of}
HEADERS = {
    "User-Agent": "agent",
    "Referer": "referer",
    "X-Forwarded-For": "address",
    "X-Real-IP": "address",
    "Forwarded": "address",
    "X-Purpose": "text",
    "Cookie": "token",
    "If-None-Match": "token",
    "Accept-Language": "text",
}


class Wheel:
    """The next canary of a kind; every one comes round."""

    def __init__(self) -> None:
        self.turns: Counter = Counter()

    def __call__(self, kind: str) -> str:
        self.turns[kind] += 1
        values = CANARIES[kind]
        return values[self.turns[kind] % len(values)]


@pytest.fixture(scope="module")
def canary_db(cluster, template):
    with cloned(cluster, template, "canary") as db:
        yield db


class Seen:
    """What came out: lines of logs, and answers as (route, answer)."""

    def __init__(self) -> None:
        self.out = io.StringIO()
        self.answers: list = []
        self.statuses: Counter = Counter()


@contextmanager
def watched(seen: Seen):
    """As in production: our log, what libraries warn of, and whatever is printed."""
    handler = logging.StreamHandler(seen.out)
    root = logging.getLogger()
    root.addHandler(handler)
    before = logging.getLogger("contextmap").handlers[:]
    try:
        with redirect_stderr(seen.out), redirect_stdout(seen.out):
            log.setup()
            yield
    finally:
        root.removeHandler(handler)
        logging.getLogger("contextmap").handlers[:] = before
        logging.getLogger("contextmap").propagate = True


@pytest.fixture(scope="module")
def seen(canary_db, house, cluster, tmp_path_factory) -> Seen:
    """Everything is sent once; the tests look at what is left of it."""
    found = Seen()
    clients = Clients(canary_db, house, raise_server_exceptions=False)
    wheel = Wheel()
    with watched(found):
        records(clients["cs_lead"], wheel, found)
        everything(clients, wheel, found)
        for failure in failures(wheel):
            with failing(failure):
                everything(clients, wheel, found, briefly=True)
        with audit_lost(canary_db):
            everything(clients, wheel, found, briefly=True)
    folder = tmp_path_factory.mktemp("served")
    with serving(cluster.dsn("ROLE", "canary"), CLAIMS_KEY, folder) as live:
        over_the_wire(live.url, wheel)
    found.out.write(live.log.read_text())
    return found


def records(client, wheel, seen) -> None:
    """Content that is kept, where it belongs."""
    point = {"easting": 518000, "northing": 169300}
    named = {"type_code": "TAKEAWAY_SHOP", "name": wheel("name"), "description": wheel("text")}
    place = client.post("/api/v1/places", json=point | named)
    assert place.status_code == 201, place.text
    what = {"harm_code": "KNIFE", "source_agency": "AFC", "summary": wheel("text")}
    when = {"occurred_from": "2026-11-05T12:00:00Z", "place": place.json()["ref"]}
    incident = client.post("/api/v1/incidents", json=what | when)
    assert incident.status_code == 201, incident.text
    seen.statuses[place.status_code] += 1


def everything(clients, wheel, seen, *, briefly=False) -> None:
    for route in ROUTES:
        for who in (route.role(),) if briefly else ("nobody", route.role()):
            client = clients[who]
            for request in list(requests(route, client, wheel))[: 1 if briefly else None]:
                answer = client.request(route.method, **request)
                seen.answers.append((route, answer))
                seen.statuses[answer.status_code] += 1


def requests(route, client, wheel):
    """One address with canaries in each part of it; a second with a well-formed path."""
    said = {name: wheel(kind) for name, kind in HEADERS.items()}
    said["Cookie"] = "; ".join([f"other={said['Cookie']}", cookies(client)])
    typed = {name: quote(wheel("reference")) for name in ("ref", "key", "token", "layer")}
    body = bodies(route, client, wheel)
    yield {"url": route.address(**typed), "headers": said, **body}
    asked = urlencode(
        {"q": wheel("query"), "next": f"/places?q={wheel('query')}", wheel("query"): 1}
    )
    yield {"url": f"{route.address()}?{asked}", "headers": said | {"Accept": "text/html"}, **body}
    if route.permission != "public":
        bearer = {"Authorization": f"Bearer {wheel('token')}"}
        yield {"url": route.address(), "headers": said | bearer, **body}


def cookies(client) -> str:
    return "; ".join(f"{name}={value}" for name, value in client.cookies.items())


FIELDS = {
    "password": "password",
    "repeat": "password",
    "current": "password",
    "code": "code",
    "username": "name",
    "email": "email",
    "postcode": "postcode",
    "ref": "reference",
    "place": "reference",
    "child": "reference",
    "token": "token",
}


def fields() -> set[str]:
    """Every name that any form or body of ours knows."""
    names = {"code", "password", "username", "answer", "note", "reason", "label", "purpose"}
    kinds: list[type[BaseModel]] = [StrictModel]
    while kinds:
        kind = kinds.pop()
        kinds += kind.__subclasses__()
        names |= set(kind.model_fields)
    return names


def bodies(route, client, wheel) -> dict:
    if not route.changes:
        return {}
    values = {name: wheel(FIELDS.get(name, "text")) for name in sorted(fields())}
    if route.models:
        return {"json": values | {"canary": wheel("phone")}}
    if route.is_form or route.is_door or route.is_public_form:
        return {"data": values | {"csrf": csrf(client)}}
    return {"content": json.dumps({"csp-report": {"document-uri": wheel("referer")}})}


def failures(wheel) -> list[Exception]:
    """What libraries raise quotes what they were given."""
    words = " ".join(ALL)
    return [
        RuntimeError(words),
        DataError(f"insert into t values ('{words}')", {"name": words}, Exception(words)),
        IntegrityError(f"insert into t values ('{words}')", {"name": words}, Exception(words)),
        psycopg.errors.InsufficientPrivilege(words),
        KeyError(words),
    ]


@contextmanager
def failing(error: Exception):
    def fails(*_args, **_kept):
        raise error

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(May, "check", fails)
        yield


@contextmanager
def audit_lost(db):
    """No trace can be written: 503, and nothing told."""
    with superuser(db) as admin:
        admin.execute("alter table audit.event rename to lost")
    try:
        yield
    finally:
        with superuser(db) as admin:
            admin.execute("alter table audit.lost rename to event")


def superuser(db) -> psycopg.Connection:
    return psycopg.connect(db.logins.dsn("postgres"), autocommit=True)


def over_the_wire(url: str, wheel) -> None:
    """Through the web server itself, and what it cannot read as a request at all."""
    where = urlsplit(url)
    for first in (
        f"GET /places?q={wheel('query')} HTTP/1.1",
        f"GET /places/{quote(wheel('reference'))} HTTP/1.1",
        f"POST /sign-in?next={wheel('query')} HTTP/1.1",
        f"BREW /{wheel('query')} HTTP/1.1",
        f"GET {wheel('query')} nonsense",
        f"{wheel('token')}",
        f"GET /{'x' * 70_000}{wheel('query')} HTTP/1.1",
    ):
        lines = [first, f"Host: {where.netloc}"]
        lines += [f"{name}: {wheel(kind)}" for name, kind in HEADERS.items()]
        with socket.create_connection((where.hostname, where.port), timeout=5) as wire:
            wire.sendall("\r\n".join([*lines, "Connection: close", "", ""]).encode())
            try:
                answer = wire.recv(65536).decode("latin-1")
            except ConnectionResetError:
                continue
        assert found_in(answer, NEVER) == [], first[:40]


def found_in(text: str, kinds=frozenset(CANARIES)) -> list[str]:
    low = text.lower()
    return [value for value in ALL if KIND[value] in kinds and told(value, low)]


def told(value: str, low: str) -> bool:
    """As it is, in an address, or as bytes in hex; numbers only as a whole."""
    if not value.isdigit():
        return any(way in low for way in ways(value))
    return value in low and re.search(rf"(?<![0-9a-f.:]){value}(?![0-9a-f])", low) is not None


@cache
def ways(value: str) -> tuple[str, ...]:
    spelt = {value, quote(value), quote(value, safe=""), value.replace(" ", "+")}
    return (*(way.lower() for way in spelt), value.encode().hex())


def test_there_are_fifty_and_all_were_sent_every_way(seen):
    assert len(ALL) == len(set(ALL)) == 50
    assert {200, 201, 303, 401, 403, 404, 409, 422, 500, 503} <= set(seen.statuses)
    assert len(seen.answers) > 10 * len(ROUTES)


@pytest.mark.asvs("14.2.4", "16.2.5")
def test_no_log_holds_any(seen):
    lines = seen.out.getvalue()

    assert '"event":"answered"' in lines
    assert '"level":"error"' in lines
    assert found_in(lines) == []


@pytest.mark.asvs("14.2.1", "16.2.1", "16.2.4")
def test_each_line_of_the_log_has_the_agreed_keys_and_the_templates_of_addresses(seen):
    templates = {route.path for route in ROUTES} | {"/static", None}
    lines = [json.loads(line) for line in seen.out.getvalue().splitlines() if line.startswith("{")]
    answered = [line for line in lines if line["event"] == "answered"]

    assert len(answered) > len(ROUTES)
    keys = {"time", "level", "event", "request_id", "route", "status", "ms", "role"}
    assert [line for line in answered if set(line) != keys] == []
    assert {line["route"] for line in answered} <= templates
    assert {line["role"] for line in answered} > {None, "cs_lead"}
    others = {key for line in lines for key in line} - keys
    assert others <= {"error", "job", "ref", "rows"}
    assert not [line for line in answered if line["route"] and "/tiles/" in line["route"]]


@pytest.mark.asvs("16.2.5")
def test_nor_does_the_log_of_the_database(seen, cluster, canary_db):
    """Even where PostgreSQL's own words quote what was sent, or show a row that was refused."""
    with superuser(canary_db) as admin:
        admin.execute("create temporary table refused (words text check (length(words) < 3))")
        for wrong in ("select %s::date", "insert into refused values (%s)", "select 1 / 0, %s"):
            with pytest.raises(psycopg.Error):
                admin.execute(wrong, (CANARIES["text"][0],))
        with pytest.raises(psycopg.Error):
            admin.execute("select 'She waits by the 9q7zkf0 gate at four'::date")

    assert cluster.log.stat().st_size > 0
    assert found_in(cluster.log.read_text(errors="replace")) == []


def test_the_database_is_told_to_keep_values_out_of_its_log(canary_db):
    wanted = {
        "log_statement": "none",
        "log_parameter_max_length": "0",
        "log_parameter_max_length_on_error": "0",
        "log_min_error_statement": "panic",
        "log_error_verbosity": "terse",
        "log_min_duration_statement": "-1",
        "log_min_messages": "log",
    }
    with superuser(canary_db) as admin:
        question = "select name, setting from pg_settings where name = any(%s)"
        found = dict(admin.execute(question, (list(wanted),)).fetchall())

    assert found == wanted
    assert wanted.items() - SAFE.items() == {("log_min_duration_statement", "-1")}  # as shipped


def test_no_table_holds_any_where_it_does_not_belong(seen, canary_db):
    found = kept(canary_db)

    assert {"app.place.name", "app.place.description", "app.incident.summary"} <= set(found)
    wrong = {
        column: sorted(kinds - BELONGS.get(column, set()))
        for column, kinds in found.items()
        if not kinds <= BELONGS.get(column, set())
    }
    assert wrong == {}
    assert not {kind for kinds in found.values() for kind in kinds} & NEVER


def kept(db) -> dict[str, set[str]]:
    """Kinds of canaries by `schema.table.column`, of every column of every table."""
    loose = [f"%{part}%" for part in (MARK, MARK.encode().hex(), *ALL) if part]
    found: dict[str, set[str]] = {}
    with superuser(db) as admin:
        tables = admin.execute(
            "select n.nspname, c.relname from pg_class c join pg_namespace n"
            " on n.oid = c.relnamespace where c.relkind in ('r', 'p', 'm')"
            " and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')"
            " and n.nspname not like 'pg_temp%'"
        ).fetchall()
        assert len(tables) > 30
        for schema, table in tables:
            question = f'select to_jsonb(t) from "{schema}"."{table}" t where t::text like any(%s)'
            for (row,) in admin.execute(question.encode(), (loose,)).fetchall():
                for column, value in row.items():
                    kinds = {KIND[v] for v in found_in(json.dumps(value, ensure_ascii=False))}
                    if kinds:
                        found.setdefault(f"{schema}.{table}.{column}", set()).update(kinds)
    return found


def test_no_problem_repeats_any(seen):
    """But for `instance`, the address that was asked for, without its query."""
    problems = [
        (route, answer.json())
        for route, answer in seen.answers
        if answer.headers.get("content-type") == "application/problem+json"
    ]

    assert len(problems) > len(ROUTES)
    told = [(str(r), found_in(json.dumps(b | {"instance": ""}))) for r, b in problems]
    assert [(route, values) for route, values in told if values] == []


def test_no_page_tells_what_proves_who_somebody_is(seen):
    """Passwords, codes, tokens and what a browser says of itself are in no answer at all."""
    silent = NEVER - {"query"}  # a search form shows what was searched for, to who searched
    told = [(str(r), a.status_code, found_in(a.text, silent)) for r, a in seen.answers]

    assert [line for line in told if line[2]] == []


def test_nobody_else_is_told_any(seen, canary_db, house):
    """A practitioner of another borough, who may read none of it, sees none of it."""
    person = sign_in_as(canary_db, "practitioner", boroughs=("E09000024",), agency="LA_MERTON")
    with browser(canary_db, house, person) as stranger:
        for route in READS:
            for accept in ("text/html", "application/json"):
                answer = stranger.get(route.address(), headers={"Accept": accept})
                assert found_in(answer.text) == [], route


@pytest.mark.parametrize("place", ["log", "table"])
def test_one_that_is_kept_would_be_found(canary_db, place):
    assert found_in(f"asked /places?q={quote(CANARIES['text'][1])} by") == [CANARIES["text"][1]]
    assert found_in("code 918273 was wrong", {"code"}) == ["918273"]
    if place == "table":
        with superuser(canary_db) as admin:
            admin.execute("create table app.planted (words text, bytes bytea)")
            words = CANARIES["agent"][0]
            admin.execute("insert into app.planted values (%s, %s)", (words, words.encode()))
            found = kept(canary_db)
            admin.execute("drop table app.planted")
        assert found["app.planted.words"] == found["app.planted.bytes"] == {"agent"}
