"""The sign-in check of each request notes when a person was seen, rarely and without waiting."""

import psycopg
import pytest

TILE = "/tiles/places/16/32713/21828.pbf"
AGED = "update app.session set last_seen_at = now() - interval '31 seconds'"
SEEN = "select xmin::text, last_seen_at from app.session"


@pytest.fixture
def admin(client, cluster, db):
    """A superuser beside a person who is signed in."""
    with psycopg.connect(cluster.dsn("postgres", db.logins.dbname), autocommit=True) as connection:
        yield connection


def test_requests_within_half_a_minute_write_nothing(client, admin):
    before = admin.execute(SEEN).fetchall()

    answers = [client.get(TILE).status_code for _ in range(5)]

    assert set(answers) == {204}
    assert admin.execute(SEEN).fetchall() == before


def test_a_request_after_half_a_minute_is_noted(client, admin):
    admin.execute(AGED)
    [(_, before)] = admin.execute(SEEN).fetchall()

    client.get(TILE)

    [(_, after)] = admin.execute(SEEN).fetchall()
    assert (after - before).total_seconds() > 30


def test_a_tile_does_not_wait_for_another_that_notes_the_same(client, admin):
    admin.execute(AGED)
    with admin.transaction():
        admin.execute("update app.session set last_seen_at = now()")

        answer = client.get(TILE)  # would end in a statement timeout

        assert answer.status_code == 204
