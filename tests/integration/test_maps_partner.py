"""What a partner is told by the map: shapes and stages, in every byte of every answer."""

import gzip
import re

import pytest
from sqlalchemy import text

from app.core.actor import job_actor
from app.maps.rules import KEYS, PARTNER_KEYS
from tests.people import HTML, browser, sign_in_as

# States that tell a level or a reason; level codes; classes.
TELLING = re.compile(
    rb"CL[0-4]\b|PROPOSED|SCREENED|IDENTIFIED|ASSESS(ING|ED)|CONFERENCE|PLAN_ACTIVE|MONITORING"
    rb"|DORMANT|CLOSED|PUBLIC_REALM|MANAGED|(?<!OFFICIAL-)SENSITIVE|cm-level",
)
WORDS = re.compile(
    rb"[Ll]ast information|Incidents<|linked incident|Priority|[Ll]evel|Plan active"
    rb"|Lead agency|Next review|Linked children|Agency that reported"
)
TILES = ["12/2044/1363", "12/2044/1362", "13/4088/2726", "14/8177/5453", "10/511/340"]


@pytest.fixture(scope="module")
def partner(demo_db, settings):
    with browser(demo_db, settings, sign_in_as(demo_db, "partner", agency="EDU")) as client:
        yield client


ASKED = ["", "type=PG_OPEN", "harm=HG_EXPLOIT", "stage=intervention", "q=park", "layer=places"]


@pytest.mark.parametrize("query", ASKED)
def test_no_answer_to_a_partner_tells_a_level_a_state_or_a_number(partner, query):
    asked = f"&{query}" if query else ""
    answers = [
        partner.get(f"/map?{query}", headers=HTML),
        partner.get(f"/map/items?bbox=-2,50,2,53&z=9{asked}"),
        partner.get(f"/map/items?bbox=-2,50,2,53&z=18{asked}"),
        *(partner.get(f"/tiles/places/{zxy}.pbf?{query}") for zxy in TILES),
    ]

    assert all(answer.status_code in {200, 204} for answer in answers)
    page, *data = (plain(answer.content) for answer in answers)
    for body in (page, *data):
        assert not TELLING.search(body)
        assert not WORDS.search(body)
    assert not re.search(
        rb'"(count|last_on|first_on|level|state|cross_borough)"', b"".join(data[1:])
    )
    assert not re.search(rb"\blevel\b", b"".join(data[2:]))


def plain(body):
    return gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body


def test_a_partner_is_told_the_stage_of_each_place(partner, demo_db):
    found = partner.get("/map/items?bbox=-2,50,2,53&z=18").json()["items"]
    single = [one for item in found for one in item.get("members") or [item]]
    page = partner.get("/map", headers=HTML).text

    assert single
    assert {one["stage"] for one in single} <= {
        "identification", "assessment", "intervention", "monitoring",
    }  # fmt: skip
    assert set(single[0]) == {
        "id", "kind", "name", "shape", "type", "boroughs", "lon", "lat", "href", "stage",
    }  # fmt: skip
    assert re.findall(r'scope="col"[^>]*>(?:<a[^>]*>)?([A-Za-z ]+)', page) == [
        "Name", "Type", "Borough", "Stage", "On the map",
    ]  # fmt: skip


@pytest.mark.parametrize("key", sorted(set(KEYS) - set(PARTNER_KEYS)))
@pytest.mark.parametrize("path", ["/map", "/map/items", "/tiles/places/12/2044/1363.pbf"])
def test_other_filters_are_not_of_a_partner(partner, path, key):
    answer = partner.get(f"{path}?{key}=all", headers=HTML)

    assert answer.status_code == 422
    assert "does not know one of the filters" in answer.text


@pytest.mark.parametrize("query", ["stage=dormant", "stage=closed", "stage=any", "harm=CSE"])
def test_what_a_partner_may_not_tell_apart_is_no_choice(partner, query):
    assert partner.get(f"/map/items?{query}").status_code == 422


def test_a_partner_filters_by_stage_as_the_shape_says_it(partner, demo_db):
    with demo_db.begin(job_actor("demo:load")) as session:
        session.execute(
            text("""update app.place set state = 'CONFERENCE' where ref =
                    (select min(ref) from app.place where listed and tier = 'H0'
                     and 'E09000021' = any (borough_codes))""")
        )
    stages = {}
    for stage in ("open", "identification", "assessment", "intervention", "monitoring"):
        found = partner.get(f"/map/items?bbox=-2,50,2,53&z=9&stage={stage}").json()
        stages[stage] = found["matches"]

    assert stages["open"] == sum(n for stage, n in stages.items() if stage != "open") > 0
    assert stages["intervention"] > 0


def test_words_of_a_description_are_found_by_staff_and_not_by_partners(partner, demo_db, settings):
    with demo_db.begin(job_actor("demo:load")) as session:
        ref = session.scalar(
            text("""update app.place set description = 'A qzx seen here' where ref =
                    (select max(ref) from app.place where listed and tier = 'H0'
                     and 'E09000021' = any (borough_codes)) returning ref""")
        )
    with browser(demo_db, settings, sign_in_as(demo_db, "cs_lead")) as lead:
        mine = lead.get("/map/items?q=qzx").json()
    theirs = partner.get("/map/items?q=qzx").json()

    assert mine["matches"] == 1
    assert ref
    assert theirs["matches"] == 0
