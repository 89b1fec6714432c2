"""The daily risk briefing over the demonstration: recounted slowly, and what is never in it."""

from datetime import date, datetime, timedelta

import psycopg
import pytest

from app.core import clock
from app.core.json import canonical
from app.core.personal import CHILD, strings
from app.packs import building, checks, daily, redaction
from app.packs.content import Asked, Entry
from app.packs.redaction import Reader
from app.packs.rules import Kind, Window
from tests.packs import BOROUGHS
from tests.people import KINGSTON, RICHMOND

OPEN = {"IDENTIFIED", "ASSESSING", "ASSESSED", "CONFERENCE", "PLAN_ACTIVE", "MONITORING"}
ENTRIES = (
    Entry("3", "COUNT_LINE", "station, robbery (synthetic)", "AFC", n=2, boroughs=(KINGSTON,)),
    Entry("8", "DECISION", "Synthetic: light the steps.", "AFC", owner="Council", due="16:00"),
)


@pytest.fixture(scope="module")
def asked():
    """Everything that was written in the last weeks, for tonight."""
    now = clock.now()
    period = clock.london(now).date().isoformat()
    window = Window(Kind.DAILY, period, now - timedelta(days=60), now + timedelta(minutes=1))
    return Asked(window, BOROUGHS, ENTRIES, {})


@pytest.fixture(scope="module")
def made(demo_db, asked):
    with demo_db.read(building.BUILD) as session:
        return daily.build(session, asked)


@pytest.fixture(scope="module")
def summary(demo_db, asked):
    with demo_db.read(building.BUILD) as session:
        return daily.summary(session, asked)


@pytest.fixture(scope="module")
def rows(demo_db):
    """Each table of the recount as rows, read by nobody's rights."""
    dsn = demo_db.logins.cluster.dsn("postgres", demo_db.logins.dbname)
    with psycopg.connect(dsn) as admin:
        admin.row_factory = psycopg.rows.dict_row
        return {
            name: admin.execute(
                f"select *, {extra} from app.{name} where {gone} is null".encode()
            ).fetchall()
            for name, extra, gone in (
                ("place", "week_grid::text as grid", "deleted_at"),
                ("guardian_slot", "week_grid::text as grid", "null"),
                ("incident", "true as x", "deleted_at"),
                ("report", "true as x", "deleted_at"),
                ("intel_item", "true as x", "deleted_at"),
            )
        }


def lines(made, code):
    (part,) = [one for one in made if one["code"] == code]
    return [item["body"] for item in part["items"]]


def hours_tonight(day):
    """Weekday and hour of each, one by one."""
    begin = datetime.combine(day, datetime.min.time()) + timedelta(hours=15)
    return [(at.weekday(), at.hour) for at in (begin + timedelta(hours=n) for n in range(11))]


def recounted(rows, day):
    """Of each place: tonight's hours of concern, and those in which nobody is there."""
    found = {}
    for place in rows["place"]:
        if not place["grid"] or place["state"] not in OPEN or place["merged_into_id"]:
            continue
        due = [at for at in hours_tonight(day) if place["grid"][24 * at[0] + at[1]] == "1"]
        alone = []
        for at in due:
            there = False
            for slot in rows["guardian_slot"]:
                valid = slot["valid_from_on"] <= day and (
                    slot["valid_to_on"] is None or slot["valid_to_on"] > day
                )
                if slot["place_id"] == place["id"] and valid:
                    there = there or slot["grid"][24 * at[0] + at[1]] == "1"
            if not there:
                alone.append(at)
        if due:
            home = place["sensitivity"] == "RESIDENTIAL"
            found[f"Address {place['ref']}" if home else place["name"]] = (due, alone)
    return found


def spoken(hours, day):
    """The spans of a list of hours, said the slow way."""
    order = hours_tonight(day)
    marks = [at in hours for at in order] + [False]
    spans, begin = [], None
    for n, on in enumerate(marks):
        if on and begin is None:
            begin = n
        elif not on and begin is not None:
            spans.append(f"{(15 + begin) % 24:02d}-{(15 + n) % 24:02d}")
            begin = None
    return ", ".join(spans)


def test_b02_places_due_tonight_are_those_of_a_slow_recount(made, rows, asked):
    day = date.fromisoformat(asked.window.period)
    wanted = {f"{name}, {spoken(due, day)}" for name, (due, _) in recounted(rows, day).items()}

    light, *told = lines(made, "5")

    assert light.startswith("Sunset ")
    assert len(wanted) > 3
    assert set(told) == wanted


def test_b03_hours_without_anybody_are_those_of_a_slow_recount(made, rows, asked):
    day = date.fromisoformat(asked.window.period)
    wanted = {
        name: spoken(alone, day) for name, (_, alone) in recounted(rows, day).items() if alone
    }

    told = {
        body.rpartition(": ")[0]: body.split("nobody ")[1].rstrip(".")
        for body in lines(made, "6")
        if "nobody " in body
    }

    assert told == wanted


def test_b01_new_records_are_those_of_a_slow_recount(made, rows, asked):
    begin, end = asked.window.start_at, asked.window.end_at

    def n(table, at, borough, fits):
        return sum(
            1
            for row in rows[table]
            if row[at] is not None and begin <= row[at] < end and fits(row)
            for code in row["borough_codes"]
            if code == borough
        )

    (part,) = [one for one in made if one["code"] == "2"]
    told = {item["boroughs"][0]: item["counts"] for item in part["items"][:2]}

    for borough in (KINGSTON, RICHMOND):
        wanted = {
            "reports": n("report", "created_at", borough, lambda r: r["state"] != "QUARANTINED"),
            "incidents": n("incident", "created_at", borough,
                           lambda r: r["state"] != "WITHDRAWN" and r["tier"] != "C"),
            "items": n("intel_item", "released_at", borough,
                       lambda r: r["tier"] == "P" and r["shared"]),
        }  # fmt: skip
        assert told[borough] == wanted
        assert sum(wanted.values()) > 0


def test_it_holds_no_reference_of_a_child_and_passes_its_checks(made, summary, demo_db):
    language = []
    homes = [("PL-000-0000", "no such home")]

    assert not any(CHILD.search(said) for said in strings([made, summary]))
    assert checks.problems(checks.Subject(Kind.DAILY, made, summary, language, homes)) == []


def test_a_home_is_its_reference(made, summary, rows):
    homes = [row for row in rows["place"] if row["sensitivity"] == "RESIDENTIAL"]
    told = " ".join([*strings(made), *strings(summary)])

    assert homes
    assert not [row["name"] for row in homes if row["name"] in told]
    assert not [row["ref"] for row in homes if row["ref"] in " ".join(strings(summary))]


def test_the_summary_is_of_places_that_partners_may_see_and_says_no_reason(summary, rows):
    seen = {row["name"] for row in rows["place"] if row["tier"] == "H0" and row["listed"]}

    assert summary
    for one in summary:
        name, _, said = one["body"].removeprefix("Tonight: ").partition(", ")
        assert any(one["body"].startswith(f"Tonight: {known}, ") for known in seen), name
        assert "priority" not in said
        assert "nobody" not in said


@pytest.mark.parametrize("role", ["partner", "practitioner", "police_analyst", "cs_lead"])
def test_it_is_sixty_lines_at_most(made, role):
    who = Reader("", role, "AFC", frozenset(BOROUGHS))
    sections = redaction.seen({"sections": made}, who)["sections"]

    total = 0
    for one in sections:
        n = len(one["items"])
        total += min(n, one["most"]) + (n > one["most"]) + (n == 0)
    assert total <= 60


def test_what_members_typed_stands_in_its_part(made):
    who = Reader("", "partner", "EDU", frozenset({KINGSTON}))
    by_code = {one["code"]: one for one in redaction.seen({"sections": made}, who)["sections"]}

    assert [one["body"] for one in by_code["3"]["items"]] == [
        "1 to 7, station, robbery (synthetic)"
    ]
    assert by_code["8"]["items"][0]["body"] == "Synthetic: light the steps. Council, by 16:00."


def test_the_same_records_make_the_same_bytes(demo_db, asked, made):
    with demo_db.read(building.BUILD) as session:
        again = daily.build(session, asked)

    assert canonical({"sections": again}) == canonical({"sections": made})


def test_a_quiet_day_says_since_when_and_how_many_places_are_due(demo_db, asked):
    since = clock.now() + timedelta(seconds=30)
    window = Window(Kind.DAILY, asked.window.period, since, since + timedelta(seconds=1))
    with demo_db.read(building.BUILD) as session:
        made = daily.build(session, Asked(window, BOROUGHS))

    first, second = lines(made, "2")[:2]

    assert first.startswith("Kingston: nothing new since ")
    assert second.endswith("Places due tonight: {n}.")
