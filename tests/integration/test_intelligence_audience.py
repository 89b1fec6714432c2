"""Who will be able to see an item: what is promised is what each role then gets (J9), and an item
of code C changes nothing for anybody who may not see it (J10)."""

import re

import psycopg
import pytest
from sqlalchemy import text

from app.core.actor import job_actor
from app.main import ROUTERS
from tests.intelligence import CONDITIONAL, PLAIN, analyst, decided, reader_ref, sent
from tests.people import HTML, KINGSTON, RICHMOND, browser, send, sign_in_as

# Who each row of the panel is about.
ROWS = {
    "Practitioners in Kingston upon Thames": ("practitioner", {"boroughs": (KINGSTON,)}),
    "Practitioners in Richmond upon Thames": ("practitioner", {"boroughs": (RICHMOND,)}),
    "Contextual safeguarding leads": ("cs_lead", {}),
    "Police analysts of this force": ("police_analyst", {"agency": "MPS_SWBCU"}),
    "Police analysts of other forces": ("police_analyst", {"agency": "BTP"}),
    "Shops and schools": ("partner", {"boroughs": (KINGSTON, RICHMOND)}),
    "VCA": ("vca_member", {}),
    "Administrators": ("administrator", {}),
    "Auditors": ("auditor", {}),
}
AREA = {"shape": "POLYGON ((518000 169000, 518200 169000, 518200 169200, 518000 169000))"}
KINDS = {
    "P, a point": {},
    "P, an area": {"easting": None, "northing": None, "accuracy": "AREA"} | AREA,
    "P, not known where": {"where": "NOT_KNOWN", "easting": None, "northing": None},
    "P, graded 3D": {"source_eval": "3", "info_assess": "D"},
    "C": CONDITIONAL,
}


def wanted(kind, recipient):
    given = PLAIN | KINDS[kind]
    if given["handling"] == "C":
        given = given | {"recipients": [recipient]}
    return {k: v for k, v in given.items() if v is not None}


def gets(client, ref):
    """What a person gets of it from page, API and list, in the words of the panel."""
    page = client.get(f"/intelligence/{ref}", headers=HTML)
    one = client.get(f"/api/v1/intelligence/{ref}", headers={"Accept": "application/json"})
    listed = client.get("/api/v1/intelligence", headers={"Accept": "application/json"})
    shown = listed.status_code == 200 and [f for f in listed.json()["features"] if f["id"] == ref]
    assert (page.status_code == 200) == (one.status_code == 200) == bool(shown)
    if one.status_code != 200:
        assert ref not in page.text
        return "nothing"
    found = one.json()
    text = "all of it" if "provenance_id" in found else "the sanitised text"
    assert ("SYN-0001" in page.text) == (text == "all of it")
    assert found["text"] in page.text.replace("&#39;", "'")
    if found["handling"] == "C":
        text += " with its conditions"
    geometry = shown[0]["geometry"]
    assert geometry == found["geometry"]
    place = {None: "no place", "Point": "place as a point", "Polygon": "place as a shape"}
    near = ", to the area" if found["accuracy"] == "AREA" and geometry else ""
    return f"{text}, {place[geometry and geometry['type']]}{near}"


@pytest.mark.parametrize("sanitised", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_the_panel_promises_what_each_role_then_gets(as_, db, settings, kind, sanitised):
    writer, second = analyst(as_), analyst(as_)
    person, recipient = reader_ref(db)
    ref = sent(writer, **wanted(kind, recipient))
    told = writer.get(f"/api/v1/intelligence/{ref}/audience").json()["rows"]
    promised = {row["who"]: row["what"] for row in told}
    if sanitised:
        assert decided(second, ref, decision="RELEASE").status_code == 200

    got = {
        who: gets(browser(db, settings, sign_in_as(db, role, **OTHERS | about)), ref)
        for who, (role, about) in ROWS.items()
    }
    assert got == {who: awaited(who, promised[who], sanitised) for who in ROWS}
    assert promised["The public"] == "nothing"
    if kind == "C":
        keeps_to_recipients(browser(db, settings, person, headers=HTML), ref, promised, sanitised)


OTHERS = {"agency": "LA_KINGSTON"}
WORDS_OF_NOTHING = {
    "VCA": "nothing, and not counted for others",
    "Auditors": "that there is an item, its state, boroughs and dates",
}


def awaited(who, promised, sanitised):
    """Before the release analysts have it and nobody else, whatever is promised for later."""
    if who in WORDS_OF_NOTHING:
        assert promised == WORDS_OF_NOTHING[who]
        return "nothing"
    return promised if sanitised or who.startswith("Police") else "nothing"


def keeps_to_recipients(named, ref, promised, sanitised):
    said = promised["The person you name"]
    assert said.startswith("nothing until they accept the conditions, then ")
    assert gets(named, ref) == "nothing"
    if sanitised:
        send(named, f"/intelligence/{ref}/conditions")
        assert said.endswith(gets(named, ref))


def test_a_rehearsal_leaves_nothing_behind(as_, db):
    writer = analyst(as_)
    _, recipient = reader_ref(db)
    ref = sent(writer, **wanted("C", recipient))
    before = everything(db)

    writer.get(f"/api/v1/intelligence/{ref}/audience")

    after = everything(db)
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"audit.event"}
    assert writer.get(f"/api/v1/intelligence/{ref}").json()["state"] == "SUBMITTED"


KEPT = """
    select string_agg(format(
        'select %L as name, md5(coalesce(string_agg(md5(t::text), '''' order by t::text), '''')) '
        'from (select * from %I.%I) as t', n.nspname || '.' || c.relname, n.nspname, c.relname),
        ' union all ')
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind = 'r' and n.nspname in ('app', 'audit', 'queue') and c.relname <> 'session'
"""


def everything(db):
    dsn = db.logins.cluster.dsn("postgres", db.logins.dbname)
    with psycopg.connect(dsn, autocommit=True) as admin:
        (query,) = admin.execute(KEPT).fetchone()
        return dict(admin.execute(query.encode()).fetchall())


def test_the_panel_stands_beside_each_section_once_the_item_is_complete(as_, db):
    writer = analyst(as_)
    ref = sent(writer)
    draft = send(writer, f"/intelligence/{ref}/edit").headers["location"]

    page = writer.get(f"{draft}/grading").text

    assert "Practitioners in Kingston upon Thames: the sanitised text, place as a point." in page
    assert "Shops and schools: nothing." in page
    assert "VCA: nothing, and not counted for others." in page


# J10: every page and list that opens without the key of a record.
OPEN = sorted(
    {
        route.path
        for router in ROUTERS
        for route in router.routes
        if "GET" in route.methods and "{" not in route.path
    }
    # One's own activity and that of one's unit, which looking at pages adds to: below.
    - {"/account", "/audit", "/audit/unusual"}
)
MOVING = re.compile(
    rb"value=\"[0-9a-f]{64}\"|\d{1,2}:\d\d(am|pm)?|\"(request_id|at|checked_at)\":\"[^\"]*\""
    rb"|[\d.]+ GB of [\d.]+ GB free"  # of the machine's disk, which others write to
)


def told(client, *others):
    """Status, length and bytes of every page and list, but for times, tokens and the disk."""
    found = {}
    for path in (*OPEN, *others):
        answer = client.get(path)
        found[path] = (answer.status_code, MOVING.sub(b"", answer.content))
    return found


@pytest.mark.parametrize(
    ("role", "options"),
    [
        ("practitioner", {}),
        ("cs_lead", {}),
        ("partner", {}),
        ("vca_member", {}),
        ("administrator", {}),
        ("police_analyst", {"agency": "BTP"}),
    ],
)
def test_an_item_of_code_c_changes_no_byte_for_who_may_not_see_it(as_, db, role, options):
    writer, second = analyst(as_), analyst(as_)
    lead = as_("cs_lead")
    shop = {"type_code": "TAKEAWAY_SHOP", "name": "Synthetic shop", "easting": 518000}
    place = lead.post("/api/v1/places", json=shop | {"northing": 169300}).json()["ref"]
    _, recipient = reader_ref(db)
    decided(second, sent(writer), decision="RELEASE")
    reader = as_(role, **options)
    told(reader)  # whatever a first look changes for itself
    before = told(reader, f"/places/{place}")

    at = {"where": "PLACE", "place": place, "recipients": [recipient]}
    given = {k: v for k, v in (CONDITIONAL | at).items() if k not in ("easting", "northing")}
    ref = sent(writer, **given)
    decided(second, ref, decision="RELEASE")
    writer.get(f"/intelligence/{ref}")

    after = told(reader, f"/places/{place}")
    assert [path for path in before if before[path] != after[path]] == []
    assert after["/api/v1/intelligence"][0] in {200, 403, 404}


def test_the_auditor_alone_meets_its_events(db, as_):
    writer = analyst(as_)
    _, recipient = reader_ref(db)
    lead = as_("cs_lead")

    def of_the_force():
        with db.read(lead.person.actor) as session:
            query = text("select * from audit.unit_totals(now() - interval '1 day')")
            return [row for row in session.execute(query) if row.agency == "MPS_SWBCU"]

    sent(writer)
    before = of_the_force()
    ref = sent(writer, **wanted("C", recipient))
    writer.get(f"/intelligence/{ref}")
    draft = send(writer, f"/intelligence/{ref}/edit").headers["location"]
    send(writer, f"{draft}/kind", kind="INCIDENT")

    assert before
    assert of_the_force() == before
    with db.read(job_actor("audit:seal", db_role="cs_audit")) as session:
        kinds = session.scalars(text("select object_type from audit.event")).all()
    assert "intelligence_c" in kinds
