"""`contextmap hotspots run` on real PostGIS: cells out of what is recorded."""

from argparse import ArgumentParser
from types import SimpleNamespace

import pytest
from sqlalchemy import text

from app.clusters import commands
from app.core.actor import job_actor
from app.core.errors import InvalidError, RuleBrokenError
from app.core.progress import Progress
from app.core.settings import ROOT
from geo.hotspots.cells import AS_EXPECTED, MORE, UNKNOWN

KINGSTON, RICHMOND = "E09000021", "E09000027"
POLICE_JOB = job_actor("imports:police_street")
CENTRE = (517_875.0, 169_375.0)  # of a cell in Kingston, 300 m from the river


@pytest.fixture
def run(settings):
    def command(db, *arguments):
        parser = ArgumentParser()
        commands.register(parser.add_subparsers())
        given = parser.parse_args(["hotspots", "run", *arguments])
        context = SimpleNamespace(db=db, settings=settings, progress=Progress(enabled=False))
        return given.func(given, context)

    return command


@pytest.fixture
def police(db):
    """Three events a cell over both boroughs, and 60 more in one cell."""
    with db.begin(POLICE_JOB) as session:
        session.execute(
            text("""
                insert into reference.place_point
                    (id, lon_e6, lat_e6, easting_m, northing_m, mx, my, qk, lad_code,
                     n_events, months)
                select row_number() over (), ST_X(at) * 1e6, ST_Y(at) * 1e6, x, y, 0, 0, 0, null,
                       n, array[(250 << 16) | n]
                from (
                    select x, y, case when x = :x and y = :y then 60 else 3 end as n
                    from generate_series(500125, 535125, 250) as x,
                         generate_series(150125, 190125, 250) as y
                ) as cell, ST_Transform(ST_SetSRID(ST_MakePoint(x, y), 27700), 4326) as at
            """),
            {"x": CENTRE[0], "y": CENTRE[1]},
        )
    return db


def test_a_planted_hot_spot_is_the_first_cell_of_the_answer(police, run):
    (found,) = run(police, "--source", "police")["runs"]

    cells = found["cells"]
    assert [cell["q"] for cell in cells] == sorted(cell["q"] for cell in cells)
    hot = [cell for cell in cells if cell["word"] == MORE]
    assert len(hot) == 9
    (peak,) = [cell for cell in cells if cell["n"] == 60]
    assert peak["id"] == "c250:2071:677"
    assert peak["bbox"] == [517_750, 169_250, 518_000, 169_500]
    assert peak["borough"] == KINGSTON
    assert peak in hot
    assert peak["around"] == 84
    assert 27 <= peak["expected"] < 28
    assert {cell["borough"] for cell in cells} == {KINGSTON, RICHMOND}
    assert {cell["word"] for cell in cells} == {MORE, AS_EXPECTED}
    assert found["tested"] > len(cells)
    assert found["outside"] > 0
    assert (found["status"], found["reason"]) == ("ok", None)


def test_the_same_question_has_the_same_answer_and_another_seed_other_shuffles(police, run):
    options = ("--source", "police", "--replicates", "199")
    with police.begin(POLICE_JOB) as session:
        session.execute(
            text("""
                update reference.place_point
                set n_events = 1 + id % 7, months = array[(250 << 16) | (1 + id % 7)]
            """)
        )

    first, again = (run(police, *options)["runs"][0]["cells"] for _ in range(2))
    other = run(police, *options, "--seed", "7")["runs"][0]["cells"]

    assert first == again
    assert [cell["z"] for cell in first] == [cell["z"] for cell in other]
    assert {cell["p_shuffled"] for cell in first} != {cell["p_shuffled"] for cell in other}
    assert min(cell["p_shuffled"] for cell in first) >= 2 / 200 - 1e-9


def test_without_replicates_nothing_is_shuffled(police, run):
    result = run(police, "--source", "police", "--replicates", "0", "--cell-m", "500")

    assert {cell["p_shuffled"] for cell in result["runs"][0]["cells"]} == {None}
    assert result["runs"][0]["cells"][0]["id"].startswith("c500:")


def test_a_terminal_reads_words(police, run):
    lines = run(police, "--source", "police")["lines"]

    assert "9 more than expected, 0 fewer than expected" in lines[0]
    assert sum("c250:" in line for line in lines) == 9
    assert "84 with its neighbours, 27 expected." in " ".join(lines)


def test_a_source_without_a_record_says_not_enough_information(db, run):
    result = run(db, "--source", "all")
    (found,) = result["runs"]

    assert found["source"] == "partnership"
    assert found["status"] == "constant"
    assert found["reason"] in result["lines"]
    assert {cell["word"] for cell in found["cells"]} == {UNKNOWN}
    assert {cell["p_shuffled"] for cell in found["cells"]} == {1.0}


def test_asking_leaves_a_trace(police, run):
    run(police, "--source", "police")

    with police.read(job_actor("audit:seal", db_role="cs_audit")) as session:
        seen = session.execute(
            text("select role, detail from audit.event where action = 'hotspots.run'")
        ).all()
    assert [(row.role, row.detail) for row in seen] == [("job", {"source": "police"})]


def test_police_without_data_and_a_side_out_of_bounds_are_refused(db, run):
    with pytest.raises(InvalidError, match="No police incidents are loaded"):
        run(db, "--source", "police")
    with pytest.raises(InvalidError) as refused:
        run(db, "--cell-m", "50")
    assert refused.value.fields == {"--cell-m": "Enter a side of 100 to 2,000 metres."}


def test_a_partnership_without_boundaries_is_refused(police, settings, tmp_path):
    elsewhere = tmp_path / "partnership.toml"
    known = (ROOT / "data" / "partnership.toml").read_text()
    nowhere = "".join(f'[[borough]]\ncode = "E0999999{n}"\nname = "Nowhere"\n' for n in (1, 2))
    elsewhere.write_text(known.partition("[[borough]]")[0] + nowhere)
    parser = ArgumentParser()
    commands.register(parser.add_subparsers())
    given = parser.parse_args(["hotspots", "run", "--source", "police"])
    there = SimpleNamespace(partnership=elsewhere)
    context = SimpleNamespace(db=police, settings=there, progress=Progress(enabled=False))

    with pytest.raises(RuleBrokenError, match="boundary"):
        given.func(given, context)
