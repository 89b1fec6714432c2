"""Street files as they come, without a database."""

import csv
import gzip
import zipfile
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import InvalidError
from app.imports import files
from app.imports.files import Refusal, Refusals

TODAY = date(2026, 11, 24)
HEADER = "Month,Longitude,Latitude,Location\n"
GOOD = "2024-03,-0.3,51.4,On or near x\n"


def read(path, body):
    path.write_bytes(body if isinstance(body, bytes) else body.encode())
    (source,) = files.sources(path)
    street, refused = files.read(source, {}, TODAY)
    return 0 if street is None else len(street), [(r.row, r.reason) for r, _ in refused]


def test_rows_are_numbered_as_in_the_file_whatever_is_left_out(tmp_path):
    body = HEADER + "1,2\n" + GOOD + "x,,,\n" + "1\n" + GOOD + "y,,,\n" + "1,2,3,4,5\n" + "z,,,\n"

    n, refused = read(tmp_path / "a.csv", body)

    assert n == 2
    assert [row for row, _ in refused] == [2, 4, 5, 7, 8, 9]


def test_a_large_file_is_read_in_blocks_and_numbered_through(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "BLOCK_BYTES", 300)
    lines = [GOOD, GOOD, "short\n", "bad,,,\n"] * 50

    n, refused = read(tmp_path / "a.csv", HEADER + "".join(lines))

    assert n == 100
    assert [row for row, _ in refused] == [i for i, line in enumerate(lines, 2) if line != GOOD]


@pytest.mark.parametrize(
    "body",
    [
        b"\xef\xbb\xbf" + (HEADER + GOOD).encode(),
        (HEADER + GOOD).replace("\n", "\r\n").encode(),
        (HEADER + GOOD).rstrip().encode(),
        (b' Month ,"Longitude",Latitude,Location\n"2024-03",-0.3,51.4,"On or near x, y"\n'),
    ],
)
def test_marks_line_ends_and_quotes_do_not_matter(tmp_path, body):
    assert read(tmp_path / "a.csv", body) == (1, [])


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "has no column Month"),
        (b"Month,Longitude\n", "has no column Latitude"),
        (b"Month,Month,Longitude,Latitude,Location\n", "two columns of the same name"),
        ((HEADER + GOOD).encode("utf-16"), "not a text file"),
        (HEADER.encode() + b"2024-03,-0.3,51.4,caf\xe9\n", "cannot be read as CSV in UTF-8"),
        (HEADER.encode() + b"2024-03,-0.3,51.4,\xff\n", "cannot be read as CSV in UTF-8"),
        (HEADER.encode() + GOOD.encode() * 4000 + b"2024-03,-0.3,51.4,a\0b\n", "not a text file"),
        (HEADER.encode() + b"x" * 20_000_000, "cannot be read as CSV"),
    ],
)
def test_what_is_no_street_file_is_refused_in_words(tmp_path, body, words):
    with pytest.raises(InvalidError, match=words):
        read(tmp_path / "a.csv", body)


def test_a_damaged_archive_is_refused_in_words(tmp_path):
    packed = gzip.compress((HEADER + GOOD * 5000).encode())
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("2024-03-x-street.csv", (HEADER + GOOD * 50).encode())
    whole = archive.read_bytes()
    bodies = {"a.csv.gz": packed[:200], "b.zip": whole[:100], "c.zip": damaged(whole)}

    for name, body in bodies.items():
        with pytest.raises(InvalidError, match=r"damaged or cut off|not a readable"):
            read(tmp_path / name, body)


def damaged(archive):
    at = archive.index(b"street.csv") + 20
    return archive[:at] + bytes(b ^ 0xFF for b in archive[at : at + 8]) + archive[at + 8 :]


@pytest.mark.asvs("1.2.10")
@given(st.lists(st.text(max_size=12), min_size=1, max_size=6))
def test_no_cell_of_the_errors_file_runs_as_a_formula(tmp_path_factory, cells):
    path = tmp_path_factory.mktemp("errors") / "errors.csv"
    refusals = Refusals(path)

    refusals.add("a.csv", [(Refusal(2, "reason"), [*cells, "=1+1", "-0.25", "@x", "\t=1"])])

    with path.open(newline="") as out:
        _, written = csv.reader(out)
    assert written[-4:] == ["'=1+1", "-0.25", "'@x", "'\t=1"]
    for cell in written:
        risky = cell.lstrip().startswith(("=", "+", "-", "@"))
        assert not risky or float(cell) is not None


def test_refusals_of_several_files_go_into_one(tmp_path):
    refusals = Refusals(tmp_path / "new" / "errors.csv")

    refusals.add("none.csv", [])
    refusals.add("a.csv", [(Refusal(2, "one"), ["x"])])
    refusals.add("b.csv", [(Refusal(3, "two"), ["y"]), (Refusal(4, "three"), ["z"])])

    with (tmp_path / "new" / "errors.csv").open(newline="") as out:
        lines = list(csv.reader(out))
    assert [cells[0] for cells in lines] == ["file", "a.csv", "b.csv", "b.csv"]
    assert (refusals.n, refusals.first) == (3, Refusal(2, "one"))
