"""Nothing that people use is undocumented: settings, commands, addresses, problem codes.

Tables and columns are in tests/sql/test_dictionary.py, which needs a database.
"""

from pathlib import Path

import pytest

from app.core import problems
from app.core.settings import Settings
from tests import addresses, command_list

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "docs" / "api.md").read_text()
SETTINGS = (ROOT / "docs" / "operator" / "settings.md").read_text()
EXAMPLE = (ROOT / ".env.example").read_text()
AGAIN = "Run .venv/bin/python -m tests.documents and commit what it wrote."


def settings():
    return [
        "DATABASE_URL" if name == "database_url" else f"CONTEXTMAP_{name.upper()}"
        for name in Settings.model_fields
    ]


def untold(names, text):
    return [name for name in names if f"\n| `{name}` |" not in text]


def test_every_setting_is_documented():
    assert untold(settings(), SETTINGS) == [], "Add a row to docs/operator/settings.md."


def test_the_page_of_settings_tells_of_no_setting_that_is_gone():
    rows = {line.split("`")[1] for line in SETTINGS.splitlines() if line.startswith("| `")}

    assert rows - set(settings()) == set()


def test_the_example_file_names_settings_that_exist():
    named = {
        line.lstrip("# ").split("=")[0]
        for line in EXAMPLE.splitlines()
        if line.lstrip("# ").startswith(("CONTEXTMAP_", "DATABASE_URL"))
    }

    assert named
    assert named <= set(settings())


def test_every_problem_code_is_documented_with_its_status():
    missing = [
        code
        for code, kind in problems.CODES.items()
        if f"\n| `{code}` | {kind.status} |" not in GUIDE
    ]

    assert missing == [], 'Add a row to "Problems" in docs/api.md.'


def test_every_command_is_documented():
    found = command_list.undocumented(command_list.commands(), GUIDE)

    assert found == [], 'Add a row to "Command line" in docs/api.md.'


def test_every_address_is_documented():
    found = addresses.undocumented(addresses.addresses(), addresses.words(), GUIDE)

    assert found == [], "Add them to docs/addresses.yaml and docs/api.md."


def test_the_guides_of_addresses_are_there_and_needed():
    told = addresses.words()

    assert [to for _, to in told.values() if not (ROOT / "docs" / to).is_file()] == []
    assert addresses.unused(addresses.addresses(), told) == []


def test_the_list_of_addresses_is_that_of_the_service():
    made = addresses.page(addresses.addresses(), addresses.words())

    assert addresses.PAGE.read_text() == made, AGAIN


def test_the_list_of_commands_is_that_of_the_parser():
    assert command_list.PAGE.read_text() == command_list.page(command_list.commands()), AGAIN


# What would fail: each control plants something that nobody wrote about.


def test_a_setting_without_a_row_is_found():
    assert untold([*settings(), "CONTEXTMAP_PLANTED"], SETTINGS) == ["CONTEXTMAP_PLANTED"]


@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        ("/planted", ["GET /planted: no beginning in docs/addresses.yaml"]),
        ("/api/v1/planted", ["GET /api/v1/planted: docs/api.md does not name it"]),
        ("/places/{ref}/planted", []),
    ],
)
def test_an_address_without_words_is_found(path, wrong):
    planted = addresses.Address("GET", path, "", "place.read")

    assert addresses.undocumented([planted], addresses.words(), GUIDE) == wrong


def test_a_command_without_words_is_found():
    planted = command_list.Command("audit planted", "", ())

    assert command_list.undocumented([planted], GUIDE) == [
        "audit planted: docs/api.md does not name it",
        "audit planted: needs help=...",
    ]


def test_a_list_that_is_a_route_behind_differs():
    behind = addresses.addresses()[:-1]

    assert addresses.PAGE.read_text() != addresses.page(behind, addresses.words())
