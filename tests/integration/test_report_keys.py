"""The own key of a report is on the disk before the report is acknowledged, or nothing is."""

import errno
import os
import signal
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from cryptography.exceptions import InvalidTag
from sqlalchemy.exc import DBAPIError

from app.core.actor import PUBLIC
from app.core.errors import InvalidError
from app.core.ids import random_id
from app.reports import own_keys
from app.reports.own_keys import MARK, OwnKeys, key_id
from app.reports.schemas import ReportIn
from app.reports.sealing import Keys, opened
from app.reports.service import Sending, receive
from tests.drafts import ready
from tests.people import browser
from tests.reports import PARK, rows

CONTACT = {"contact": {"email": "kim@example.org"}}


@pytest.fixture
def own(tmp_path):
    return OwnKeys(tmp_path / "vault" / "reports")


@pytest.fixture
def client(db, settings):
    with browser(db, settings) as found:
        yield found


def send(client, form):
    return client.post("/report/send", data=form.fields, headers=form.headers)


def kept(settings):
    return sorted(path.name for path in settings.report_keys.iterdir())


def full(*_args, **_more):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def refused_by(monkeypatch, how):
    """A disk without room for a new file; a folder that is none."""
    if how == "full":
        monkeypatch.setattr(own_keys.os, "fsync", full)
    else:
        monkeypatch.setattr(OwnKeys, "_path", lambda own, name: own.folder / "none" / str(name))


@pytest.mark.parametrize("how", ["full", "folder"])
def test_where_no_key_can_be_kept_the_form_says_so_and_can_be_sent_again(
    db, settings, client, monkeypatch, how
):
    form = ready(db, settings)
    with monkeypatch.context() as patched:
        refused_by(patched, how)
        refused = send(client, form)
        said = client.get(refused.headers["location"], headers=form.headers)
    meanwhile = rows(db, "select count(*) from app.report")

    done = send(client, form)

    assert (refused.headers["location"], said.status_code) == ("/report/problem/busy", 503)
    assert 'href="tel:999"' in said.text
    assert meanwhile == [(0,)]
    assert done.status_code == 303
    ((report, box),) = rows(db, "select report_id, sealed from app.report_original")
    assert bytes(box).startswith(MARK)
    assert opened(bytes(box), Keys.of(settings).triage, report=report, use="words") is not None


def test_the_same_report_sent_again_leaves_no_key_without_a_report(db, settings):
    keys, sending = Keys.of(settings), Sending(b"one", b"body")
    report = ReportIn.model_validate(PARK | CONTACT)
    with db.begin(PUBLIC) as session:
        receive(session, keys, report, sending)
    before = kept(settings)

    with db.begin(PUBLIC) as session:
        again = receive(session, keys, report, sending)
    with pytest.raises(InvalidError), db.begin(PUBLIC) as session:
        receive(session, keys, report, Sending(b"one", b"another body"))

    ((made,),) = rows(db, "select id from app.report")
    assert again.again
    assert kept(settings) == before
    assert {f"{key_id(made, use)}.key" for use in ("words", "contact")} <= set(before)


def test_a_report_that_the_database_refuses_leaves_no_key(db, settings):
    report = ReportIn.model_validate(PARK | CONTACT)
    settings.report_keys.mkdir(parents=True, exist_ok=True)
    before = kept(settings)

    refused = Sending(b"two", b"body", channel="EMAIL_IMPORT")
    with pytest.raises(DBAPIError, match="not the channel"), db.begin(PUBLIC) as session:
        receive(session, Keys.of(settings), report, refused)

    assert kept(settings) == before


KILLED = """
import os, signal, sys
from pathlib import Path
from uuid import UUID
from app.reports.own_keys import OwnKeys
left, real = int(sys.argv[3]), os.fsync
def counted(handle):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    real(handle)
os.fsync = counted
OwnKeys(Path(sys.argv[1])).closed(b"box", UUID(sys.argv[2]), "words")
"""


@pytest.mark.parametrize("done", [0, 1])
def test_a_process_that_is_killed_over_a_key_leaves_none_that_is_half(own, done):
    """Before the file is on the disk, and before the folder is: no row was there yet."""
    report = random_id()
    given = [sys.executable, "-c", KILLED, str(own.folder), str(report), str(done)]
    killed = subprocess.run(given, check=False)

    box = own.closed(b"box", report, "words")

    assert killed.returncode == -signal.SIGKILL
    assert own.opened(box, report, "words") == b"box"
    assert {path.stat().st_size for path in own.folder.glob("*.key")} == {own_keys.KEY_BYTES}


def test_of_several_processes_that_make_one_key_all_use_it(own):
    report = random_id()

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda n: own.closed(b"%d" % n, report, "words"), range(32)))

    assert [own.opened(box, report, "words") for box in made] == [b"%d" % n for n in range(32)]
    assert [path.name for path in own.folder.iterdir()] == [f"{report}.key"]


def test_nobody_but_the_service_reads_the_folder_or_a_key(own):
    own.closed(b"box", random_id(), "words")

    (key,) = own.folder.iterdir()
    found = [path.stat().st_mode for path in (own.folder.parent, own.folder, key)]
    assert [stat.S_IMODE(mode) for mode in found] == [0o700, 0o700, 0o600]


def test_a_box_of_one_report_is_none_of_another(own):
    one, other = random_id(), random_id()
    box = own.closed(b"box", one, "words")
    own.closed(b"box", other, "words")

    with pytest.raises(InvalidTag):
        own.opened(box, other, "words")
