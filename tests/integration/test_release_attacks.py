"""What one record more or less, a draft or what is never counted tells those who read numbers."""

from datetime import UTC, datetime
from itertools import pairwise

import pytest

from app.releases import building, queries
from tests.html import timeless
from tests.people import HTML, KINGSTON, RICHMOND, browser, send, sign_in_as
from tests.release_year import place
from tests.releases import PARTNERS, QUARTER, Ground
from tests.sql.world import Intel, insert, write

READERS = ("partner", "vca_member", "practitioner", "police_analyst")


@pytest.fixture
def ground(db, settings) -> Ground:
    found = Ground(db, settings)
    found.fill(300)
    return found


def asked(ground: Ground, period: str = QUARTER) -> str:
    sent = send(ground.as_("cs_lead"), "/releases", period=period)
    return sent.headers["location"].rsplit("/", 1)[-1]


def counted(ground: Ground, code: str) -> dict[tuple, str]:
    """What the release would show now."""
    building.build(ground.db, code, PARTNERS)
    with ground.db.read(building.BUILD) as session:
        release = queries.find(session, code)
        assert release.problem is None
        return {cell.key: cell.shown for cell in queries.cells(session, release)}


def test_one_incident_less_changes_nothing_but_sums_by_one_step(ground):
    """D8: of seven alike, down to the last one, each removed in turn."""
    with ground.superuser() as admin:
        admin.execute("update app.incident set harm_code = 'ASB' where harm_code = 'HSB'")
    mine = [ground.incident(harm="HSB") for _ in range(7)]
    code = asked(ground)
    seen = [counted(ground, code)]
    for one in mine[:-1]:
        ground.rows("update app.incident set state = 'WITHDRAWN' where id = %s returning id", one)
        seen.append(counted(ground, code))

    cell = ("RQ1", QUARTER, "BOROUGH", KINGSTON, "HG_SEXUAL", "ALL")
    assert {told[cell] for told in seen} <= {"1 to 7", "not shown"}
    for before, after in pairwise(seen):
        assert before.keys() == after.keys()
        for key, shown in before.items():
            numbers = [int(one) for one in (shown, after[key]) if one.isdigit()]
            assert len(numbers) < 2 or abs(numbers[0] - numbers[1]) in (0, 5), key
            assert shown == after[key] or numbers, key


def test_what_is_never_counted_changes_no_byte(ground):
    """D9: a code C record, a graded E item, a residential place."""
    code = ground.approve()
    paths = ["/releases", f"/releases/{code}"]
    paths += [f"/releases/{code}/{table}{end}" for table in ("RQ1", "RQ2") for end in ("", ".csv")]
    far = browser(ground.db, ground.settings, sign_in_as(
        ground.db, "practitioner", boroughs=(RICHMOND,), agency="LA_RICHMOND"))  # fmt: skip
    clients = [ground.as_("partner"), ground.as_("vca_member"), far]
    next_code = asked(ground, "2026-Q2")
    before = counted(ground, next_code)
    pages_before = [timeless(one.get(path, headers=HTML)) for one in clients for path in paths]

    ground.incident(tier="C", at=datetime(2026, 5, 4, 12, tzinfo=UTC))
    home = place("RESIDENTIAL", "RESIDENTIAL", None, named=False)
    with ground.superuser() as admin:
        insert(admin, "app.place", home)
        admin.execute("update app.place set tier = 'H1' where id = %s", [home["id"]])
        admin.execute("set session_replication_role = replica")  # nobody wrote or receives them
        for grade, tier in (("1E", "P"), ("2B", "C")):
            write(Intel(tier=tier, grade=grade), admin)

    assert counted(ground, next_code) == before
    after = [timeless(one.get(path, headers=HTML)) for one in clients for path in paths]
    assert after == pages_before


def test_drafts_do_not_exist_for_those_who_read_numbers(ground):
    """D19; who may read no release at all is refused alike, whether there is one or not."""
    code = asked(ground)
    ref = send(ground.as_("cs_lead"), "/briefings", period=QUARTER).headers["location"]
    for state in ("DRAFT", "CHECKED"):
        if state == "CHECKED":
            building.build(ground.db, code, PARTNERS)
        assert ground.rows("select state from app.release") == [(state,)]
        paths = [f"/releases/{code}", f"/releases/{code}/RQ1", f"/releases/{code}/RQ1.csv"]
        for role in READERS:
            assert code not in ground.as_(role).get("/releases", headers=HTML).text
            for path in paths:
                assert ground.as_(role).get(path, headers=HTML).status_code == 404, (role, path)
        for path in (*paths, "/releases/2020-Q1/RQ1"):
            answer = ground.as_("administrator").get(path, headers=HTML)
            assert answer.status_code in (403, 404), path
        for role in (*READERS, "administrator"):
            draft = ground.as_(role).get(ref.removesuffix("/write"), headers=HTML)
            assert draft.status_code in (403, 404), role
