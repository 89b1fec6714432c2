"""`contextmap flows` on real PostGIS: where children who were harmed live, by borough."""

from argparse import ArgumentParser
from dataclasses import replace
from datetime import date
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.stats import poisson
from sqlalchemy import text

from app.accounts.permissions import ROLES
from app.clusters import commands
from app.core.actor import job_actor
from app.core.errors import AppError, ForbiddenError, InvalidError
from app.core.json import json_bytes
from app.core.progress import Progress
from app.demo import service as demo
from geo.hotspots.cells import AS_EXPECTED, MORE, UNKNOWN
from geo.significance import bh
from tests.integration.test_cluster_evidence import children
from tests.integration.test_clusters import incident, move, place
from tests.people import KINGSTON, RICHMOND, sign_in_as

__all__ = ["children"]

CROYDON, MOLE_VALLEY = "E09000008", "E07000210"
OTHER, OUTSIDE = "other London", "outside London"
IN_KINGSTON, IN_RICHMOND, IN_MERTON = (518_500, 168_000), (517_000, 173_500), (525_500, 169_500)
LONG_AGO = 200  # days: in a quarter that is over, whatever today is


@pytest.fixture
def run(settings):
    def command(db, *arguments):
        parser = ArgumentParser()
        commands.register(parser.add_subparsers())
        given = parser.parse_args(["flows", *arguments])
        context = SimpleNamespace(db=db, settings=settings, progress=Progress(enabled=False))
        return given.func(given, context)

    return command


@pytest.fixture
def analyst(db):
    return "--user", sign_in_as(db, "police_analyst", agency="MPS").username


def happened(db, lead, at, days_ago=LONG_AGO, **change):
    return incident(db, lead, *map(float, at), days_ago, **change)


@pytest.fixture
def harmed(db, lead, children):
    """Two incidents, and who was harmed there: 45 of Kingston, 46 of Richmond, 4 of elsewhere."""
    kingston, richmond = (happened(db, lead, at) for at in (IN_KINGSTON, IN_RICHMOND))
    ids = []
    for home, n_kingston, n_richmond in (
        (KINGSTON, 40, 5),
        (RICHMOND, 6, 40),
        (CROYDON, 3, 0),
        (MOLE_VALLEY, 1, 0),
    ):
        made = children.made(n_kingston + n_richmond, home)
        for k, child in enumerate(made):
            children.link(child, kingston if k < n_kingston else richmond)
        ids += made
    return ids


def cells(found, key="shown"):
    """By home and district of harm; without those of nobody."""
    return {
        (c["home"], c["place"]): c[key]
        for c in found["cells"]
        if c["high"] != 0 and c["shown"] != "not shown"
    }


def test_an_analyst_sees_each_flow_beside_what_the_margins_explain(db, harmed, run, analyst):
    found = run(db, *analyst)

    table = np.array([[40, 5], [6, 40], [3, 0], [1, 0]])
    by_hand = np.outer(table.sum(1), table.sum(0)) / table.sum()
    p = poisson.sf(table - 1, by_hand)
    q = bh(p.ravel()).reshape(p.shape)
    assert (found["status"], found["reason"], found["exact"]) == ("ok", None, True)
    got = {(c["home"], c["place"]): c for c in found["cells"]}
    for i, home in enumerate((KINGSTON, RICHMOND, OTHER, OUTSIDE)):
        for j, where in enumerate((KINGSTON, RICHMOND)):
            cell = got[home, where]
            assert cell["n"] == cell["low"] == cell["high"] == table[i, j]
            assert cell["expected"] == pytest.approx(by_hand[i, j], rel=1e-5)
            assert cell["p"] == pytest.approx(p[i, j], rel=1e-5)
            assert cell["q"] == pytest.approx(q[i, j], rel=1e-5)
        assert (got[home, "elsewhere"]["n"], got[home, "elsewhere"]["p"]) == (0, None)
    assert got[KINGSTON, KINGSTON]["word"] == got[RICHMOND, RICHMOND]["word"] == MORE
    assert got[KINGSTON, RICHMOND]["word"] == AS_EXPECTED
    assert got[OUTSIDE, KINGSTON]["word"] == UNKNOWN
    assert [line["low"] for line in found["homes"]] == [45, 46, 3, 1]
    assert found["unknown"]["low"] == 0


def test_an_analyst_reads_a_table_and_what_stands_out(db, harmed, run, analyst):
    lines = run(db, "run", *analyst)["lines"]

    head = next(line for line in lines if "in all" in line)
    assert head.split("  ")[-1] == "in all"
    row = next(line for line in lines if line.startswith("Kingston upon Thames"))
    assert row.split()[-4:] == ["40", "5", "0", "45"]
    assert (
        "More than the sizes of both explain: home Richmond upon Thames, harmed in Richmond upon "
        "Thames: 40 children, 21.8 expected, q 0.002."
    ) in lines
    assert "Home or district of harm not known: 0." in lines


def test_without_a_name_small_numbers_are_a_band_and_nothing_exact_is_told(db, harmed, run):
    found = run(db)

    assert found["exact"] is False
    assert cells(found) == {
        (KINGSTON, KINGSTON): "40",
        (KINGSTON, RICHMOND): "1 to 7",
        (RICHMOND, KINGSTON): "1 to 7",
        (RICHMOND, RICHMOND): "40",
    }
    for cell in found["cells"]:
        assert [cell[key] for key in ("n", "expected", "residual", "p", "q")] == [None] * 5
    assert set(cells(found, "word").values()) == {MORE, UNKNOWN}
    # All of Croydon were harmed in one borough: only how many is told.
    assert {c["shown"] for c in found["cells"] if c["home"] == OTHER} == {"not shown"}
    assert [line["shown"] for line in found["homes"]] == ["45", "45", "1 to 7", "1 to 7"]
    assert "Small numbers are not shown exactly. Totals may not add up." in found["lines"]
    assert not [line for line in found["lines"] if "expected" in line]


def test_one_child_more_among_few_changes_no_byte_for_others(db, harmed, run, lead, children):
    before = run(db)
    (child,) = children.made(1, KINGSTON)
    children.link(child, happened(db, lead, IN_RICHMOND))

    assert json_bytes(run(db)["cells"]) == json_bytes(before["cells"])


def test_a_total_that_would_give_a_small_number_away_is_not_shown(db, lead, run, children):
    kingston, richmond = (happened(db, lead, at) for at in (IN_KINGSTON, IN_RICHMOND))
    for k, child in enumerate(children.made(18, KINGSTON)):
        children.link(child, kingston if k < 12 else richmond)

    found = run(db)

    assert cells(found) == {(KINGSTON, KINGSTON): "10", (KINGSTON, RICHMOND): "1 to 7"}
    assert found["homes"][0]["shown"] == "not shown"


def test_no_answer_holds_a_token_of_a_child(db, harmed, run, lead, analyst):
    with db.read(replace(lead, purpose="PLAN", purpose_for="*")) as session:
        refs = list(session.scalars(text("select ref from app.child")))
    said = json_bytes([run(db), run(db, *analyst)]).decode()

    assert len(refs) == len(harmed) == 95
    assert not [token for token in (*map(str, harmed), *refs) if token in said]
    assert "CH-" not in said
    assert "child" not in {key for cell in run(db)["cells"] for key in cell}


def test_who_counts_and_where(db, lead, run, children, analyst):
    (one, seen, online, visitor, moved, at_home, hidden, withdrawn) = (
        children.made(1, home)[0] for home in (RICHMOND,) * 8
    )
    kingston = happened(db, lead, IN_KINGSTON)
    children.link(one, kingston)
    children.link(one, happened(db, lead, IN_KINGSTON))
    children.link(one, happened(db, lead, IN_RICHMOND))
    children.link(seen, kingston, role="at_risk_here")
    children.link(online, place_id=place(db, lead, "ONLINE_SOCIAL"))
    children.link(visitor, happened(db, lead, IN_MERTON))
    children.link(moved, happened(db, lead, IN_RICHMOND))
    with db.begin(replace(lead, purpose="PLAN", purpose_for="*")) as session:
        session.execute(
            text("""
                insert into app.child_home (id, child_id, lad_code, from_on, to_on)
                values (gen_random_uuid(), :child, :home, '2010-01-01', current_date - 30)
            """),
            {"child": moved, "home": CROYDON},
        )
    children.link(at_home, place_id=place(db, lead, "RESIDENTIAL"))
    children.link(hidden, place_id=place(db, lead, "GROUP_TERRITORY", shape=SQUARE))
    gone = happened(db, lead, IN_KINGSTON)
    children.link(withdrawn, gone)
    move(db, lead, [gone], state="WITHDRAWN")

    found = run(db, *analyst)

    assert cells(found, "n") == {
        (RICHMOND, KINGSTON): 2,  # of an incident, and at a home that is told by its borough
        (RICHMOND, RICHMOND): 1,
        (RICHMOND, "elsewhere"): 1,
        (OTHER, RICHMOND): 1,  # lived there then
    }
    assert found["homes"][1] == {"home": RICHMOND, "shown": "3", "low": 3, "high": 3}
    assert found["unknown"]["low"] == 1
    assert found["status"] == "not enough data"


SQUARE = "POLYGON((518000 168000,518050 168000,518050 168050,518000 168050,518000 168000))"


def test_too_few_are_no_comparison_and_no_error(db, run, analyst):
    few = run(db, *analyst)

    assert (few["status"], {c["word"] for c in few["cells"]}) == ("not enough data", {UNKNOWN})
    assert few["reason"] in few["lines"]
    assert "This does not mean no harm." in few["reason"]


def test_one_district_alone_is_nothing_to_compare(db, lead, run, children, analyst):
    kingston = happened(db, lead, IN_KINGSTON)
    for home in (KINGSTON, RICHMOND):
        for child in children.made(12, home):
            children.link(child, kingston)

    found = run(db, *analyst)

    assert found["status"] == "not enough data"
    assert "nothing to compare" in found["reason"]


def test_dates_choose_and_without_a_name_whole_quarters_do(db, lead, run, children, analyst):
    for child in children.made(9, KINGSTON):
        children.link(child, happened(db, lead, IN_KINGSTON, LONG_AGO))
    window = ("--from", "2020-02-15", "--to", "2021-11-30")

    assert cells(run(db, *window, *analyst)) == {}
    quarters = run(db, *window)
    assert (quarters["from"], quarters["to"]) == ("2020-01-01", "2021-12-31")
    found = run(db)
    assert date.fromisoformat(found["from"]).day == 1
    with pytest.raises(InvalidError, match="quarters that are over"):
        run(db, "--from", run(db, *analyst)["to"])


def test_the_same_question_has_the_same_answer(db, harmed, run, analyst):
    assert json_bytes(run(db, *analyst)) == json_bytes(run(db, "--seed", "7", *analyst))


def test_asking_leaves_a_trace_with_who_saw_exact_numbers(db, run, analyst):
    run(db, "--from", "2020-01-01", "--to", "2020-06-30")
    run(db, "--from", "2020-01-01", "--to", "2020-06-30", *analyst)

    with db.read(job_actor("audit:seal", db_role="cs_audit")) as session:
        seen = session.execute(
            text("select role, detail from audit.event where action = 'flows.run' order by id")
        ).all()
    facts = {"source": "partnership", "first_on": "2020-01-01", "last_on": "2020-06-30"}
    assert [(row.role, row.detail) for row in seen] == [
        ("job", facts | {"exact": False}),
        ("police_analyst", facts | {"exact": True}),
    ]


@pytest.mark.parametrize("role", sorted(ROLES.keys() - {"police_analyst", "cs_lead", "public"}))
def test_other_roles_and_unknown_names_are_refused(db, run, role):
    person = sign_in_as(db, role)

    for name in (person.username, "nobody-of-that-name"):
        with pytest.raises(ForbiddenError, match="--user"):
            run(db, "--user", name)


def test_police_data_know_no_children_and_dates_have_an_order(db, run):
    with pytest.raises(InvalidError, match="know no children"):
        run(db, "--source", "police")
    with pytest.raises(AppError) as refused:
        run(db, "--from", "2025-02-01", "--to", "2025-01-01")
    assert refused.value.fields == {"--to": "The end is before the start."}


def test_the_demonstration_has_flows(db, run, analyst):
    demo.load_once(db)

    exact, told = run(db, *analyst), run(db)

    assert exact["status"] == "ok"
    assert sum(cell["n"] for cell in exact["cells"]) > 100
    assert {cell["n"] for cell in told["cells"]} == {None}
    assert set(exact["names"].values()) == {"Kingston upon Thames", "Richmond upon Thames"}
