"""Files of the pages come compressed to whoever takes that, and are read anew when they change."""

import gzip
import os

import pytest
from starlette.testclient import TestClient

from app.core.assets import Assets, packed

PLAIN = {"Accept-Encoding": "identity"}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "vendor").mkdir()
    (tmp_path / "page.js").write_text("words();\n" * 200)
    (tmp_path / "short.css").write_text("a{}")
    (tmp_path / "shot.webp").write_bytes(b"picture " * 200)
    (tmp_path / "vendor/map.js").write_text("draw();\n" * 200)
    return tmp_path


@pytest.fixture
def client(folder):
    return TestClient(Assets(directory=folder))


def test_words_come_compressed_and_pictures_as_they_are(client, folder):
    answers = {path: client.get(f"/{path}") for path in ("page.js", "short.css", "shot.webp")}

    said = {path: answer.headers.get("content-encoding") for path, answer in answers.items()}
    assert said == {"page.js": "gzip", "short.css": None, "shot.webp": None}
    assert all(answers[path].content == (folder / path).read_bytes() for path in answers)
    assert int(answers["page.js"].headers["content-length"]) < 200
    assert answers["page.js"].headers["content-type"].startswith("text/javascript")


def test_whoever_takes_no_compression_or_a_part_gets_the_file_itself(client, folder):
    whole = (folder / "page.js").read_bytes()

    plain = client.get("/page.js", headers=PLAIN)
    part = client.get("/page.js", headers={"Range": "bytes=3-7"})

    assert (plain.content, part.content) == (whole, whole[3:8])
    assert "content-encoding" not in plain.headers | part.headers
    assert {plain.headers["vary"], part.headers["vary"]} == {"Accept-Encoding"}


def test_a_kept_copy_is_asked_for_by_its_tag_in_both_forms(client):
    packed_one, plain = client.get("/page.js"), client.get("/page.js", headers=PLAIN)

    assert packed_one.headers["etag"] == plain.headers["etag"]
    again = client.get("/page.js", headers={"If-None-Match": plain.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["cache-control"] == "no-cache"
    assert "immutable" in client.get("/vendor/map.js").headers["cache-control"]


def test_a_changed_file_is_compressed_anew(client, folder):
    client.get("/page.js")
    packed.cache_clear()
    first = packed(str(folder / "page.js"), 1)
    (folder / "page.js").write_text("other_words();\n" * 200)
    os.utime(folder / "page.js", ns=(2, 2))

    assert packed(str(folder / "page.js"), 1) == first
    assert client.get("/page.js").text == "other_words();\n" * 200
    assert gzip.decompress(packed(str(folder / "page.js"), 2)).startswith(b"other")
