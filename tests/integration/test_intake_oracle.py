"""Whoever sends a report learns nothing of what is known of the place.

As many are sent at a place of concern as elsewhere. The answers are equal but for the receipt, and
nobody tells them apart by how long they took (threat test S1, journey J3). With
CONTEXTMAP_LONG_TESTS=1 500 are sent at each.
"""

import gc
import json
import os
import random
import re
import time
from dataclasses import dataclass, field
from http.client import HTTPConnection
from statistics import median
from urllib.parse import urlencode, urlsplit

import pytest
from scipy.stats import ks_2samp

from app.core.actor import PUBLIC
from app.core.settings import Settings
from app.reports import service
from app.reports.receipts import spelled
from app.reports.schemas import ReportIn
from app.reports.sealing import Keys
from app.reports.service import Sending
from tests.conftest import CLAIMS_KEY, cloned
from tests.drafts import ready
from tests.live import serving
from tests.people import browser, sign_in_as
from tests.sending import address_of, key_of

LONG = os.environ.get("CONTEXTMAP_LONG_TESTS") == "1"
EACH = 500 if LONG else 100
KNOWN, UNKNOWN = (518000.0, 169300.0), (518150.0, 169350.0)
EARLIER = 300
MOST_APART_MS, LEAST_P = 5, 0.01
RECEIPT = re.compile(r"[0-9A-Y]{4}(?:-[0-9A-Y]{4}){5}")
REPORT = {
    "danger_answer": "NO",
    "where_kind": "PLACE",
    "what_harms": ["DRUGS"],
    "notice_text": "Synthetic: three of them wait behind the shelter most evenings.",
    "when_kind": "OFTEN",
}


@dataclass
class Told:
    """What was answered at one of the two places."""

    ms: list[float] = field(default_factory=list)
    answers: set[str] = field(default_factory=set)


@pytest.fixture(scope="module")
def house(tmp_path_factory) -> Settings:
    """As the live service has it, whose forms are made here."""
    folder = tmp_path_factory.mktemp("oracle")
    return Settings(data_dir=folder, demo=True, secret_key="a key of the tests only")


@pytest.fixture(scope="module")
def db(cluster, template, house):
    """A place of concern at one of the two, and many reports of it."""
    with cloned(cluster, template, "oracle") as database:
        east, north = KNOWN
        lead = sign_in_as(database, "cs_lead", agency="AFC")
        place = {"type_code": "TAKEAWAY_SHOP", "name": "The shop of the tests"}
        with browser(database, house, lead) as client:
            made = client.post("/api/v1/places", json=place | {"easting": east, "northing": north})
            assert made.status_code == 201, made.text
        keys, report = Keys.of(house), REPORT | {"easting": east, "northing": north}
        with database.begin(PUBLIC) as session:
            for n in range(EARLIER):
                sending = Sending(key=f"earlier {n}".encode(), body=b"")
                service.receive(session, keys, ReportIn.model_validate(report), sending)
        yield database


@pytest.fixture(scope="module")
def port(db, house):
    dsn = db.logins.dsn("ROLE")
    with serving(dsn, CLAIMS_KEY, house.data_dir, proxies="127.0.0.1") as live:
        yield urlsplit(live.url).port


def asked(connection, method, path, body=None, headers=None):
    """Everything that is answered, with the receipt taken out, and how long it took."""
    began = time.perf_counter()
    connection.request(method, path, body, headers or {})
    answer = connection.getresponse()
    said = answer.read().decode().replace("<span>", "").replace("</span>", "")
    ms = (time.perf_counter() - began) * 1000
    names = sorted((n.lower(), v) for n, v in answer.getheaders() if n.lower() != "date")
    shown = json.dumps([answer.status, names, RECEIPT.sub("RECEIPT", said)])
    return shown, ms


def by_program(connection, n, east, north):
    headers = {
        "Content-Type": "application/json",
        "Idempotency-Key": key_of(f"oracle {n}"),
        "X-Forwarded-For": address_of(n),
    }
    body = json.dumps(REPORT | {"easting": east, "northing": north})
    return asked(connection, "POST", "/api/v1/reports", body, headers)


def by_form(connection, n, form):
    """Send, and the page with the receipt that it leads to."""
    headers = form.headers | {"X-Forwarded-For": address_of(n)}
    sending = headers | {"Content-Type": "application/x-www-form-urlencoded"}
    sent, ms = asked(connection, "POST", "/report/send", urlencode(form.fields), sending)
    assert json.loads(sent)[0] == 303
    done, more_ms = asked(connection, "GET", "/report/done", headers=headers)
    return sent + re.sub(r"[0-9]+\.[0-9a-f]{64}", "TOKEN", done), ms + more_ms


def measured(port, send) -> dict[bool, Told]:
    """In an order that nobody can guess; the first twenty are not counted."""
    told = {True: Told(), False: Told()}
    order = [True, False] * EACH
    random.shuffle(order)
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    gc.disable()
    try:
        for n, known in enumerate([True, False] * 10 + order):
            answer, ms = send(connection, n, known)
            if n >= 20:
                told[known].ms.append(ms)
                told[known].answers.add(answer)
    finally:
        gc.enable()
        connection.close()
    return told


def indistinguishable(port, send) -> None:
    """Of two equal ones one in a hundred would be told apart by chance: then once more."""
    for last in (False, True):
        told = measured(port, send)
        assert told[True].answers == told[False].answers
        assert len(told[True].answers) == 1
        apart = abs(median(told[True].ms) - median(told[False].ms))
        p = ks_2samp(told[True].ms, told[False].ms).pvalue
        print(f"median {median(told[True].ms):.2f} ms, {apart:.3f} ms apart, p {p:.3f}")
        assert apart < MOST_APART_MS
        if p > LEAST_P:
            return
        assert not last, p


def test_programs_are_told_the_same_in_the_same_time(port):
    of_runs = iter(range(0, 1_000_000, 20_000))
    run = {"first": next(of_runs)}

    def send(connection, n, known):
        if n == 0:
            run["first"] = next(of_runs)
        return by_program(connection, run["first"] + n, *(KNOWN if known else UNKNOWN))

    indistinguishable(port, send)


def test_people_at_the_form_are_told_the_same_in_the_same_time(port, db, house):
    numbers = iter(range(500_000, 600_000))

    def send(connection, _n, known):
        east, north = KNOWN if known else UNKNOWN
        form = ready(db, house, east=east, north=north, notice_text=REPORT["notice_text"])
        return by_form(connection, next(numbers), form)

    indistinguishable(port, send)


def test_a_receipt_is_spelt_as_these_tests_look_for_it():
    assert RECEIPT.fullmatch(spelled("K7Q4M2XD9BTP3VWHR8NC6J5F"))
