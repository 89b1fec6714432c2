"""Who reads what of a pack: eight roles, every kind of item, against a table written out here."""

from itertools import product

import pytest

from app.packs.content import line, page, section, table, week
from app.packs.redaction import Reader, number, seen

KINGSTON, RICHMOND = "E09000021", "E09000027"
ME, OTHER = "me", "somebody"
ROLES = ("public", "partner", "practitioner", "police_analyst", "cs_lead", "vca_member", "auditor",
         "administrator")  # fmt: skip
WITH = {"recipients": [OTHER], "agency": "MPS", "conditions": "Synthetic: not further."}
ITEMS = {
    "own H0": line("a", boroughs=[KINGSTON], tier="H0"),
    "own H1": line("b", boroughs=[KINGSTON]),
    "own P": line("c", boroughs=[KINGSTON], tier="P"),
    "own C": line("d", boroughs=[KINGSTON], tier="C"),
    "other": line("e", boroughs=[RICHMOND]),
    "both": line("f", boroughs=[KINGSTON, RICHMOND]),
    "everybody": line("g"),
    "home": line("Address PL-1", boroughs=[KINGSTON], home=True),
    "statutory": line("i", boroughs=[KINGSTON], statutory=True),
    "conditional": line("j", conditional=WITH),
    "conditional to me": line("k", conditional=WITH | {"recipients": [ME]}),
    "conditional elsewhere": line("l", conditional=WITH | {"agency": "BTP"}),
}
PARTNERS = {"own H0", "own H1", "own P", "both", "everybody"}
STATUTORY = PARTNERS | {"statutory", "conditional to me"}
EVERYWHERE = STATUTORY | {"other", "home"}
TABLE = {
    "partner": PARTNERS,
    "practitioner": STATUTORY,
    "police_analyst": EVERYWHERE | {"conditional"},
    "cs_lead": EVERYWHERE,
}


def reader(role, **more):
    agency = "MPS" if role == "police_analyst" else "AFC"
    return Reader(ME, role, agency, frozenset({KINGSTON}), **more)


def read(items, who):
    (only,) = seen({"sections": [section("1", "One", items)]}, who)["sections"]
    return only["items"]


@pytest.mark.parametrize(("role", "name"), [*product(ROLES, ITEMS)])
def test_each_role_reads_what_the_table_says(role, name):
    made = seen({"sections": [section("1", "One", [ITEMS[name]])]}, reader(role))

    shown = any(one["items"] for one in made["sections"])
    assert shown == (name in TABLE.get(role, set()))


@pytest.mark.parametrize(
    ("role", "switched", "found"),
    [
        ("partner", True, False),
        ("practitioner", False, False),
        ("practitioner", True, True),
        ("police_analyst", False, False),
        ("police_analyst", True, True),
        ("cs_lead", False, True),
        ("cs_lead", True, True),
    ],
)
def test_references_of_children_are_for_whom_the_chair_says(role, switched, found):
    (shown,) = read([line("a", children=["CH-111-1111"])], reader(role, with_children=switched))

    assert bool(shown["children"]) == found


def test_on_a_projector_nobody_reads_a_reference_of_a_child():
    who = reader("cs_lead", with_children=True, hide_children=True)

    assert read([line("a", children=["CH-111-1111"])], who)[0]["children"] == []


@pytest.mark.parametrize(("switched", "found"), [(True, 1), (False, 0)])
def test_a_practitioner_reads_homes_where_a_chair_switched_them_on(switched, found):
    who = reader("practitioner", with_homes=switched)

    assert len(read([ITEMS["home"]], who)) == found


def test_a_partner_gets_numbers_by_the_number_rule_and_no_address_of_a_record():
    made = [
        line("{n} items", counts={"n": 3}, inner=" (high priority)", href="/places/PL-1"),
        table("T", ["Place", "Items"], [["A", 3], ["B", 12]]),
    ]

    said, rows = read(made, reader("partner"))
    exact, exact_rows = read(made, reader("cs_lead"))

    assert (said["body"], said["href"]) == ("1 to 7 items", "")
    assert rows["rows"] == [["A", "1 to 7"], ["B", "10"]]
    assert (exact["body"], exact["href"]) == ("3 items (high priority)", "/places/PL-1")
    assert exact_rows["rows"] == [["A", "3"], ["B", "12"]]


def test_a_page_opens_with_the_parts_that_its_reader_may_read():
    parts = [ITEMS["own H0"], ITEMS["statutory"], week("Hours", "1" * 168, "0" * 168)]

    (mine,) = read([page("Place", parts, boroughs=[KINGSTON])], reader("partner"))
    others = read([page("Place", parts, boroughs=[RICHMOND])], reader("partner"))

    assert [one["kind"] for one in mine["parts"]] == ["line", "week"]
    assert others == []


def test_a_section_for_statutory_members_is_not_there_for_a_partner():
    made = {"sections": [section("V", "Victims", [ITEMS["own H0"]], statutory=True)]}

    assert seen(made, reader("partner"))["sections"] == []
    assert len(seen(made, reader("practitioner"))["sections"]) == 1


def test_nothing_that_decides_reaches_the_reader():
    (shown,) = read([ITEMS["conditional to me"]], reader("practitioner"))

    assert set(shown) == {"kind", "href", "body", "children", "conditions"}
    assert shown["conditions"] == "Synthetic: not further."


@pytest.mark.parametrize(("n", "told"), [(0, "0"), (1, "1 to 7"), (7, "1 to 7"), (8, "10")])
def test_numbers_of_a_partner(n, told):
    assert number(n, reader("partner")) == told
    assert number(n, reader("police_analyst")) == str(n)
