"""Every file of open data comes in by some command, row by row accounted for, and goes again."""

import time
from types import SimpleNamespace

import pytest

from app import cli
from app.core.progress import Progress
from tests import state
from tests.open_files import COMMANDS, FOLDERS, arguments, rows_of

pytestmark = pytest.mark.shared


@pytest.fixture(scope="module")
def run(module_db, settings):
    """`contextmap import ...`, in this process."""

    def command(*given):
        parsed = cli.parser().parse_args(["import", *given])
        context = SimpleNamespace(db=module_db, settings=settings, progress=Progress(enabled=False))
        return parsed.func(parsed, context)

    return command


def test_no_file_is_without_a_command(shared):
    folder = shared / "data/open"
    found = {
        str(path.relative_to(folder))
        for name in FOLDERS
        for path in (folder / name).rglob("*")
        if path.is_file()
    }

    assert found == set(COMMANDS)


@pytest.mark.parametrize("path", COMMANDS)
def test_each_row_is_accounted_for_a_second_time_brings_nothing_and_undo_leaves_nothing(
    run, module_db, shared, path
):
    began = time.monotonic()
    before = state.hashes(module_db)
    given = arguments(shared, path)

    first, again = run(*given), run(*given)

    print(path, {k: v for k, v in first.items() if v}, round(time.monotonic() - began, 1))
    for each in (first, again):
        assert each["rows"] == rows_of(shared / "data/open" / path)
        assert each["rows"] == each["imported"] + each["already_known"] + each["rejected"]
        assert each["rejected"] == COMMANDS[path][1]
    assert first["imported"] > 0
    assert (again["imported"], again["updated"]) == (0, 0)

    run("undo", again["batch"])
    run("undo", first["batch"])
    assert state.hashes(module_db) == before
