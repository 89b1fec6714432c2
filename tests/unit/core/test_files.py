"""Files at rest: sealed, named by chance, gone after a day."""

import os
from datetime import timedelta

import pytest

from app.core import clock
from app.core.errors import NotFoundError
from app.core.files import Shelf

WORDS = b"synthetic row, synthetic place"


@pytest.fixture
def shelf(tmp_path):
    return Shelf(tmp_path / "exports")


def test_a_file_comes_back_as_it_was(shelf):
    kept = shelf.keep(WORDS)
    assert shelf.open(kept.name, kept.key) == WORDS
    assert (kept.size, len(kept.sha256)) == (len(WORDS), 64)


@pytest.mark.asvs("5.3.1", "5.3.2")
def test_the_disk_shows_nothing_of_it_and_nobody_else_may_read_it(shelf):
    kept = shelf.keep(WORDS)
    path = shelf.folder / kept.name
    assert WORDS not in path.read_bytes()
    assert path.stat().st_mode & 0o777 == 0o600
    assert shelf.folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.asvs("11.3.3")
def test_another_key_a_changed_byte_or_another_name_opens_nothing(shelf):
    one, other = shelf.keep(WORDS), shelf.keep(WORDS)
    path = shelf.folder / one.name
    for name, key in ((one.name, other.key), ("../" + one.name, one.key), ("0" * 32, one.key)):
        with pytest.raises(NotFoundError):
            shelf.open(name, key)
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(NotFoundError):
        shelf.open(one.name, one.key)
    (shelf.folder / other.name).replace(path)
    with pytest.raises(NotFoundError):
        shelf.open(one.name, other.key)


def test_after_a_day_it_is_swept_and_foreign_files_stay(shelf):
    old, new = shelf.keep(WORDS), shelf.keep(WORDS)
    (shelf.folder / "notes.txt").write_text("not ours")
    yesterday = (clock.now() - timedelta(hours=25)).timestamp()
    for name in (old.name, "notes.txt"):
        os.utime(shelf.folder / name, (yesterday, yesterday))
    assert shelf.sweep(clock.now()) == 1
    assert sorted(p.name for p in shelf.folder.iterdir()) == sorted([new.name, "notes.txt"])
    shelf.drop(new.name)
    shelf.drop(new.name)
    with pytest.raises(NotFoundError):
        shelf.open(new.name, new.key)


def test_nothing_was_ever_kept(shelf):
    assert shelf.sweep(clock.now()) == 0
