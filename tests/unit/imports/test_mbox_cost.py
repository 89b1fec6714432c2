"""HTML of an old mail that never ends is read in no time, and its words are kept."""

import time

import pytest

from app.imports.mbox import text_of_html

LONG = 1_600_000  # as long as a part may be
LONGEST_S = 20.0  # of a loaded machine; before, the first took more than a day
PIECES = ["<a ", "<!--", '<a="', "<![CDATA[", "<?", "</a", "<a b='x>", "<script>", "&#", "<"]


@pytest.mark.parametrize("piece", PIECES)
def test_html_that_never_ends_ends_nothing(piece):
    began = time.perf_counter()
    text_of_html((piece * LONG)[:LONG])

    assert time.perf_counter() - began < LONGEST_S


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("<p>Behind <!-- a <b>comment</b> --><i>the</i> shelter</p>", "Behind the shelter"),
        ("<p>Less < than</p>", "Less < than"),
        ("<p>Still open <!-- here</p>", "Still open <!-- here"),
        ('<!DOCTYPE html><?xml version="1"?><p>Only words</p>', "Only words"),
        ("<p>Cut off <b", "Cut off <b"),
    ],
)
def test_what_a_person_would_see_is_kept(source, words):
    assert text_of_html(source) == words
