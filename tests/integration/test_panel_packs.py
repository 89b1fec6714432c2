"""The MARVE pack and the sheet of the missing panel: what each of eight roles reads of them."""

import json
import re
from argparse import Namespace
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

from app.core.command import Context
from app.packs import commands, marve, missing, redaction
from app.packs.content import Asked
from app.packs.redaction import Reader
from app.packs.rules import Kind, Window
from tests import pack_world
from tests.pack_world import SINCE, SOMEBODY, UNTIL
from tests.packs import known_place, panel
from tests.people import browser
from tests.sql import world

BOROUGHS = {"E09000021": "Kingston", "E09000027": "Richmond"}
KINGSTON = frozenset({"E09000021"})
MARVE = Asked(Window(Kind.MARVE, "2026-10", SINCE, UNTIL), BOROUGHS)
MISSING = Asked(Window(Kind.MISSING, "2026-11-01", UNTIL - timedelta(days=14), UNTIL), BOROUGHS)
ROLES = ("public", "partner", "practitioner", "police_analyst", "cs_lead", "vca_member", "auditor",
         "administrator")  # fmt: skip
READERS = {role: Reader("1", role, boroughs=KINGSTON) for role in ROLES}
NOBODY = ("public", "vca_member", "auditor", "administrator")
STAFF = ("practitioner", "police_analyst", "cs_lead")
A_CHILD = re.compile(r"\bCH-[0-9A-Z]{3}-[0-9A-Z]{4}\b")
A_HOME = "Address PL-"


@pytest.fixture(scope="module")
def session(module_db):
    dsn = module_db.logins.dsn("postgres")
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(dsn))
    with Session(engine) as session:
        yield session
    engine.dispose()


@pytest.fixture(scope="module")
def empty(session):
    """Before anything was recorded."""
    return {"MARVE": marve.build(session, MARVE), "MISSING": missing.build(session, MISSING)}


@pytest.fixture(scope="module")
def made(module_db, session, empty):
    with psycopg.connect(module_db.logins.dsn("postgres")) as admin:
        found = pack_world.seeded(admin, 7)
        pack_world.episodes(found)
        _linked_children(admin, found)
        meeting = _agenda(admin, found)
        _decided(admin, found)
    asked = replace(MARVE, meeting_id=meeting)
    session.rollback()
    return {
        "world": found,
        "MARVE": marve.build(session, asked),
        "MISSING": missing.build(session, MISSING),
    }


def _linked_children(admin, found):
    """Two at each place, one of them harmed."""
    for told in found.places.values():
        for role in ("harmed_here", "at_risk_here"):
            child = world.Child("R", author=SOMEBODY)
            world.write(child, admin)
            admin.execute(
                "insert into app.child_place_link (id, child_id, place_id, role, from_on, "
                "source_agency, basis, created_by, is_synthetic) values (gen_random_uuid(), %s, "
                "%s, %s, '2026-03-01', 'AFC', 'Synthetic', %s, true)",
                (child.id, told["id"], role, SOMEBODY),
            )


def _agenda(admin, found):
    """A panel that is to come, with every section on its agenda."""
    kept = world.random_id()
    by = {"created_by": SOMEBODY, "updated_by": SOMEBODY, "is_synthetic": True}
    first = next(told for told in found.places.values() if told["state"] == "MONITORING")
    world.insert(admin, "app.meeting", by | {
        "id": kept, "ref": world.new_reference("MT"), "agency_code": "AFC",
        "purpose_code": "MARVE", "kind": "MARVE", "held_at": UNTIL + timedelta(days=5),
        "tier": "H1", "place_ids": [first["id"]],
    })  # fmt: skip
    lines = (
        ("V", "CHILD", None, "CH-7K2-Q4MT"),
        ("O", "POLICE_RECORD", None, "Synthetic pointer"),
        ("L", "PLACE", first["id"], "Decide who opens the gate at dusk."),
        ("T", "THEME", None, "Synthetic: the way home after dark."),
        ("S", "STRENGTH", None, "Synthetic: the kiosk stays open."),
    )
    for number, (section, kind, subject, body) in enumerate(lines):
        world.insert(admin, "app.meeting_item", by | {
            "id": world.random_id(), "meeting_id": kept, "section": section, "position": number,
            "subject_kind": kind, "subject_id": subject, "body": body,
        })  # fmt: skip
    return kept


def _decided(admin, found):
    """The last panel, which decided something in every section."""
    kept = world.random_id()
    by = {"created_by": SOMEBODY, "updated_by": SOMEBODY, "is_synthetic": True}
    first = next(told for told in found.places.values() if told["state"] == "MONITORING")
    world.insert(admin, "app.meeting", by | {
        "id": kept, "ref": world.new_reference("MT"), "agency_code": "AFC",
        "purpose_code": "MARVE", "kind": "MARVE", "held_at": SINCE + timedelta(days=5),
        "tier": "H1", "place_ids": [first["id"]], "state": "HELD",
    })  # fmt: skip
    for number, section in enumerate("VOLTS"):
        world.insert(admin, "app.meeting_item", by | {
            "id": world.random_id(), "meeting_id": kept, "section": section, "position": number,
            "subject_kind": "PLACE" if section == "L" else "THEME", "body": "Synthetic",
            "subject_id": first["id"] if section == "L" else None,
            "decision": f"Decided of section {section}.",
        })  # fmt: skip


def read(sections, reader):
    return {one["code"]: one for one in redaction.seen({"sections": sections}, reader)["sections"]}


def words(seen):
    return json.dumps(seen, ensure_ascii=False)


def pages(seen):
    return seen["L"]["items"]


@pytest.mark.parametrize("kind", ["MARVE", "MISSING"])
@pytest.mark.parametrize("role", NOBODY)
def test_who_is_no_reader_of_packs_reads_no_section(made, kind, role):
    assert read(made[kind], READERS[role]) == {}


@pytest.mark.asvs("8.2.3")
def test_the_sections_of_a_partner(made):
    assert "".join(read(made["MARVE"], READERS["partner"])) == "0VLLLTSA"
    assert "".join(read(made["MISSING"], READERS["partner"])) == "34"


@pytest.mark.parametrize("role", STAFF)
def test_the_sections_of_statutory_members(made, role):
    assert "".join(read(made["MARVE"], READERS[role])) == "0VOLLLTSA"
    assert "".join(read(made["MISSING"], READERS[role])) == "123456"


@pytest.mark.parametrize("kind", ["MARVE", "MISSING"])
@pytest.mark.parametrize(
    ("role", "switched_on", "reads"),
    [
        ("partner", True, False),
        ("practitioner", False, False),
        ("practitioner", True, True),
        ("police_analyst", False, False),
        ("police_analyst", True, True),
        ("cs_lead", False, True),
    ],
)
def test_references_of_children_are_read_by_grant_and_by_leads(
    made, kind, role, switched_on, reads
):
    reader = replace(READERS[role], with_children=switched_on)

    assert bool(A_CHILD.search(words(read(made[kind], reader)))) is reads


@pytest.mark.parametrize("kind", ["MARVE", "MISSING"])
def test_on_a_projector_there_is_no_reference_of_a_child(made, kind):
    screen = replace(READERS["cs_lead"], hide_children=True, with_children=True)

    assert not A_CHILD.search(words(read(made[kind], screen)))


def test_what_was_decided_about_a_child_or_a_person_is_for_statutory_members(made):
    def decided(role):
        told = words(read(made["MARVE"], replace(READERS[role], boroughs=frozenset(BOROUGHS))))
        return set(re.findall(r"Decided of section (\w)", told))

    assert decided("partner") == set("LTS")
    assert decided("practitioner") == set("VOLTS")


def test_numbers_of_children_leave_out_what_not_every_reader_may_open(made):
    sections = {one["code"]: one["items"] for one in made["MARVE"]}
    open_pages = [page for page in sections["L"] if not page["home"]]
    assert len(open_pages) < len(sections["L"])

    counted = {
        table["boroughs"][0]: sum(row[1] for row in table["rows"])
        for table in sections["V"]
        if table["kind"] == "table"
    }

    assert counted == {
        code: 2 * sum(code in page["boroughs"] for page in open_pages) for code in BOROUGHS
    }


def test_a_place_that_is_not_listed_to_partners_is_not_on_their_sheet(made, session):
    partner = replace(READERS["partner"], boroughs=frozenset(BOROUGHS))
    assert read(made["MISSING"], partner)["3"]["items"]

    session.execute(text("update app.place set state = 'PROPOSED'"))
    later = missing.build(session, MISSING)
    session.rollback()

    assert read(later, partner)["3"]["items"] == []
    assert read(later, READERS["cs_lead"])["3"]["items"]


def test_without_its_reference_a_child_has_no_line(made):
    told = read(made["MARVE"], READERS["practitioner"])["V"]["items"]

    assert {item["kind"] for item in told} == {"table"}


@pytest.mark.parametrize(
    ("role", "switched_on", "reads"),
    [
        ("partner", True, False),
        ("practitioner", False, False),
        ("practitioner", True, True),
        ("police_analyst", False, True),
        ("cs_lead", False, True),
    ],
)
def test_homes_are_read_by_grant_and_by_police_and_leads(made, role, switched_on, reads):
    reader = Reader("1", role, boroughs=frozenset(BOROUGHS), with_homes=switched_on)

    assert (A_HOME in words(read(made["MARVE"], reader))) is reads


def test_a_home_has_no_map_no_name_and_no_street_for_anybody(made):
    homes = [ref for ref, told in made["world"].places.items()
             if told["place"].sensitivity == "RESIDENTIAL"]  # fmt: skip
    names = [made["world"].places[ref]["name"] for ref in homes]
    told = words(made["MARVE"]) + words(made["MISSING"])

    assert any(f"Address {ref}" in told for ref in homes)
    assert not any(name in told for name in names)
    for page in next(one for one in made["MARVE"] if one["code"] == "L")["items"]:
        drawn = [part for part in page["parts"] if part["kind"] == "shape"]
        assert bool(drawn) is not page["home"]


@pytest.mark.parametrize(
    ("role", "everywhere"),
    [
        ("partner", False),
        ("practitioner", False),
        ("police_analyst", True),
        ("cs_lead", True),
    ],
)
def test_pages_are_of_the_own_borough_or_of_all(made, role, everywhere):
    seen = pages(read(made["MARVE"], READERS[role]))
    where = " ".join(part["body"] for page in seen for part in page["parts"])

    assert seen
    assert ("Richmond" in where) is everywhere


def test_a_partner_reads_small_numbers_as_bands_and_others_read_them(made):
    def numbers(role):
        return [
            cell
            for page in pages(read(made["MARVE"], READERS[role]))
            for part in page["parts"]
            if part.get("part") == "items" and part["kind"] == "table"
            for row in part["rows"]
            for cell in row[1:]
        ]

    assert {"1 to 7"} <= set(numbers("partner"))
    assert not {str(n) for n in range(1, 8)} & set(numbers("partner"))
    assert {str(n) for n in range(1, 8)} & set(numbers("cs_lead"))
    assert "1 to 7" not in numbers("cs_lead")


def test_the_pattern_of_missing_episodes_is_banded_for_partners(made):
    rows = [row for item in read(made["MISSING"], READERS["partner"])["4"]["items"]
            for row in item["rows"]]  # fmt: skip
    cells = {cell for row in rows for cell in row[1:]}

    assert "1 to 7" in cells
    assert not {str(n) for n in range(1, 8)} & cells


def test_priority_and_urgency_are_not_told_to_partners(made):
    partner, lead = (words(read(made["MARVE"], READERS[role])) for role in ("partner", "cs_lead"))

    assert "Priority" not in partner
    assert "Urgent" not in partner
    assert "Priority" in lead


def test_intelligence_is_counted_and_never_quoted(made):
    told = words(made["MARVE"])
    refs = [item["ref"] for item in made["world"].items]

    assert not [ref for ref in refs if ref in told]


def test_what_came_in_later_changes_nothing_that_a_window_tells(made, session, module_db):
    with psycopg.connect(module_db.logins.dsn("postgres")) as admin:
        admin.execute("update app.incident set created_at = %s where created_at > %s",
                      (UNTIL + timedelta(days=3), UNTIL))  # fmt: skip
    session.rollback()
    again = marve.build(session, MARVE)
    same = [one["body"] for one in again[3]["items"]]

    assert same == [one["body"] for one in made["MARVE"][3]["items"]]


def test_a_conditional_item_changes_no_byte(made, session, module_db):
    before = words(marve.build(session, MARVE))
    with psycopg.connect(module_db.logins.dsn("postgres")) as admin:
        one = world.Intel("K", "C", agency="MPS_SWBCU", author=SOMEBODY)
        admin.execute(world.INTEL, vars(one) | {"shape": world.SHAPES["K"]})
        admin.execute("update app.intel_item set released_at = %s where id = %s", (SINCE, one.id))
        place = next(iter(made["world"].places.values()))["id"]
        world.insert(admin, "app.intel_item_place", {
            "id": world.random_id(), "intel_item_id": one.id, "place_id": place,
            "created_by": SOMEBODY,
        })  # fmt: skip
    session.rollback()

    assert words(marve.build(session, MARVE)) == before


def test_without_any_record_each_part_says_so_in_words(empty):
    for sections in empty.values():
        for one in sections:
            quiet = not one["items"] or one["code"] == "O"
            assert quiet, one["code"]
            assert one["empty"][-1] == "."
    assert empty["MISSING"][0]["empty"] == "Nobody was reported missing."


def test_the_last_day_somebody_was_missing_is_told(made, session):
    later = Window(Kind.MISSING, "2027-11-01", UNTIL + timedelta(days=300),
                   UNTIL + timedelta(days=365))  # fmt: skip
    session.execute(text("delete from app.missing_episode where returned_at is null"))
    told = missing.build(session, Asked(later, BOROUGHS))
    session.rollback()

    assert re.fullmatch(r"Nobody was reported missing since \d+ October\.", told[0]["empty"])
    assert told[0]["items"] == []


def test_each_page_asks_one_thing_and_says_who_reads_it(made):
    for page in next(one for one in made["MARVE"] if one["code"] == "L")["items"]:
        told = {name: [p["body"] for p in page["parts"] if p.get("part") == name]
                for name in ("ask", "readers", "strengths", "why")}  # fmt: skip
        assert len(told["ask"]) == len(told["readers"]) == 1
        assert told["strengths"]
        assert told["why"] or page["body"]
    asks = words(made["MARVE"])
    assert "Decide who opens the gate at dusk." in asks


def test_a_place_of_a_pack_is_opened_by_who_may_and_leads_to_its_decision(db, settings):
    here = panel(db, Kind.MARVE)
    park, home = known_place(here), known_place(here, sensitivity="RESIDENTIAL")
    with here.admin() as admin:
        world.insert(admin, "app.meeting_item", {
            "id": world.random_id(), "meeting_id": here.meeting_id, "section": "L",
            "position": 0, "subject_kind": "PLACE", "subject_id": park.id, "body": "Open the gate.",
            "created_by": SOMEBODY, "updated_by": SOMEBODY, "is_synthetic": True,
        })  # fmt: skip
    ref = here.frozen()

    def opened(name, place):
        return browser(db, settings, here.people[name]).get(f"/briefings/{ref}/places/{place.ref}")

    practitioner = opened("practitioner", park)
    assert practitioner.status_code == 200
    assert "Open the gate." in practitioner.text
    with here.admin() as admin:
        noted = "select action, purpose, object_ref from audit.event order by id desc limit 1"
        assert admin.execute(noted).fetchone() == ("pack.read", "MARVE", ref)
    decide = re.search(r'href="(/meetings/[^"]+/items/[^"]+)"', practitioner.text)
    assert decide
    assert opened("practitioner", home).status_code == 404
    assert opened("police_analyst", home).status_code == 200
    partner = opened("partner", park)
    assert partner.status_code == 200
    assert "/meetings/" not in partner.text.split("<main")[1]
    for name in ("partner", "vca_member", "administrator", "other practitioner"):
        assert opened(name, home).status_code == 404
    assert opened("other practitioner", park).status_code == 404


@pytest.mark.parametrize(("kind", "period"), [("marve", "2026-10"), ("missing", "2026-10-14")])
def test_a_pack_is_built_at_the_command_line(db, settings, kind, period):
    here = panel(db, Kind(kind.upper()))
    context = Context(settings, ExitStack(), lambda _: True)
    context._db = db
    asked = Namespace(kind=kind, period=period, out=None, format=None)

    told = commands.build(asked, context)

    assert told["state"] == "CHECKED"
    assert told["lines"] == []
    again = commands.build(asked, context)
    assert again["sha256"] == told["sha256"]
    assert here.meeting_id
