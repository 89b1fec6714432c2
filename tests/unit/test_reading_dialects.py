"""Whatever dialect a table was written in, the reader finds what was written."""

import csv
import io
import json

from hypothesis import given, settings
from hypothesis import strategies as st

from app.reading import answers, coordinates, marking
from app.reading.marking import harmless
from app.reading.schemas import Choices

TEXT = st.text(
    st.characters(exclude_categories=["Cc", "Cs", "Co", "Cn"], exclude_characters="\ufeff"),
    max_size=20,
)
# What all encodings have; letters that could be halves of UTF-8 in Windows-1252 are left out.
PLAIN = st.text(st.sampled_from("abc XYZ 0123,;|\"'=+-@\n éüñ"), max_size=20)
NAMES = st.lists(st.from_regex(r"[a-z]{1,8}", fullmatch=True), min_size=2, max_size=8, unique=True)
WAYS = {
    "delimiter": st.sampled_from(",;\t|"),
    "lineterminator": st.sampled_from(["\n", "\r\n", "\r"]),
    "quoting": st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
}


@st.composite
def tables(draw, cells):
    names = draw(NAMES)
    row = st.lists(cells, min_size=len(names), max_size=len(names))
    rows = draw(st.lists(row.filter(lambda r: any(c.strip() for c in r)), min_size=1, max_size=8))
    return names, rows


def written(names, rows, **way):
    text = io.StringIO(newline="")
    if way["lineterminator"] == "\r":
        way = {**way, "quoting": csv.QUOTE_ALL}  # Python's own leaves a line feed bare there
    writer = csv.writer(text, **way)
    writer.writerow(names)
    writer.writerows(rows)
    return text.getvalue()


def read(body):
    kind, table = answers.opened(io.BytesIO(body), Choices())
    assert kind == "CSV"
    return table, [[cell or "" for cell in row.cells] for row in table.rows]


@given(tables(TEXT), st.fixed_dictionaries(WAYS), st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
@settings(max_examples=300, deadline=None)
def test_what_was_written_is_read(table, way, encoding):
    names, rows = table
    body = written(names, rows, **way).encode(encoding)

    found, cells = read(body)

    assert (found.header, cells) == (names, rows)
    assert found.delimiter == way["delimiter"]


@given(tables(PLAIN), st.fixed_dictionaries(WAYS), st.sampled_from(["cp1252", "utf-8"]))
@settings(max_examples=200, deadline=None)
def test_letters_of_western_europe_are_known_without_a_mark(table, way, encoding):
    names, rows = table

    found, cells = read(written(names, rows, **way).encode(encoding))

    assert (found.header, cells) == (names, rows)


@given(
    tables(PLAIN),
    st.fixed_dictionaries(WAYS),
    st.sampled_from(["cp1252", "utf-8", "utf-8-sig", "utf-16", "utf-16-be"]),
    st.dictionaries(st.integers(2, 9), st.tuples(PLAIN, PLAIN), max_size=3),
)
@settings(max_examples=200, deadline=None)
def test_a_table_with_problems_is_read_as_the_same_table(table, way, encoding, problems):
    names, rows = table
    mark = b"\xfe\xff" if encoding == "utf-16-be" else b""
    body = mark + written(names, rows, **way).encode(encoding)
    _, found = answers.opened(io.BytesIO(body), Choices())

    again = b"".join(marking.marked("CSV", found, io.BytesIO(body), Choices(), problems))

    after, cells = read(again)
    assert after.header == [*names, "problem", "how_to_fix"]
    assert [row[: len(names)] for row in cells] == [list(map(harmless, row)) for row in rows]
    assert (after.delimiter, after.encoding) == (found.delimiter, found.encoding)
    for number, row in enumerate(cells, start=2):
        assert tuple(row[len(names) :]) == tuple(map(harmless, problems.get(number, ("", ""))))
        for cell in row:
            assert coordinates.PLAIN.fullmatch(cell) or cell.strip()[:1] not in list("=+-@")


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e6, max_value=1e6))
def test_a_number_is_read_with_point_or_comma(value):
    text = f"{value:.6f}"

    assert coordinates.number(text) == float(text)
    assert coordinates.number(text.replace(".", ",")) == float(text)


@given(st.text(max_size=12))
def test_a_number_is_a_plain_number_or_none(text):
    value = coordinates.number(text)

    assert value is None or float(text.strip().replace("\u2212", "-").replace(",", ".")) == value


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
        max_leaves=10,
    )
)
@settings(max_examples=100, deadline=None)
def test_a_property_of_geojson_is_read_as_text(value):
    feature = {"type": "Feature", "geometry": None, "properties": {"a": value}}
    body = json.dumps({"type": "FeatureCollection", "features": [feature]}).encode()

    _, table = answers.opened(io.BytesIO(body), Choices())
    [row] = table.rows

    [text] = row.cells
    if value is None or value == "":
        assert text is None
    else:
        assert (text if isinstance(value, str) else json.loads(text)) == value
