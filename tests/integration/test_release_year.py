"""A year of releases from real records: quarters, half-years and the year, counted a second way."""

import csv
import io
from argparse import Namespace
from collections import Counter
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest

from app.releases import building, commands, queries
from geo.disclosure import show, show_place
from tests import recount, release_year
from tests.databases import cloned
from tests.people import HTML, send
from tests.recount import Records
from tests.releases import PARTNERS, Ground

YEAR = str(release_year.YEAR)
QUARTERS = [f"{YEAR}-Q{n}" for n in (1, 2, 3, 4)]
ORDER = [*QUARTERS[:2], f"{YEAR}-H1", *QUARTERS[2:], f"{YEAR}-H2", YEAR]
CELLS = """
    select table_code, geo_kind, geo_code, dim_1, dim_2, shown, low, high, rule
    from app.release_cell as cell join app.release on release.id = cell.release_id
    where release.code = %s
"""
# Whatever becomes of a record later, it stays counted as it was.
LATER = """
    update app.incident set harm_code = 'ASB', line_linked = false, version = version + 1,
        state = case when ref < 'IN-9' then 'WITHDRAWN' else state end
    where ref < 'IN-M' and counted_in is not null
"""


@dataclass
class Published:
    ground: Ground
    before: Records

    def cells(self, code: str) -> list[tuple]:
        return self.ground.rows(CELLS, code)

    def get(self, role: str, path: str) -> Any:
        return self.ground.as_(role).get(path, headers=HTML)


@pytest.fixture(scope="module")
def published(cluster, template, settings):
    """Records change after their quarter was approved: longer periods must not see it."""
    with cloned(cluster, template, "release_year") as db:
        ground = Ground(db, settings)
        release_year.lived(ground, 400)
        wards = [(home, ward.code, ward.shape_m) for home, ward in release_year.wards()]
        held = Published(ground, recount.records(ground, wards))
        refused = send(ground.as_("cs_lead"), "/releases", period=f"{YEAR}-H1")
        assert f"Approve the releases of {YEAR}-Q1, {YEAR}-Q2 first" in refused.text
        for period in ORDER:
            ground.approve(period)
            with ground.superuser() as admin:
                admin.execute(LATER)
        yield held


def again(published: Published, period: str) -> Counter:
    held = published.before
    if "-Q" in period:
        return recount.quarter(held, period)
    if "-H" in period:
        return recount.half(held, period)
    areas = {geo for table, _, geo, *_ in published.cells(period) if table == "RY1"}
    return recount.year(held, period, sorted(areas))


@pytest.mark.parametrize("period", ORDER)
def test_a_recount_in_plain_python_agrees_with_every_cell(published, period):
    told = again(published, period)
    cells = published.cells(period)

    for *key, shown, low, high, rule in cells:
        n = told.pop(tuple(key), 0)
        assert low <= n <= (n if high is None else high), (key, n)
        if key[0] == "RQ7":
            assert rule == "DROPPED" or shown == show_place(n, sources=2, dates=3).text
        elif rule != "DROPPED":
            assert shown == show(n).text, (key, n)
    assert not {key: n for key, n in told.items() if n}
    tables = {code for code, *_ in cells}
    every = {"Q": [f"RQ{n}" for n in range(1, 11)], "H": ["RH1", "RH2", "RH3", "RH4"]}
    assert tables == set(every.get(period[5:6], ["RY1", "RY2"]))
    assert sum(rule != "DROPPED" for *_, rule in cells) > len(cells) / 2


def test_merged_wards_follow_what_was_printed_and_stay_for_the_year(published):
    shown: dict[str, list[str]] = {}
    for half in ("H1", "H2"):
        for table, _, geo, _, _, text, *_ in published.cells(f"{YEAR}-{half}"):
            if table == "RH1":
                shown.setdefault(geo, []).append(text)
    wards = [(code, home) for home, code, _ in published.before.wards]
    wards += [(f"?{home}", home) for home in PARTNERS]

    areas = {geo for table, _, geo, *_ in published.cells(YEAR) if table == "RY1"}

    assert areas == set(recount.merged(wards, shown))
    assert any("+" in area for area in areas)
    with published.ground.db.read(building.BUILD) as session:
        assert queries.areas(session, YEAR) == sorted(areas)
        assert queries.areas(session, str(release_year.YEAR + 1)) == []


def test_pages_and_files_of_every_table_say_what_is_stored(published):
    for period in ORDER:
        cells = published.cells(period)
        for table in {code for code, *_ in cells}:
            page = published.get("vca_member", f"/releases/{period}/{table}")
            file = published.get("partner", f"/releases/{period}/{table}.csv")
            rows = list(csv.DictReader(io.StringIO(file.content.decode("utf-8-sig"))))
            mine = [cell for cell in cells if cell[0] == table]
            limits = [(str(low), "" if high is None else str(high)) for *_, low, high, _ in mine]
            assert page.status_code == 200
            assert Counter((row["low"], row["high"]) for row in rows) == Counter(limits)


def test_the_certificate_of_a_year_holds_what_was_attacked(published):
    context = SimpleNamespace(db=published.ground.db)

    told = commands.run_check(Namespace(release=YEAR), context)

    assert told["verified"] is True
    assert sorted(told["releases"]) == sorted(ORDER)
    assert told["exact"] == 0
    assert told["organisation_tested"] is True
