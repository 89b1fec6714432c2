"""What the database refuses by itself, in words and without repeating anything."""

import errno

import psycopg
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy.exc import DataError

from app.core import problems
from app.core.errors import AuditFailedError, NotFoundError
from app.core.types import UNSHOWN

NUL = "PostgreSQL text fields cannot contain NUL (0x00) bytes"


@pytest.mark.parametrize(
    ("said", "status", "words"),
    [(NUL, 422, UNSHOWN), ("integer out of range", 500, "Nothing was saved.")],
)
def test_a_nul_that_reached_the_database_is_refused_in_words(said, status, words):
    app = FastAPI()
    problems.install(app)

    @app.post("/names")
    def save() -> None:
        raise DataError("insert", {"name": "Kim Example\0"}, psycopg.DataError(said))

    answer = TestClient(app, raise_server_exceptions=False).post("/names")

    assert answer.status_code == status
    assert answer.json()["detail"].startswith(words)
    assert "Kim" not in answer.text


@pytest.mark.parametrize(
    ("number", "status", "words"),
    [(errno.ENOSPC, 503, "There is no room left"), (errno.EACCES, 500, "Nothing was saved.")],
)
def test_a_full_disk_is_told_as_something_that_passes(number, status, words):
    app = FastAPI()
    problems.install(app)

    @app.post("/files")
    def save() -> None:
        raise OSError(number, "refused", "/a folder/of somebody")

    answer = TestClient(app, raise_server_exceptions=False).post("/files")

    assert answer.status_code == status
    assert answer.json()["detail"].startswith(words)
    assert "somebody" not in answer.text


def test_a_refusal_that_cannot_be_told_to_the_audit_is_something_that_passes():
    app = FastAPI()
    problems.install(app)

    def refused(_request, _status) -> None:
        raise AuditFailedError("We cannot show this safely now. Try again soon.")

    app.state.refused = refused

    @app.get("/places")
    def show() -> None:
        raise NotFoundError("There is no such place.")

    answer = TestClient(app, raise_server_exceptions=False).get("/places")

    assert answer.status_code == 503
    assert answer.json()["type"] == "/problems/audit-failed"
