"""Charts and maps of a report: what is drawn is what stands in the table beside it."""

from xml.etree import ElementTree as ET

import pytest
from shapely import box

from app.briefings import checks, document, of_maps, plotting, printing
from app.briefings.plotting import Ground, Hull, Spot
from tests import tagged
from tests.html import complaints
from tests.report_snapshot import briefing, snapshot

WEEK = [["Morning, 6am to 8am", ["0", "1 to 7", "10"]], ["Evening, 6pm to 10pm", ["20", "40", "-"]],
        ["Night, 10pm to 6am", ["15", "35", "not shown"]]]  # fmt: skip
WARDS = [["Alpha", ["0"]], ["Beta", ["1 to 7"]], ["Gamma", ["45"]], ["Delta", ["not shown"]]]
GROUND = Ground(
    {"Kingston": box(0, 0, 2000, 1000), "Richmond": box(0, 1000, 2000, 2000)},
    {name: box(1000 * (n % 2), 1000 * (n // 2), 1000 * (n % 2) + 1000, 1000 * (n // 2) + 1000)
     for n, (name, _) in enumerate(WARDS)},
    [(500, 500)],
)  # fmt: skip


def table(source, columns, rows, title="January to June 2026"):
    return {"kind": "table", "id": source, "source": source, "title": title, "columns": columns,
            "rows": rows, "note": ""}  # fmt: skip


WHEEL = of_maps.pictured(table("RH3", ["School day", "Holiday", "Weekend"], WEEK), GROUND)
MAP = of_maps.pictured(table("RH1", ["Incidents"], WARDS), GROUND)
HEAT = of_maps.pictured(table("RH2", ["Parks", "Streets", "Online"], WEEK), GROUND)


def said(picture):
    return [node.text for node in ET.fromstring(picture).iter("text")]  # noqa: S314


def fills(picture):
    return [node.get("fill") for node in ET.fromstring(picture).iter("path")]  # noqa: S314


def test_the_wheel_says_each_of_its_cells_and_so_does_its_alternative():
    shown = [one for _, row in WEEK for one in row]
    assert [one for one in said(WHEEL["svg"]) if one in shown] == shown
    for name, row in WEEK:
        assert all(f"{column} {one}" in WHEEL["alt"].split(f"{name}: ")[1].split(";")[0]
                   for column, one in zip(WHEEL["columns"], row, strict=True))  # fmt: skip
    assert fills(WHEEL["svg"])[1:].count("url(#hatch-RH3)") == 2


def test_the_ward_map_has_five_classes_and_hatches_what_is_not_shown():
    colours = fills(MAP["svg"])[1:5]
    assert colours == ["#ffffff", "#a9d1c6", "#0a4a44", "url(#hatch-RH1)"]
    assert said(MAP["svg"])[:3] == ["0", "1 to 7", "45"]
    assert "Delta: Incidents not shown" in MAP["alt"]
    assert MAP["rows"] == WARDS


def test_numbers_of_many_wards_are_no_telephone_number():
    rows = [[f"Ward {n}", ["0"]] for n in range(12)]
    shapes = {name: box(100 * n, 0, 100 * n + 100, 100) for n, (name, _) in enumerate(rows)}
    drawn = of_maps.pictured(table("RH1", ["Incidents"], rows), Ground(GROUND.boroughs, shapes))
    printed = " \n".join(checks.strings([drawn]))
    assert printed.count("0 \n") > 12
    assert [name for name, pattern in checks.PERSONAL if pattern.search(printed)] == []


def test_a_ward_without_a_shape_leaves_a_table_and_a_heat_table_keeps_its_numbers():
    plain = table("RH1", ["Incidents"], WARDS)
    assert of_maps.pictured(plain, Ground({})) == plain
    assert of_maps.pictured(table("RQ1", ["All"], WARDS), GROUND)["kind"] == "table"
    assert HEAT["shades"] == [[0, 1, 2], [3, 4, None], [2, 3, None]]
    assert HEAT["rows"] == WEEK


@pytest.mark.parametrize("n", [0, 1])
def test_both_quarters_of_the_pair_have_the_same_scale_and_only_their_own_bands(n):
    spots = [Spot(1, "PG_OPEN", 500, 500, ("1 to 7", "38 or more")),
             Spot(2, "PG_TRANSPORT", 1500, 1500, (plotting.NO_BAND, "8 to 17"))]  # fmt: skip
    hulls = [Hull("A", box(200, 200, 900, 900), now=True)]
    drawn = plotting.place_maps("Alt", GROUND, spots, hulls, ("Before", "Now"))
    words = said(drawn)
    middle = words.index("Now")
    part = words[middle:] if n else words[:middle]
    assert part == (["Now", "A", "2", "2", "4", "1"] if n else ["Before", "-", "2", "1", "1"])
    borders = [node.get("d") for node in ET.fromstring(drawn).iter("path")]  # noqa: S314
    moved = [_moved(d) for d in borders[:2]]
    assert moved == borders[4:6]


def _moved(path):
    """The same outline, one panel to the right."""
    points = [pair.split() for pair in path.strip("MZ").split("L")]
    return "M" + "L".join(f"{float(x) + 320:.1f} {y}" for x, y in points) + "Z"


def test_pictures_and_shaded_tables_come_through_to_page_and_pdf():
    made = snapshot()
    made["pages"][1]["blocks"] += [WHEEL, MAP, HEAT]
    told = briefing(made)
    _, top = tagged.read(printing.as_pdf(made, told).body)
    page = printing.whole(made, told).decode()
    assert complaints(page) == []
    assert {WHEEL["alt"], MAP["alt"]} <= {node.alt for node in top.all("Figure")}
    assert page.count("<img") == 3
    rows = [[cell.words for cell in row.below] for row in list(top.all("Table"))[-1].all("TR")]
    assert rows == [["", *HEAT["columns"]], *([name, *row] for name, row in WEEK)]
    assert 'govuk-table__cell--numeric cm-shade-gap">not shown' in page
    assert document.block(made, "RH3") == WHEEL
