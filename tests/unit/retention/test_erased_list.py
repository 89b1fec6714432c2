"""The list of erasures says what was erased, and never what was not."""

import subprocess
import sys
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from uuid import UUID

import pytest

from app.core.clock import LONDON
from app.retention import rules
from app.retention.erased_list import ErasedList

ROOT = Path(__file__).resolve().parents[3]
A, B = "a" * 64, "b" * 64
KEY = UUID(int=7)
SHORT = """
import resource, signal, sys
from pathlib import Path
from app.retention.erased_list import ErasedList
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
try:
    ErasedList(Path(sys.argv[1])).end(["a" * 64, "b" * 64])
except OSError:
    sys.exit(7)
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "folder" / "erased.list"


def test_what_was_begun_is_erased_when_it_ended_or_is_still_there(path):
    listed = ErasedList(path)
    listed.begin([A, B])
    assert ErasedList(path).begun == {A, B}
    assert ErasedList(path).done == set()

    listed.end([A])
    listed.keep([B])

    again = ErasedList(path)
    assert (again.done, again.begun) == ({A}, set())
    assert path.stat().st_mode & 0o777 == 0o600


def test_nothing_is_said_twice(path):
    listed = ErasedList(path)
    for _ in range(2):
        listed.begin([A])
    for _ in range(2):
        listed.end([A])
        ErasedList(path).begin([A])

    assert path.read_text().split() == [f"begun:{A}", A]


def test_a_line_that_was_broken_off_spoils_no_other(path):
    path.parent.mkdir()
    path.write_text(f"{A}\n{B[:40]}")

    ErasedList(path).end([B])

    assert ErasedList(path).done == {A, B}
    assert path.read_text().splitlines()[1] == B[:40]


def test_a_disk_that_takes_half_of_it_is_an_error(path):
    done = subprocess.run([sys.executable, "-c", SHORT, str(path)], cwd=ROOT, check=False)

    assert done.returncode == 7
    assert ErasedList(path).done == {A}


def test_a_list_that_is_not_there_says_so(path):
    assert not ErasedList(path).is_there
    path.parent.mkdir()
    path.touch()
    assert ErasedList(path).is_there


def test_a_record_has_one_name_whenever_its_time_began_but_work_that_can_begin_again_has_not():
    once, later = (datetime(2020, month, 1, tzinfo=LONDON) for month in (1, 2))

    assert rules.mark_of("incident", KEY, once) == rules.mark_of("incident", KEY, later)
    assert rules.mark_of("incident", KEY, once) != rules.mark_of("place", KEY, once)
    assert rules.mark_of("context_work", KEY, once) != rules.mark_of("context_work", KEY, later)


def test_lists_of_before_named_a_meeting_with_its_time():
    at = datetime(2020, 3, 10, 12, tzinfo=UTC)
    told = f"contextmap erased meeting {KEY} 2020-03-10T12:00:00+00:00"

    assert sha256(told.encode()).hexdigest() in rules.marks_of("meeting", KEY, at)
    assert rules.mark_of("meeting", KEY, at) in rules.marks_of("meeting", KEY, at)
