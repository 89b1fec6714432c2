"""Help pages: every picture is there, small, described, and used; the words are plain."""

import re
from pathlib import Path

import pytest
from PIL import Image

from tests.pictures import HELP, PICTURES, SIZE
from tests.readability import grade

PAGES = sorted(
    (Path(__file__).resolve().parents[2] / "frontend/templates/help").glob("[a-z]*.html")
)
SHOT = re.compile(r'{{ shot\("([^"]+)", "([^"]*)", "([^"]*)"\) }}')
USED = [found for page in PAGES for found in SHOT.findall(page.read_text())]


def test_each_picture_is_taken_by_the_script_shown_once_and_described():
    assert sorted(name for name, _, _ in USED) == sorted(one.name for one in PICTURES)
    for name, alternative, words in USED:
        assert len(alternative) >= 30, name
        assert words.endswith("."), name
        assert not alternative.lower().startswith(("picture", "screenshot", "image"))


def test_the_files_are_those_pictures_and_no_others():
    found = {path.name for path in HELP.iterdir()}

    assert found == {f"{one.name}.webp" for one in PICTURES}


@pytest.mark.parametrize("picture", PICTURES, ids=lambda one: one.name)
def test_a_picture_is_small_and_of_the_size_the_page_says(picture):
    path = HELP / f"{picture.name}.webp"

    assert path.stat().st_size <= 80_000
    with Image.open(path) as image:
        assert image.size == SIZE


def test_all_pictures_together_are_small():
    assert sum(path.stat().st_size for path in HELP.iterdir()) <= 600_000


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_a_help_page_is_in_plain_words(path):
    lines = re.findall(r"<(?:p|li|td|h1|h2|th)\b.*?</(?:p|li|td|h1|h2|th)>", path.read_text())
    said = [re.sub(r"<[^>]+>|{{.*?}}|{%.*?%}", "", line) for line in lines]
    words = [alternative for _, alternative, _ in SHOT.findall(path.read_text())]

    assert grade([line for line in said if line.strip().endswith(".")] + words) <= 9
