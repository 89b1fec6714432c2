"""A year of releases from real records: quarters, half-years and the year, counted a second way."""

import csv
import io
import os
import random
import re
from argparse import Namespace
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from html import unescape
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import text as sql

from app.releases import building, commands, counting, lattice, queries, rules, view
from app.releases.counting import Asked
from geo.disclosure import show, show_place
from tests import recount, release_year
from tests.databases import cloned
from tests.people import HTML, send
from tests.recount import Records
from tests.releases import PARTNERS, Ground

LONG = os.environ.get("CONTEXTMAP_LONG_TESTS") == "1"
REQUESTS, REPEATS = (10_000, 600) if LONG else (400, 60)
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

    @cached_property
    def told(self) -> dict[str, list[tuple]]:
        return {code: self.ground.rows(CELLS, code) for code in ORDER}

    @cached_property
    def names(self) -> list[str]:
        """Of groups, wards, platforms and places that hold digits."""
        with self.ground.db.read(building.BUILD) as session:
            found = [*queries.names(session).values(), *rules.GROUPS.values(), rules.LATE_NIGHT]
        return [name for name in found if numbers(name)]

    @cached_property
    def signs(self) -> dict[tuple[str, str], Counter]:
        """What a file of each table may say."""
        made: dict[tuple[str, str], Counter] = {}
        signs = {"1 to 7": view.BAND_SIGN}
        for code in ORDER:
            for table, *_, shown, low, high, rule in self.cells(code):
                sign = view.DROPPED_SIGN if rule == "DROPPED" else signs.get(shown, shown)
                line = (sign, str(low), "" if high is None else str(high))
                made.setdefault((code, table), Counter())[line] += 1
        return made

    def cells(self, code: str) -> list[tuple]:
        return self.told[code]

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
            assert page.status_code == file.status_code == 200
            assert stands(published, f"/releases/{period}/{table}", page)
            rows = list(csv.DictReader(io.StringIO(file.content.decode("utf-8-sig"))))
            found = Counter((row["shown"], row["low"], row["high"]) for row in rows)
            assert found == published.signs[period, table]


def test_the_certificate_of_a_year_holds_what_was_attacked(published):
    context = SimpleNamespace(db=published.ground.db)

    told = commands.run_check(Namespace(release=YEAR), context)

    assert told["verified"] is True
    assert sorted(told["releases"]) == sorted(ORDER)
    assert told["exact"] == 0
    assert told["organisation_tested"] is True


def test_what_was_counted_before_wards_were_loaded_is_in_no_table_by_ward(published):
    with published.ground.db.begin(building.BUILD) as session:
        counting.begin(session)
        homes = tuple((ward, home) for home, ward, _ in published.before.wards)
        wards = lattice.wards_of(homes, PARTNERS)

        def left_out(period, ward=None, *, more=True):
            asked = Asked(rules.window(period), PARTNERS, homes)
            if more:
                values = {"ward": ward, "borough": PARTNERS[0]}
                session.execute(sql("insert into inc (ward, borough) values (:ward, :borough)"),
                                values)  # fmt: skip
            return building._left_out(session, asked, wards)

        nothing = left_out(YEAR, more=False)
        no_ward = [left_out(period) for period in (f"{YEAR}-H1", YEAR, f"{YEAR}-Q1")]
        some = left_out(YEAR, homes[0][0])

    assert (nothing, some) == ({}, {})
    assert no_ward == [{"RH1": rules.NOT_BY_WARD}, {"RY1": rules.NOT_BY_WARD}, {}]


def numbers(words: str) -> set[str]:
    return set(re.findall(r"\d[\d,.]*\d|\d", words))


def printed(page: str, labels: list[str]) -> set[str]:
    """Numbers of a page beside those in its labels: titles, names of groups, wards and periods."""
    main = unescape(re.sub(r"<[^>]*>", " ", page[page.index("<main") : page.index("</main>")]))
    words = " ".join(main.split())
    for label in sorted(labels, key=len, reverse=True):
        words = words.replace(label, " ")
    return numbers(words)


def stands(published: Published, path: str, answer: Any) -> bool:
    """Whether an answer is a table of the lattice with its own numbers, a list without, or 4xx."""
    if 400 <= answer.status_code < 500:
        return True
    assert answer.status_code == 200, (path, answer.status_code)
    _, _, code, table, *_ = [*path.split("/"), "", ""]
    labels = [*ORDER, *(rules.window(period).words for period in ORDER)]
    labels += [f"{name}" for name in rules.TITLES] + published.names
    if table.endswith(".csv"):
        rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
        found = [(row["shown"], row["low"], row["high"]) for row in rows]
        return Counter(found) <= published.signs[code, table.removesuffix(".csv")]
    if table:
        shown = " ".join(shown for name, *_, shown, _, _, _ in published.cells(code)
                         if name == table)  # fmt: skip
        return printed(answer.text, [*labels, rules.NOTE]) <= numbers(shown)
    hidden = re.sub(r"<dl.*?</dl>|<td.*?</td>", " ", answer.text, flags=re.DOTALL)
    return not printed(hidden, labels)


def addresses(chance: random.Random) -> str:
    """As somebody would try them: other periods, tables, filters, half-hidden drafts."""
    code = chance.choice([*ORDER, *ORDER, "2024-Q4", f"{YEAR}-Q1-2", "DRAFT", "*"])
    table = chance.choice([*rules.TITLES, "", "ALL", "rq1", "RQ11", "RQ1/E09000021", "cells", "'"])
    path = f"/{chance.choice(('releases', 'releases', 'releases', 'briefings'))}/{code}"
    path += f"/{table}" if chance.random() < 0.85 else ""
    path += chance.choice(("", "", "", ".csv", ".json", ".csv.gz", "/"))
    filters = ("borough=E09000021", "from=2025-01-01", "n=1", "true=1", "format=raw", "dim_1=ALL")
    return path + (f"?{chance.choice(filters)}" if chance.random() < 0.3 else "")


def test_no_address_of_numbers_gives_another_number(published):
    """D7, and D12 for pages and files of releases."""
    chance, answers = random.Random(7), Counter()
    for _ in range(REQUESTS):
        role, path = chance.choice(("partner", "vca_member")), addresses(chance)
        client = published.ground.as_(role)
        answer = client.get(path, headers=HTML, follow_redirects=True)  # a slash too many
        assert stands(published, answer.url.path, answer), (role, path, answer.text)
        answers[answer.status_code] += 1

    print(f"D7: {REQUESTS} requests, {dict(answers)}")
    assert answers[200] > REQUESTS / 10
    assert answers[404] > REQUESTS / 10
    assert answers[422] > REQUESTS / 100


def test_asking_again_gives_the_same_bytes(published):
    """D11: nothing can be averaged."""
    paths = [f"/releases/{code}/{table}{ending}" for code, table in (("2025-Q1", "RQ1"),
             ("2025-H1", "RH1"), ("2025", "RY1")) for ending in ("", ".csv")]  # fmt: skip

    def told(path: str) -> bytes:  # around it stands how long the session lasts, and no number
        whole = published.get("vca_member", path).content
        return whole if path.endswith(".csv") else whole[whole.index(b"<main") :]

    first = {path: told(path) for path in paths}

    for n in range(REPEATS if not LONG else REPEATS * len(paths)):
        path = paths[n % len(paths)]
        assert told(path) == first[path]
