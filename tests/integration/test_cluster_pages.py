"""Lists, comparison and pictures of clusters: what each role reads, and what changed."""

import io
from dataclasses import replace

import pytest
from PIL import Image
from sqlalchemy import text

from app.clusters import comparing, service
from app.clusters.schemas import RunIn
from app.core.actor import Actor
from app.core.ids import new_id
from app.places.queries import partner_codes
from tests.integration.test_cluster_decisions import BRIDGE, incident, run
from tests.people import HTML, LEAD, RICHMOND, browser, csrf, sign_in_as

FAR = (515500.0, 173000.0)  # in the middle of Richmond


def group(db, at, n=6, agencies=("AFC", "MPS_SWBCU"), gap=0):
    """Incidents enough for a pattern; returns nothing, they are found by where they are."""
    for i in range(n):
        incident(db, at[0] + gap * i, at[1], 3 * i + 1, agencies[i % 2])


def withdraw(db, at, within_m=200):
    with db.begin(LEAD) as session:
        session.execute(
            text("""
                update app.incident set state = 'WITHDRAWN'
                where ST_DWithin(geom, ST_SetSRID(ST_MakePoint(:x, :y), 27700), :m)
            """),
            {"x": at[0], "y": at[1], "m": within_m},
        )


def run_ids(db):
    with db.read(LEAD) as session:
        sql = "select id from app.cluster_run order by requested_at, id"
        return list(session.scalars(text(sql)))


def find(db, settings):
    """A run whatever it finds."""
    with db.begin(LEAD) as session:
        wanted = RunIn(source="partnership", replicates=0)
        (made,) = service.ask(session, LEAD, wanted, partner_codes(settings.partnership))
    service.recompute(db, made.id)
    return made.id


@pytest.fixture
def as_role(db, settings):
    def signed_in(role, **options):
        return browser(db, settings, sign_in_as(db, role, agency="AFC", **options))

    return signed_in


def kinds(db, before, after, actor=LEAD):
    with db.read(actor) as session:
        found = comparing.compared(session, actor, before, after)
        return [(line.kind, line.n_before, line.n_after, line.of) for line in found.lines]


def test_new_gone_and_changed_patterns_are_told_apart(db, settings):
    group(db, BRIDGE)
    group(db, FAR)
    before = find(db, settings)
    withdraw(db, FAR)
    incident(db, *BRIDGE, 2, "AFC")
    group(db, (519500.0, 168000.0))
    after = find(db, settings)

    assert sorted(kinds(db, before, after), key=str) == [
        ("gone", 6, None, None),
        ("more", 6, 7, None),
        ("new", None, 6, None),
    ]
    assert {kind for kind, *_ in kinds(db, before, before)} == {"same"}


def test_a_pattern_that_falls_apart_is_split_and_one_that_joins_is_merged(db, settings):
    west, north = BRIDGE
    group(db, (west, north), gap=10)
    group(db, (west + 400, north), n=5, gap=10)
    incident(db, west + 210, north, 5, "AFC")
    whole = find(db, settings)
    withdraw(db, (west + 210, north), within_m=20)
    parts = find(db, settings)

    split = kinds(db, whole, parts)
    merged = kinds(db, parts, whole)

    assert split == [("fewer", 12, 6, None), ("split", None, 5, 1)]
    assert merged == [("more", 6, 12, None), ("merged", 5, None, 1)]


def test_a_practitioner_compares_the_own_side_by_lineage(db, settings):
    group(db, (BRIDGE[0] - 60, BRIDGE[1]))
    group(db, (BRIDGE[0] + 80, BRIDGE[1]))
    before = find(db, settings)
    incident(db, BRIDGE[0] - 60, BRIDGE[1], 2, "AFC")  # on the other side of the river
    after = find(db, settings)
    person = Actor(id=new_id(), role="practitioner", label="p", boroughs=("E09000021",),
                   tiers=("H0", "H1"))  # fmt: skip

    own = kinds(db, before, after, person)
    theirs = kinds(db, before, after, replace(person, boroughs=(RICHMOND,)))

    assert {own[0][0], theirs[0][0]} == {"same", "more"}
    assert sum(n for side in (own, theirs) for _, _, n, _ in side) == 13


def test_the_page_of_a_comparison_works_without_a_script_and_its_maps_have_one_extent(
    db, settings, as_role
):
    group(db, BRIDGE)
    before = find(db, settings)
    group(db, FAR)
    after = find(db, settings)
    lead = as_role("cs_lead")

    page = lead.get(f"/clusters/compare?before={before}&after={after}", headers=HTML)
    pictures = [
        lead.get(f"/map/clusters/{before}/{after}/{side}.png") for side in ("before", "after")
    ]
    program = lead.get(f"/api/v1/clusters/runs/{before}/compare/{after}").json()

    assert "1 new, 1 as before." in page.text
    assert [Image.open(io.BytesIO(one.content)).size for one in pictures] == [(640, 640)] * 2
    assert pictures[0].content != pictures[1].content
    assert program["counts"] == {"new": 1, "same": 1}


def test_two_periods_get_a_run_each_and_wait_for_both(db, as_role):
    lead = as_role("cs_lead")
    days = {"first_from": "2026-01-01", "first_to": "2026-03-31"}
    days |= {"second_from": "2026-04-01", "second_to": "2026-06-30"}

    sent = lead.post("/clusters/compare", data=days | {"csrf": csrf(lead)}, headers=HTML)
    page = lead.get(sent.headers["location"], headers=HTML)
    wrong = lead.post(
        "/clusters/compare",
        data=days | {"csrf": csrf(lead), "first_to": "2025-01-01", "second_to": ""},
    )
    ends = {"first_to": "2025-01-01", "second_to": "2025-01-01"}
    early = lead.post("/clusters/compare", data=days | ends | {"csrf": csrf(lead)})

    assert sent.status_code == 303
    assert "The calculations are under way." in page.text
    assert len(run_ids(db)) == 2
    assert wrong.status_code == early.status_code == 422
    assert "Enter the last day of the second period." in wrong.text
    assert "The first period ends before it starts." in early.text
    assert "The second period ends before it starts." in early.text


def test_what_is_new_changed_and_gone_stands_in_the_list(db, settings, as_role):
    group(db, BRIDGE)
    group(db, FAR)
    find(db, settings)
    withdraw(db, FAR)
    incident(db, *BRIDGE, 2, "AFC")
    find(db, settings)
    lead = as_role("cs_lead")

    page = lead.get("/clusters", headers=HTML).text
    none = lead.get("/clusters?change=new", headers=HTML).text

    assert "Changed, 6 before" in page
    assert "Gone since the run before" in page
    assert "<strong>1 cluster.</strong>" in page
    assert "No clusters match these filters." in none


def test_patterns_that_may_be_chance_are_counted_and_shown_on_demand(db, settings, as_role):
    group(db, BRIDGE)
    find(db, settings)
    with db.cursor(service.JOB) as cursor:
        cursor.execute(
            'update app.cluster set evidence = evidence || \'{"significance": "chance"}\''
        )
    lead = as_role("cs_lead")

    hidden = lead.get("/clusters", headers=HTML).text
    shown = lead.get("/clusters?show=chance", headers=HTML).text

    assert "found no clusters.</strong> 1 pattern may be chance." in hidden
    assert "Show them" in hidden
    assert "May be chance" in shown


def test_a_practitioner_reads_no_number_of_the_other_side(db, settings, as_role):
    group(db, (BRIDGE[0] - 60, BRIDGE[1]), n=7)
    group(db, (BRIDGE[0] + 80, BRIDGE[1]), n=9)
    find(db, settings)
    person = as_role("practitioner")

    page = person.get("/clusters", headers=HTML).text

    assert "also active across the boundary" in page
    assert ">16<" not in page
    assert "Start a calculation" not in page
    assert person.get("/clusters?show=all", headers=HTML).status_code == 200


@pytest.mark.parametrize("role", ["partner", "vca_member", "administrator"])
@pytest.mark.parametrize("path", ["/clusters", "/clusters/runs", "/clusters/compare", "{c}", "{p}"])
def test_others_have_no_page_of_clusters(db, settings, as_role, role, path):
    for i in range(6):
        incident(db, *BRIDGE, 3 * i + 1, ("AFC", "MPS_SWBCU")[i % 2])
    key = run(db, settings).id
    asked = path.format(c=f"/clusters/{key}", p=f"/map/clusters/{key}.png")

    answer = as_role(role).get(asked, headers=HTML)

    assert answer.status_code in {403, 404}


@pytest.mark.parametrize("role", ["practitioner", "police_analyst"])
def test_only_a_lead_starts_a_calculation(as_role, role):
    client = as_role(role)

    assert client.get("/clusters/new", headers=HTML).status_code == 403
    form = {"csrf": csrf(client), "source": "partnership"}
    assert client.post("/clusters", data=form, headers=HTML).status_code == 403


def test_recalculating_asks_the_same_question_again(db, settings, as_role):
    group(db, BRIDGE)
    key = run(db, settings, eps_m=300.0, seed=7).id
    lead = as_role("cs_lead")

    sent = lead.post(f"/clusters/{key}/recalculate", data={"csrf": csrf(lead)}, headers=HTML)

    assert (sent.status_code, sent.headers["location"]) == (303, "/clusters/runs")
    with db.read(LEAD) as session:
        asked = session.execute(text("select distinct series, seed from app.cluster_run")).all()
    assert len(asked) == 1
    assert asked[0].seed == 7


def test_an_experiment_does_not_take_the_place_of_the_standing_list(db, settings, as_role):
    group(db, BRIDGE)
    standing = find(db, settings)
    run(db, settings, eps_m=300.0)
    experiment = next(one for one in run_ids(db) if one != standing)
    lead = as_role("cs_lead")

    usual = lead.get("/clusters", headers=HTML).text
    asked = lead.get(f"/clusters?run={experiment}", headers=HTML).text

    assert "250 metres, 28 days" in usual
    assert "300 metres" not in usual
    assert "300 metres, 28 days" in asked
    assert lead.get(f"/clusters?run={new_id()}", headers=HTML).status_code == 404
