"""Whatever is filtered: map, table, sentence, API and file hold the same rows, and the right ones.

Two hundred combinations by five kinds of people, each checked against a recomputation in Python
from the rows that they may read. Of every third, files are made and fetched by those who may.
"""

import csv
import io
import random
import re
from datetime import UTC, datetime, time, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, text

from app.core import clock
from app.core.actor import job_actor
from app.core.pages import SESSION_COOKIE
from app.exports import making, of_map, rights
from app.exports.source import Around
from app.maps import conditions, hints, table
from app.maps.lists import LISTS
from app.places import weeks
from app.places.models import Place
from tests.people import HTML, KINGSTON, RICHMOND, browser, send, sign_in_as

LONDON = ZoneInfo("Europe/London")
PARTNERS = (KINGSTON, RICHMOND)
COMBINATIONS = 40  # of each of the five
EVERY = 3  # of which a file is made, for each of those who may take files away
WORLD = "bbox=-9,49,3,61&z=9"
STATES = {
    "identification": {"PROPOSED", "SCREENED", "IDENTIFIED"},
    "assessment": {"ASSESSING", "ASSESSED"},
    "intervention": {"CONFERENCE", "PLAN_ACTIVE"},
    "monitoring": {"MONITORING"},
    "dormant": {"DORMANT"},
    "closed": {"CLOSED"},
}
STATES["open"] = set().union(*(STATES[s] for s in STATES if s not in {"dormant", "closed"}))
STATES["any"] = STATES["open"] | {"DORMANT", "CLOSED"}
CHILDREN = {"none": range(1), "1-2": range(1, 3), "3-7": range(3, 8), "8": range(8, 10**6)}
HOURS = {
    "MORNING": range(6, 8),
    "SCHOOL_RUN": range(8, 9),
    "DAYTIME": range(9, 15),
    "AFTER_SCHOOL": range(15, 18),
    "EVENING": range(18, 22),
    "LATE": (22, 23, 0, 1, 2, 3, 4, 5),
}
PEOPLE = {
    "cs_lead": ("cs_lead", (KINGSTON,)),
    "police_analyst": ("police_analyst", (KINGSTON,)),
    "kingston": ("practitioner", (KINGSTON,)),
    "richmond": ("practitioner", (RICHMOND,)),
    "partner": ("partner", (KINGSTON,)),
}


@pytest.fixture(scope="module")
def demo_db(demo_db):
    """With some of each that the demonstration has few of."""
    with demo_db.begin(job_actor("demo:load")) as session:
        session.execute(text(SOME))
        session.execute(text(FOUND))
    return demo_db


SOME = """
    update app.place set
        after_dark_concern = mod(nth, 3) = 0,
        week_grid = case when mod(nth, 4) = 0 then cast(repeat('0', 20) || repeat('1', 4)
            || repeat('0', 144) as bit(168)) end,
        state = case when mod(nth, 11) = 0 then 'DORMANT' when mod(nth, 13) = 0 then 'CLOSED'
            when mod(nth, 7) = 0 then 'MONITORING' else state end,
        description = case when mod(nth, 5) = 0 then 'By the 100% under_pass' else description end
    from (select id, row_number() over (order by ref) as nth from app.place) as n
    where n.id = place.id
"""
FOUND = """
    update app.incident set discovered_by = case mod(nth, 4) when 0 then 'STOP_SEARCH'
        when 1 then 'PUBLIC_REPORT' when 2 then 'PARTNER_REPORT' else discovered_by end
    from (select id, row_number() over (order by ref) as nth from app.incident) as n
    where n.id = incident.id
"""
PLACES = """
    select place.id, ref, tier, place.sensitivity, type_code, type.group_code, name, description,
        state, level, borough_codes, harm_codes, geom is not null as on_map, after_dark_concern,
        week_grid::text as week, app.children_at(place.id) as children,
        array(select name from app.place_alias where place_id = place.id and removed_at is null)
            as others
    from app.place join reference.place_type as type on type.code = type_code
    where deleted_at is null
"""
INCIDENTS = """
    select link.place_id, i.occurred_from, i.harm_code, harm.group_code, i.source_agency,
        i.discovered_by, i.day_part, i.day_type, i.after_dark
    from app.incident as i
    join app.incident_place as link on link.incident_id = i.id
    join reference.harm as harm on harm.code = i.harm_code
    where i.deleted_at is null and i.state <> 'WITHDRAWN'
"""
HARMS = "select code, group_code from reference.harm"
REPORTS = """
    select decided.place_id, r.created_at, r.harm_codes, r.agency_code, r.day_parts
    from app.report as r join app.report_outcome as decided on decided.report_id = r.id
    where r.deleted_at is null and decided.undone_at is null and decided.place_id is not null
"""


@pytest.fixture(scope="module")
def worlds(demo_db):
    """Each person, the rows they may read, and groups of harms."""
    found = {}
    for name, (role, boroughs) in PEOPLE.items():
        person = sign_in_as(demo_db, role, boroughs=boroughs)
        with demo_db.read(person.actor) as session:
            asked = (PLACES, INCIDENTS, REPORTS)
            rows = [session.execute(text(one)).mappings().all() for one in asked]
            groups = dict(session.execute(text(HARMS)).all())
        found[name] = (person, [[dict(row) for row in of] for of in rows], groups)
    return found


@pytest.fixture(scope="module")
def anybody(demo_db, settings):
    """One application; making another for each test took half of the time."""
    with browser(demo_db, settings) as client:
        yield client


@pytest.fixture
def signed_in(worlds, anybody):
    def as_person(name):
        anybody.cookies.clear()
        anybody.cookies.set(SESSION_COOKIE, worlds[name][0].cookie)
        return anybody

    return as_person


@pytest.mark.parametrize("name", PEOPLE)
def test_map_table_sentence_api_file_and_recomputation_agree(
    worlds, demo_db, settings, signed_in, name
):
    person, rows, groups = worlds[name]
    rng, partner, found, files = random.Random(name), name == "partner", 0, 0
    client = signed_in(name)
    for nth in range(COMBINATIONS):
        asked = combination(rng, rows, partner=partner)
        whole = {**usual(name), **asked}
        wanted = expected(whole, rows, groups, partner=partner)
        same_rows(client, asked, whole, wanted, rows)
        if not partner:
            assert set(exported(demo_db, person.actor, asked)) == wanted, asked
        if nth % EVERY == 0 and rights.of(person.actor.role).things:
            able = leaving(person.actor, wanted, rows)
            why = rights.of(person.actor.role).purposes[0]
            assert in_file(demo_db, settings, client, asked, able, why) == able, asked
            files += bool(able)
        found += bool(wanted)

    assert found > COMBINATIONS // 3
    assert files > 8 or not rights.of(person.actor.role).things


def usual(name):
    return {"stage": "open"} | ({} if name == "partner" else {"period": "90d"})


def same_rows(client, asked, whole, wanted, rows):
    """A program says the stage and the dates (`whole`); a page knows what is usual."""
    query = urlencode(asked)
    page = client.get(f"/map?{query}", headers=HTML).text
    items = client.get(f"/map/items?{WORLD}&{query}").json()
    data = client.get("/api/v1/places", params={**whole, "limit": 1000}).json()
    sentence = re.search(r'id="count"><strong>(.*?)</strong>', page)[1]
    clusters = sum(1 for ref in listed(page) if not ref.startswith("PL-"))
    numbers = [
        int(n.replace(",", "")) for n in re.findall(r"[\d,]+(?= (?:place|on|not))", sentence)
    ]
    on_map = {row["ref"] for row in rows[0] if row["on_map"]} & wanted
    drawn = sum(item["count"] if item["kind"] == "group" else 1 for item in items["items"])

    assert {ref for ref in listed(page) if ref.startswith("PL-")} == wanted, asked
    assert {feature["id"] for feature in data["features"]} == wanted, asked
    assert numbers[0] == len(wanted)
    assert numbers[1] == len(on_map) + clusters == drawn == items["on_map"]
    assert numbers[2] == len(wanted) - len(on_map) == sum(items["off_map"].values())
    assert items["matches"] == len(wanted) + clusters


def listed(page):
    return re.findall(r'data-id="([^"]+)"', page)


def exported(db, actor, asked):
    source = of_map.OfMap()
    filters = source.read(asked, Around(clock.today(), PARTNERS))
    with db.read(actor) as session:
        found = select(Place.ref).where(*source.conditions(session, filters))
        return session.scalars(found).all()


def leaving(actor, wanted, rows):
    """Those of the rows that may leave the service with this person."""
    able = rights.of(actor.role)
    kinds = {"ONLINE": "online_space"}
    return {
        row["ref"]
        for row in rows[0]
        if row["ref"] in wanted
        and row["tier"] in able.tiers.get("place", ())
        and (not row["type_code"].startswith("ROUTE") or able.may("route"))
        and (row["sensitivity"] not in kinds or able.may(kinds[row["sensitivity"]]))
    }


ANSWERS = {
    "format": "csv",
    "recipient_agency": "AFC",
    "recipient": "Kim Example",
    "reason": "To plan detached work for the summer holidays.",
}


def in_file(db, settings, client, asked, able, why):
    """References in the bytes of a file that is asked for, made, and fetched."""
    answer = send(
        client, f"/exports/new?{urlencode({'what': 'map'} | asked)}", **ANSWERS, purpose=why
    )
    if not able:
        assert answer.status_code == 422, asked
        return set()
    assert answer.status_code == 303, answer.text
    with db.begin(making.TIDY) as session:
        [waiting] = [e.id for e in session.query(making.Export).filter_by(state="QUEUED")]
    making.make(db, settings, waiting)
    data = client.get(f"{answer.headers['location']}/file").content
    _, header, *lines = csv.reader(io.StringIO(data.decode("utf-8-sig")))
    refs = [line[header.index("ref")] for line in lines]
    assert len(refs) == len(set(refs))
    return set(refs)


def combination(rng, rows, *, partner):
    """A few filters at a time, with values that there are."""
    places, incidents, _ = rows
    offered = {
        "type": sorted({row["type_code"] for row in places} | {"PG_OPEN", "PG_ONLINE"}),
        "harm": ["HG_EXPLOIT", "HG_VIOLENCE", "HG_ABSENCE"],
        "stage": ["open", "identification", "assessment", "intervention", "monitoring"],
        "q": ["park", "100%", "under_pass", "Demo", places[0]["ref"] if places else "x", "%"],
    }
    if not partner:
        offered["harm"] = offered["harm"] + sorted({row["harm_code"] for row in incidents})[:6]
        offered["stage"] = list(LISTS["stage"])
        offered |= {key: list(LISTS[key])[1:] for key in ("grade", "part", "dark", "day", "level")}
        offered |= {
            "borough": [KINGSTON, RICHMOND, "outside"],
            "agency": sorted({row["source_agency"] for row in incidents}) or ["AFC"],
            "children": ["none", "1-2", "3-7", "8"],
            "period": ["quarter", "12m", "all", "90d"],
            "source": ["partnership", "police"],
        }
    keys = rng.sample(sorted(offered), k=rng.choice([0, 1, 1, 2, 2, 3]) if not partner else 1)
    return {key: rng.choice(offered[key]) for key in keys}


def expected(asked, rows, groups, *, partner):
    places, incidents, reports = rows
    window = window_of(asked.get("period", "all"))
    events = {i["place_id"] for i in incidents if counts(asked, i, window)}
    if asked.get("grade") == "reports":
        events |= {r["place_id"] for r in reports if report_counts(asked, r, window, groups)}
    return {
        place["ref"]
        for place in places
        if chosen(asked, place, partner) and happened(asked, place, events, groups, partner)
    }


def window_of(period):
    today = clock.today()
    past = today + timedelta(days=1)
    if period == "quarter":
        first = today.replace(month=3 * ((today.month - 1) // 3) + 1, day=1)
        before = first - timedelta(days=1)
        return at(before.replace(month=before.month - 2, day=1)), at(first)
    days = {"90d": 90, "12m": 365}.get(period)
    return (at(today - timedelta(days=days)), at(past)) if days else None


def at(day):
    return datetime.combine(day, time(), LONDON).astimezone(UTC)


def inside(window, moment):
    return window is None or window[0] <= moment < window[1]


def counts(asked, one, window):
    proactive = one["discovered_by"] in {"PROACTIVE_PATROL", "STOP_SEARCH"}
    reported = one["discovered_by"] in {"PUBLIC_REPORT", "PARTNER_REPORT"}
    return (
        asked.get("source") != "police"
        and inside(window, one["occurred_from"])
        and asked.get("harm") in {None, one["harm_code"], one["group_code"]}
        and asked.get("agency") in {None, one["source_agency"]}
        and {"reports": reported, "unprompted": not proactive}.get(asked.get("grade"), True)
        and asked.get("part") in {None, one["day_part"]}
        and ("dark" not in asked or one["after_dark"] is True)
        and asked.get("day") in {None, one["day_type"]}
    )


def report_counts(asked, one, window, groups):
    harms = set(one["harm_codes"]) | {groups[code] for code in one["harm_codes"]} | {None}
    return (
        asked.get("source") != "police"
        and not {"dark", "day"} & set(asked)
        and inside(window, one["created_at"])
        and asked.get("harm") in harms
        and asked.get("agency") in {None, one["agency_code"]}
        and asked.get("part") in {None, *one["day_parts"]}
    )


def chosen(asked, place, partner):
    words = asked.get("q", "").lower()
    texts = [place["name"]]
    if not partner:
        texts += [place["description"] or "", *place["others"]]
    boroughs = set(place["borough_codes"])
    where = asked.get("borough")
    return (
        place["state"] in STATES[asked["stage"]]
        and asked.get("type") in {None, place["type_code"], place["group_code"]}
        and asked.get("level") in {None, place["level"]}
        and (
            where is None
            or (not boroughs & set(PARTNERS) if where == "outside" else where in boroughs)
        )
        and (any(words in said.lower() for said in texts) or words.upper() == place["ref"])
        and ("children" not in asked or place["children"] in CHILDREN[asked["children"]])
    )


def happened(asked, place, events, groups, partner):
    strict = {"agency", "grade", "part", "dark", "day"} & set(asked)
    if not strict and "harm" not in asked:
        return True
    own = set(place["harm_codes"]) | {groups[code] for code in place["harm_codes"]}
    says = asked.get("harm") is None or asked["harm"] in own
    if {"agency", "grade"} & set(asked) or asked.get("day") == "HOLIDAY":
        says = False
    if "dark" in asked:
        says = says and place["after_dark_concern"] is True
    if {"part", "day"} & set(asked):
        hours = HOURS.get(asked.get("part"), range(24))
        days = {"SCHOOL_DAY": range(5), "WEEKEND": (5, 6)}.get(asked.get("day"), range(7))
        says = says and bool(weeks.hours(place["week"]) & {24 * d + h for d in days for h in hours})
    return says or (not partner and place["id"] in events)


def test_the_address_alone_makes_the_page_again(demo_db, signed_in):
    query = "period=12m&type=PG_OPEN&part=EVENING&level=CL2&children=none"
    client = signed_in("cs_lead")
    first = client.get(f"/map?{query}", headers=HTML).text
    client.cookies.clear()
    client.cookies.set(SESSION_COOKIE, sign_in_as(demo_db, "cs_lead").cookie)
    again = client.get(f"/map?{query}", headers=HTML).text

    assert listed(first) == listed(again)
    assert re.search(r'data-query="([^"]*)"', first)[1].replace("&amp;", "&") == query


def test_numbers_of_children_are_for_those_who_may_count(signed_in):
    """For anybody else the filter is not there, and tells nothing of places of others."""
    partner = signed_in("partner")

    assert partner.get("/map/items?children=none").status_code == 422
    assert partner.get("/api/v1/places?children=none").status_code == 422
    assert 'name="children"' not in partner.get("/map", headers=HTML).text


def test_when_nothing_matches_each_filter_is_tried_alone(worlds, signed_in):
    _, rows, groups = worlds["cs_lead"]
    asked = {"q": "no such words anywhere", "type": "PARK"}
    page = signed_in("cs_lead").get(f"/map?{urlencode(asked)}", headers=HTML).text

    n = len(expected({**usual("cs_lead"), "type": "PARK"}, rows, groups, partner=False))
    assert "No places match." in page
    assert re.search(rf"Without “no such words anywhere”</a> there are {n}\.", page)
    assert "Without “Park" not in page


def test_what_takes_too_long_to_count_is_left_out_and_the_page_comes(signed_in, monkeypatch):
    asked, count = conditions.places, hints.matches

    def slowly(*given):
        with monkeypatch.context() as patch:
            patch.setattr(conditions, "places", lambda one: f"{asked(one)} and pg_sleep(9) is null")
            return count(*given, most_ms=50)

    monkeypatch.setattr(hints, "matches", slowly)
    answer = signed_in("cs_lead").get("/map?q=no+such+words+anywhere&type=PARK", headers=HTML)

    assert answer.status_code == 200
    assert "No places match." in answer.text
    assert "Without “" not in answer.text


@pytest.mark.parametrize("sort", [c.key for c in table.COLUMNS])
def test_each_order_of_the_table_has_all_rows(signed_in, sort):
    client = signed_in("cs_lead")
    plain = listed(client.get("/map", headers=HTML).text)
    page = client.get(f"/map?sort={sort}", headers=HTML).text

    assert sorted(listed(page)) == sorted(plain)
    assert page.count("aria-sort") == 1


def test_a_long_table_has_pages_and_no_row_is_on_two(signed_in, monkeypatch):
    client = signed_in("cs_lead")
    whole = listed(client.get("/map", headers=HTML).text)
    monkeypatch.setattr(table, "WHOLE", 30)
    monkeypatch.setattr(table, "PAGE", 30)
    found, pages, address = [], 0, "/map"
    while address:
        page = client.get(address, headers=HTML).text
        found += listed(page)
        pages += 1
        after = re.search(r'href="([^"]+)" rel="next"', page)
        address = after[1].replace("&amp;", "&").split("#")[0] if after else None

    assert found == whole
    assert pages > 1
