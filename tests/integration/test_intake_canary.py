"""Fifty reports whose words, addresses and browsers must not be found in any log or dump.

The same of forms that were begun and left (threat test S2, goal G16, journey J4). Searched for as
they are, in hex, in base64, and as an address spells them.
"""

import base64
import json
import re
import subprocess
from http.client import HTTPConnection
from urllib.parse import quote, urlencode, urlsplit

import psycopg
import pytest

from app.core.settings import Settings
from app.intake import drafts
from app.reports.sealing import Keys, opened
from tests.conftest import CLAIMS_KEY, cloned
from tests.drafts import ready
from tests.live import serving
from tests.sending import PARK, key_of

MARK = "9q7zkrep"
EACH = 25  # by programs, and as many by the form
FORM = "application/x-www-form-urlencoded"


def words(n: int, field: str) -> str:
    return f"She waits by the {MARK}{field}{n} gate"


def address(n: int) -> str:
    return f"2001:db8:9f7:{n:x}::177"


def carried(n: int) -> dict[str, str]:
    """What a request tells of whoever sends it."""
    return {
        "X-Forwarded-For": address(n),
        "User-Agent": f"Agent{MARK}a{n}/1.0",
        "Referer": f"https://{MARK}r{n}.example/page",
        "Accept-Language": f"x-{MARK}l{n}",
    }


def report(n: int) -> dict[str, object]:
    contact = {"email": f"{MARK}e{n}@mail.example", "phone": f"07700 9{n:05}", "safe_times": "ever"}
    return PARK | {
        "where_text": words(n, "w"),
        "notice_text": words(n, "n"),
        "groups_text": words(n, "g"),
        "helps_text": words(n, "h"),
        "contact": contact,
    }


# What all of them have in common, so that a dump is searched once for each; an address also as it
# is written in full.
STEMS = (MARK, "She waits by the", "2001:db8:9f7:", "2001:0db8:09f7:", "07700 9")
PACKED = "20010db809f7"


class Walker:
    """A browser that is begun with, over the wire."""

    def __init__(self, port: int, n: int) -> None:
        self.connection = HTTPConnection("127.0.0.1", port, timeout=20)
        self.said = carried(n) | {"Accept": "text/html"}
        self.token = ""

    def ask(self, method, path, fields=None, **headers):
        body = urlencode(fields) if fields else None
        said = self.said | ({"Content-Type": FORM} if fields else {}) | headers
        self.connection.request(method, path, body, said)
        answer = self.connection.getresponse()
        text = answer.read().decode()
        for found in answer.headers.get_all("set-cookie") or ():
            self.said["Cookie"] = found.split(";")[0]
        found = re.search(r'name="token" value="([^"]+)"', text)
        self.token = found[1] if found else self.token
        return answer.status, text

    def post(self, path, **fields):
        return self.ask("POST", path, {"token": self.token} | fields)


@pytest.fixture(scope="module")
def house(tmp_path_factory) -> Settings:
    folder = tmp_path_factory.mktemp("canary")
    return Settings(data_dir=folder, demo=True, secret_key="a key of the tests only")


@pytest.fixture(scope="module")
def db(cluster, template):
    with cloned(cluster, template, "reports_canary") as database:
        yield database


@pytest.fixture(scope="module")
def seen(db, house):
    """Everything is sent once; what is left of it is looked at by the tests."""
    found: dict[str, object] = {"statuses": set(), "answers": []}
    dsn = db.logins.dsn("ROLE")
    with serving(dsn, CLAIMS_KEY, house.data_dir, proxies="127.0.0.1") as live:
        port = urlsplit(live.url).port
        for n in range(EACH):
            found["statuses"].add(by_program(port, n))
            found["statuses"].add(by_form(port, n + EACH, db, house))
        left = journey(port, 2 * EACH)
        found["during"] = dump(db)
        found["statuses"].add(left.ask("GET", "/exit")[0])
        found["answers"] = wrong(left)
    found["log"] = live.log.read_text()
    found["after"] = dump(db)
    return found


def by_program(port, n):
    headers = carried(n) | {"Content-Type": "application/json"}
    headers["Idempotency-Key"] = key_of(f"canary {n}")
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("POST", "/api/v1/reports", json.dumps(report(n)), headers)
    status = connection.getresponse().status
    connection.close()
    return status


def by_form(port, n, db, house):
    said = {name: value for name, value in report(n).items() if isinstance(value, str)}
    contact = {"contact": "YES"} | report(n)["contact"]
    form = ready(db, house, **(said | contact | {"where_kind": "PLACE"}))
    walker = Walker(port, n)
    status, _ = walker.ask("POST", "/report/send", form.fields, **form.headers)
    assert walker.ask("GET", "/report/done", **form.headers)[0] == 200
    walker.connection.close()
    return status


def journey(port, n):
    """Begun, answered, with an error in between, and left open before Send."""
    walker = Walker(port, n)
    walker.ask("POST", "/report")
    for path, fields in (
        ("/report/now", {"danger_answer": "NO"}),
        ("/report/kind", {"where_kind": "DESCRIBED"}),
        ("/report/where", {"where_text": words(n, "w") * 12}),  # too long: shown again
        ("/report/where", {"where_text": words(n, "w")}),
        ("/report/what", {"what_harms": "DRUGS", "notice_text": f"{words(n, 'n')} 07700 9{n:05}"}),
    ):
        walker.ask("GET", path)
        status, _ = walker.post(path, **fields)
        assert status == 303
    page = walker.ask("GET", "/report/what")[1]
    assert f"07700 9{n:05}" in page  # asked about before it is taken
    return walker


def wrong(walker):
    """What fails or is refused, with canaries in each part of it; figures, where there are any."""
    n = 2 * EACH + 2
    odd = quote(words(n, "q"))
    walker.said["Cookie"] = f"{drafts.COOKIE}={MARK}t{n}; other={MARK}t{n}"
    asked = [
        ("GET", "/metrics", None),
        ("GET", f"/report?q={odd}", None),
        ("GET", f"/report/{odd}", None),
        ("GET", f"/report/problem/{odd}", None),
        ("POST", "/report/send", {"token": f"{MARK}t{n}", "key": words(n, "q")}),
        ("POST", "/report/what", {"notice_text": words(n, "n")}),
        ("POST", "/report/status", {"code": f"{MARK}t{n}"}),
        ("POST", "/api/v1/reports", {"notice_text": words(n, "n")}),
        ("PUT", f"/report/{odd}", {"notice_text": words(n, "n")}),
    ]
    answers = [walker.ask(*each) for each in asked]
    walker.connection.close()
    return answers


def dump(db) -> str:
    """Everything that a superuser can take away."""
    program = db.logins.cluster._programs().bin / "pg_dump"
    done = subprocess.run(
        [program, "--dbname", db.logins.dsn("postgres")], capture_output=True, check=True
    )
    return done.stdout.decode()


def spelt(stem: str) -> set[str]:
    """As it is, in an address, in hex, and wherever it begins in what is base64."""
    plain = stem.encode()
    ways = {stem, quote(stem), quote(stem, safe=""), stem.replace(" ", "+"), plain.hex()}
    if len(plain) >= 8:  # shorter ones are found in anything
        for shift in range(3):
            sure = slice(-(-8 * shift // 6), 8 * (shift + len(plain)) // 6)
            ways.add(base64.b64encode(b"\0" * shift + plain).decode()[sure])
    return ways


def hits(text: str) -> list[str]:
    low = text.lower()
    ways = {way for stem in STEMS for way in spelt(stem)} | {PACKED}
    return sorted(way for way in ways if way in text or way.lower() in low)


def test_they_were_received_and_can_be_read_by_the_team_alone(seen, db, house):
    with psycopg.connect(db.logins.dsn("postgres")) as admin:
        kept = admin.execute("select report_id, sealed from app.report_original").fetchall()
        open_forms = admin.execute("select count(*) from intake.draft").fetchone()
    keys = Keys.of(house)
    texts = {opened(box, keys.triage, report=of, use="words")["notice_text"] for of, box in kept}

    assert seen["statuses"] == {201, 303}
    assert texts == {words(n, "n") for n in range(2 * EACH)}
    assert open_forms == (EACH + 1,)  # receipts of those sent, a code that was wrong; none was left


def test_no_log_holds_any(seen):
    lines = [json.loads(line) for line in seen["log"].splitlines() if line.startswith("{")]
    counted = [line for line in lines if line["event"] == "counted"]
    assert sum(line["rows"] for line in counted) > 2 * EACH
    assert {line["route"] for line in counted} > {"/report/send", "/api/v1/reports", "/exit"}
    assert not [line for line in lines if "request_id" in line and "report" in str(line)]
    assert hits(seen["log"]) == []


def test_nor_does_the_log_of_the_database(seen, cluster):
    assert hits(cluster.log.read_text(errors="replace")) == []


@pytest.mark.parametrize("when", ["during", "after"])
def test_no_dump_of_the_whole_database_holds_any(seen, when):
    assert "report_original" in seen[when]
    assert "audit" in seen[when]
    assert hits(seen[when]) == []


def test_no_refusal_and_no_figure_holds_any(seen):
    assert {status for status, _ in seen["answers"]} <= {200, 303, 401, 403, 404, 405, 415, 422}
    assert hits("".join(text for _, text in seen["answers"])) == []


def test_a_canary_would_be_found_however_it_is_written():
    for one in (words(3, "n"), report(3)["contact"]["email"], carried(3)["User-Agent"], address(3)):
        for text in (one, one.upper(), one.encode().hex(), quote(one)):
            assert hits(f"before {text} after") != []
        for before in ("", "x", "xy"):
            assert hits(base64.b64encode(f"{before}{one} after".encode()).decode()) != []
