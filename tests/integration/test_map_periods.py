"""Two periods side by side, and hours of the week: the numbers are those of the map."""

import re
from datetime import date

import pytest
from sqlalchemy import text

from app.core.actor import job_actor
from app.maps import comparing, times
from app.maps.rules import parse
from tests.html import complaints
from tests.people import HTML, browser, sign_in_as

TODAY = date(2026, 5, 20)


@pytest.fixture(scope="module")
def site(demo_db, settings):
    with browser(demo_db, settings, sign_in_as(demo_db, "cs_lead")) as lead:
        yield lead


def page(site, path):
    answer = site.get(path, headers=HTML)
    assert answer.status_code == 200
    return answer.text


def rows(text_of_page, heading="Places, the largest change first"):
    body = text_of_page.partition(heading)[2]
    body = body.partition("</tbody>")[0].partition("<tbody")[2]
    return {
        ref: tuple(int(n.replace(",", "")) for n in re.findall(r"cm-number\">([\d,]+)<", row)[:2])
        for row in body.split("</tr>")
        for ref in re.findall(r"/places/(PL-[A-Z0-9-]+)", row)
    }


def on_map(site, query):
    """Incidents of each place by the table of the map itself."""
    body = page(site, f"/map?{query}")
    found = {}
    for row in body.split("<tr")[1:]:
        ref = re.search(r'data-id="(PL-[^"]+)"', row)
        if ref:
            numbers = re.findall(r'cm-number">([\d,]+)<', row)
            found[ref[1]] = int(numbers[-1].replace(",", ""))
    return {ref: n for ref, n in found.items() if n}


@pytest.mark.parametrize("other", ["", "&type=PG_OPEN", "&borough=E09000021", "&harm=CSE"])
def test_the_numbers_are_those_of_the_map_in_each_period(site, other):
    now, before = "from=2026-02-01&to=2026-03-31", "from=2025-12-01&to=2026-01-31"
    body = page(site, f"/map/compare?{now}{other}")

    found = rows(body)

    assert {ref: n for ref, (_, n) in found.items() if n} == on_map(site, now + other)
    assert {ref: n for ref, (n, _) in found.items() if n} == on_map(site, before + other)
    assert "Before: 1 December 2025 to 31 January 2026" in body
    assert "Now: 1 February 2026 to 31 March 2026" in body


def test_both_pictures_are_of_the_same_ground(site):
    body = page(site, "/map/compare?from=2026-01-01&to=2026-03-31&compare=year")
    before, after = (url.replace("&amp;", "&") for url in re.findall(r'<img src="([^"]+)"', body))

    assert re.findall(r"bbox=[^&]+&z=\d+", before) == re.findall(r"bbox=[^&]+&z=\d+", after)
    assert "from=2025-01-01&to=2025-03-31" in before
    assert all(site.get(url).status_code == 200 for url in (before, after))


@pytest.mark.parametrize("path", ["/map/compare", "/map/compare?period=all", "/map/times",
                                  "/map/compare?q=qzxqzx", "/map/times?agency=EDU&period=all",
                                  "/map/times?from=2001-01-01&to=2001-02-01"])  # fmt: skip
def test_pages_are_valid_also_when_they_are_empty(site, path):
    wrong = complaints(page(site, path))

    assert [said for said in wrong if said != "2 of <title>"] == [], "a chart has one of its own"


def test_all_dates_have_nothing_before_them(site):
    assert "All dates have no period before them" in page(site, "/map/compare?period=all")


def test_hours_are_of_as_many_incidents_as_the_map_counts(site):
    for query in ("period=all", "period=all&harm=CSE", "from=2026-01-01&to=2026-03-31"):
        counted = re.search(r"Behind them: ([\d,]+) partnership", page(site, f"/map?{query}"))[1]

        body = page(site, f"/map/times?{query}")

        assert re.search(r"Incidents</dt><dd[^>]*>([\d,]+)<", body)[1] == counted


def test_the_hours_of_the_table_and_those_not_known_are_all_incidents(site):
    body = page(site, "/map/times?period=all")
    table = body.partition("<tbody")[2].partition("</tbody>")[0]

    n = int(re.search(r"Incidents</dt><dd[^>]*>([\d,]+)<", body)[1].replace(",", ""))
    untimed = int(re.search(r"Time not known</dt><dd[^>]*>([\d,]+)<", body)[1].replace(",", ""))
    dark, known = re.search(r"After dark</dt><dd[^>]*>([\d,]+) of ([\d,]+)", body).groups()
    hours = sum(float(value) for value in re.findall(r'cm-number">([\d.]+)<', table))
    assert hours == pytest.approx(n - untimed, abs=42 * 0.05)
    assert 0 < int(dark.replace(",", "")) <= int(known.replace(",", "")) <= n


def test_whoever_may_see_no_incidents_finds_no_such_pages(demo_db, settings):
    with browser(demo_db, settings, sign_in_as(demo_db, "partner", agency="EDU")) as partner:
        for path in ("/map/compare", "/map/times"):
            assert partner.get(path, headers=HTML).status_code == 404
        assert "/map/times" not in page(partner, "/map")


def test_a_practitioner_is_told_of_the_own_borough_alone(demo_db, settings, site):
    person = sign_in_as(demo_db, "practitioner", boroughs=["E09000027"])
    query = "from=2026-02-01&to=2026-03-31"
    with browser(demo_db, settings, person) as one_side:
        own = rows(page(one_side, f"/map/compare?{query}"))
    everything = rows(page(site, f"/map/compare?{query}"))
    with demo_db.begin(job_actor("demo:load")) as session:
        inside = set(
            session.execute(
                text("select ref from app.place where 'E09000027' = any(borough_codes)")
            ).scalars()
        )

    assert own
    assert set(own) <= inside
    assert len(own) < len(everything)


@pytest.mark.parametrize(
    ("query", "how", "first", "past"),
    [
        ("from=2026-02-01&to=2026-03-31", "previous", date(2025, 12, 1), date(2026, 2, 1)),
        ("from=2026-02-10&to=2026-02-19", "previous", date(2026, 1, 31), date(2026, 2, 10)),
        ("period=quarter", "previous", date(2025, 10, 1), date(2026, 1, 1)),
        ("from=2028-02-29&to=2028-03-04", "year", date(2027, 2, 28), date(2027, 3, 5)),
        ("period=90d", "year", date(2025, 2, 19), date(2025, 5, 21)),
    ],
)
def test_the_period_before(query, how, first, past):
    filters, _ = parse(dict(part.split("=") for part in query.split("&")), TODAY)

    found = comparing.earlier(filters, how)

    assert (found.from_on, found.to_on) == (first, past)


def test_open_dates_and_the_oldest_have_no_period_before():
    oldest = {"from": "2000-01-02", "to": "2000-03-01"}
    for query in ({"period": "all"}, {"from": "2026-01-01"}, oldest):
        assert comparing.earlier(parse(query, TODAY)[0], "previous") is None


def test_changes_are_words():
    said = [comparing.Line(None, *pair).change for pair in ((0, 3), (2, 0), (4, 4), (1, 5), (5, 1))]

    assert said == ["None before", "None now", "As many", "4 more", "4 fewer"]


def test_no_incident_has_no_hour():
    found = times.of_rows([])

    assert (found.n, found.untimed, found.dark, found.chart.busiest) == (0, 0, 0, None)
