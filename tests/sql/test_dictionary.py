"""Every table and column has its words; docs/data-dictionary.md is of the newest migration."""

import psycopg
import pytest

from tests import dictionary

AGAIN = "Run .venv/bin/python -m tests.documents and commit what it wrote."
HOW = (
    """Say it in the migration (comment on table, comment on column), or in
docs/data-dictionary.yaml; how long rows are kept always there. Then: """
    + AGAIN
)


@pytest.fixture(scope="module")
def tables(cluster, template):
    with psycopg.connect(cluster.dsn("postgres", template)) as connection:
        return dictionary.catalogue(connection)


def test_every_table_and_column_has_its_words(tables):
    assert dictionary.undocumented(tables, dictionary.words()) == [], HOW


def test_no_words_are_left_of_what_is_gone(tables):
    assert dictionary.unused(tables, dictionary.words()) == []


def test_the_page_is_of_this_schema(tables):
    assert dictionary.PAGE.read_text() == dictionary.page(tables, dictionary.words()), AGAIN


def test_a_table_without_words_would_be_found(cluster, template):
    with psycopg.connect(cluster.dsn("postgres", template)) as connection:
        connection.execute("create table app.planted (odd_thing int)")
        connection.execute("alter table app.place add column odd_thing int")
        found = dictionary.undocumented(dictionary.catalogue(connection), dictionary.words())
        connection.rollback()

    assert found == [
        "app.place.odd_thing: what does it mean?",
        "app.planted: what is it?",
        "app.planted: how long is it kept?",
        "app.planted.odd_thing: what does it mean?",
    ]


def test_a_comment_in_the_database_is_words_enough(cluster, template):
    with psycopg.connect(cluster.dsn("postgres", template)) as connection:
        connection.execute("alter table app.place add column odd_thing int")
        connection.execute("comment on column app.place.odd_thing is 'Planted by a test'")
        tables = dictionary.catalogue(connection)
        connection.rollback()

    assert dictionary.undocumented(tables, dictionary.words()) == []
    assert "| `odd_thing` | integer; may be null | Planted by a test |" in dictionary.page(
        tables, dictionary.words()
    )
