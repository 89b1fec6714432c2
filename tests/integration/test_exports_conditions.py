"""Items of code C and exports: they leave with nobody, not even with who may read them.

The permission file has no `export` of intelligence_c for any role: a recipient reads in the
service, where each read is told, and takes nothing away.
"""

import psycopg
import pytest

from app.core.settings import Settings
from app.exports.rules import Format
from tests.integration.test_exports import ANSWERS, made
from tests.integration.test_exports_rights import without_times
from tests.intelligence import CONDITIONAL, analyst, reader_ref, released
from tests.people import HTML, browser, send

INTELLIGENCE = "/exports/new?what=intelligence"
MEETING = ANSWERS | {"purpose": "MARVE", "recipient_agency": "AFC"}
WORDS = "parcels are handed over by the lift"
SHOP = {"type_code": "TAKEAWAY_SHOP", "name": "Example shop", "easting": 518000}
SHOP |= {"northing": 169300}


@pytest.fixture
def settings(tmp_path):
    return Settings(data_dir=tmp_path, demo=True, secret_key="a key of the tests only")


@pytest.fixture
def writers(as_):
    return analyst(as_), analyst(as_)


@pytest.fixture
def recipient(db, settings, writers):
    """Adds an item of code C on a place and lets its recipient accept, when it is called."""
    person, ref = reader_ref(db)
    client = browser(db, settings, person)

    def named(place):
        given = CONDITIONAL | {"recipients": [ref], "where": "PLACE", "place": place}
        item = released(*writers, **given | {"easting": None, "northing": None})
        assert send(client, f"/intelligence/{item}/conditions").status_code == 303
        assert WORDS in client.get(f"/intelligence/{item}", headers=HTML).text
        return item

    named.client = client
    return named


def as_read(form, answer):
    """The bytes, or of a packed format all that stands in it."""
    if form in (Format.CSV, Format.GEOJSON, Format.MAP):
        return without_times(answer.content)
    return len(answer.content) // 4096 if form == Format.GPKG else None


@pytest.mark.parametrize("form", list(Format))
def test_an_item_of_code_c_is_in_no_file_and_changes_none(
    db, settings, as_, writers, recipient, form
):
    lead = as_("cs_lead", agency="AFC")
    place = lead.post("/api/v1/places", json=SHOP).json()["ref"]
    open_item = released(*writers)
    asking = [
        *((one, INTELLIGENCE) for one in (*writers, analyst(as_, agency="BTP"))),
        *((one, "/exports/new?what=places") for one in (lead, recipient.client, writers[0])),
    ]
    answers = MEETING | {"format": form}
    before = [made(db, settings, one, path, **answers) for one, path in asking]
    counted = [one.get(path, headers=HTML).text for one, path in asking]

    item = recipient(place)

    after = [made(db, settings, one, path, **answers) for one, path in asking]
    assert [as_read(form, one) for one in after] == [as_read(form, one) for one in before]
    for answer in after:
        assert item.encode() not in answer.content
        assert WORDS.encode() not in answer.content
    again = [one.get(path, headers=HTML).text for one, path in asking]
    strong = [text.count("<strong>1</strong>") for text in counted]
    assert strong == [text.count("<strong>1</strong>") for text in again]
    if form in (Format.CSV, Format.GEOJSON, Format.MAP):
        assert open_item.encode() in after[0].content
    with psycopg.connect(db.logins.dsn("postgres")) as admin:
        rows = admin.execute("select distinct rows_made from app.export").fetchall()
        told = admin.execute(
            "select count(*) from audit.event where action = 'export.make'"
            " and detail::text like %s",
            (f"%{item}%",),
        ).fetchone()
    assert (rows, told) == ([(1,)], (0,))


def test_a_filter_for_code_c_finds_nothing_to_export(as_, writers, recipient):
    lead = as_("cs_lead", agency="AFC")
    recipient(lead.post("/api/v1/places", json=SHOP).json()["ref"])

    for asked in ("handling=C", "q=parcels+are+handed", "state=RELEASED"):
        for one in (*writers, analyst(as_, agency="BTP")):
            page = one.get(f"{INTELLIGENCE}&{asked}", headers=HTML)
            assert "Nothing to export with these filters." in page.text, asked


def test_who_may_read_it_but_not_export_intelligence_is_told_so(as_, recipient):
    lead = as_("cs_lead", agency="AFC")
    item = recipient(lead.post("/api/v1/places", json=SHOP).json()["ref"])

    for one in (recipient.client, lead, as_("partner")):
        answer = one.get(INTELLIGENCE, headers=HTML)
        assert answer.status_code in {403, 404}
        assert item not in answer.text


def test_the_limit_of_rows_is_reached_without_those_of_code_c(db, as_, writers, recipient):
    """At 500 that may leave nothing is in the way, however many more there are."""
    lead = as_("cs_lead", agency="AFC")
    ref = released(*writers)
    with psycopg.connect(db.logins.dsn("postgres"), autocommit=True) as admin:
        admin.execute("alter table app.intel_item disable trigger user")
        names = admin.execute(
            "select string_agg(quote_ident(attname), ', ') from pg_attribute where attrelid ="
            " 'app.intel_item'::regclass and attnum > 0 and not attisdropped and attgenerated = ''"
            " and attname not in ('id', 'ref')"
        ).fetchone()[0]
        admin.execute(
            f"insert into app.intel_item (id, ref, {names}) select gen_random_uuid(),"
            f" 'IN-' || lpad(n::text, 3, '0') || '-0000', {names} from app.intel_item,"
            f" generate_series(1, 499) as n where ref = %s".encode(),
            (ref,),
        )
        admin.execute("alter table app.intel_item enable trigger user")
    before = writers[0].get(INTELLIGENCE, headers=HTML).text

    recipient(lead.post("/api/v1/places", json=SHOP).json()["ref"])

    after = writers[0].get(INTELLIGENCE, headers=HTML).text
    assert "<strong>500</strong>" in before
    assert "<strong>500</strong>" in after
    assert "at most 500 rows" not in after
