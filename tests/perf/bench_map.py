"""The map's page, items, tiles and API at 200,000 places, and its filter by linked children.

Milliseconds of CPU a request, application and database together, with a signed-in lead. The peer
of the filter is what it was: the number of children asked place by place.
"""

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.core.pages import SESSION_COOKIE
from app.maps import queries
from app.maps.rules import Filters
from tests.people import sign_in_as
from tests.perf.bench_access import PARTNERS, Crowd, backend, crowd
from tests.perf.london import London, serving
from tests.perf.measure import process_cpu_ms, row
from tests.perf.served import free_port, loaded_ms

OURS = ["--factory", "app.main:app_from_env", "--no-server-header", "--no-proxy-headers"]
AROUND = "bbox=-0.53035,51.31341,-0.08459,51.50357&z=11"
NOTHING = "q=nothing+here&harm=HG_EXPLOIT&dark=yes&part=EVENING&level=CL4&children=1-2"
PATHS = {
    "page": "/map",
    "page by level": "/map?sort=level",
    "page by incidents": "/map?sort=incidents",
    "page, no children": "/map?children=none",
    "page, 1-2 children": "/map?children=1-2",
    "page with nothing and six hints": f"/map?{NOTHING}",
    "items of both boroughs": f"/map/items?{AROUND}&totals=no",
    "items of a street": "/map/items?bbox=-0.32,51.40,-0.28,51.42&z=15&totals=no",
    "tile z10": "/tiles/places/10/511/340.pbf",
    "tile z13": "/tiles/places/13/4088/2725.pbf",
    "tile z13, 1-2 children": "/tiles/places/13/4088/2725.pbf?children=1-2",
    "API, 100 places": "/api/v1/places?limit=100",
}
# Three links each of 20,000 children, at every eighth place or so.
CHILDREN = (
    """
    insert into app.child (id, ref, agency_code, borough_codes, tier, purpose_code, created_by,
        updated_by, home_lad_code, age_band, age_band_as_of, is_synthetic)
    select gen_random_uuid(), 'CH-' || left(code, 3) || '-' || right(code, 4), 'AFC',
           array['E09000021'], 'H1', 'PREVENT', gen_random_uuid(), gen_random_uuid(), 'E09000021',
           'A13_15', current_date, true
    from (select upper(translate(lpad(to_hex(i), 7, '0'), '01', 'xy')) as code
          from generate_series(1, 20000) as i) as made
    """,
    """
    insert into app.child_place_link (id, child_id, place_id, borough_codes, role, from_on,
        source_agency, basis, created_by, is_synthetic)
    select gen_random_uuid(), child.id, place.id, place.borough_codes, 'frequents', current_date,
           'AFC', 'Made for a test of speed.', child.id, true
    from generate_series(0, 59999) as i
    join (select id, row_number() over (order by ref) - 1 as n from app.child) as child
      on child.n = i * 7 % 20000
    join (select id, borough_codes, row_number() over (order by md5(ref)) - 1 as n
          from app.place) as place
      on place.n = (i * 7919::bigint) % (select 1 + count(*) / 8 from app.place)
    """,
)
PARTS = 20
PART = text("""
    select count(*) from app.place
    where deleted_at is null and state not in ('CLOSED', 'DORMANT')
      and mod(abs(hashtext(ref)::bigint), :parts) = :part
      and app.children_at(id) between 1 and 2
""")


def rows(fast: bool) -> Iterator[dict[str, Any]]:
    n = 20_000 if fast else 200_000
    with crowd(n) as place:
        with_children(place)
        yield by_children(place, n)
        lead = f"{SESSION_COOKIE}={sign_in_as(place.db, 'cs_lead').cookie}"
        folder = London(place.settings, place.cluster, place.db)
        port = free_port()
        env = {
            "CONTEXTMAP_DATA_DIR": str(place.settings.data_dir),
            "CONTEXTMAP_DEMO": "0",
            "CONTEXTMAP_TILES_KEPT_MB": "0",
        }
        with serving(OURS, port, "/healthz", env) as pid:
            for what, path in PATHS.items():
                told = loaded_ms(
                    folder, pid, port, [path] * 4, 3, rounds=1, cookie=lead, connections=2
                )
                name = f"map: {what}, {n:,} places"
                yield row(name, told.pop("total_ms"), "ms CPU a request", **told)


def with_children(place: Crowd) -> None:
    with place.superuser() as admin:
        admin.execute("set session_replication_role = replica")
        for statement in CHILDREN:
            admin.execute(statement)
    with psycopg.connect(place.cluster.dsn("postgres"), autocommit=True) as admin:
        admin.execute("vacuum analyze app.child, app.child_place_link")


def by_children(place: Crowd, n: int) -> dict[str, Any]:
    """The same count both ways, in CPU of the backend that counts.

    Place by place takes longer than a person's claims hold: in parts, each with its own.
    """
    wanted = Filters(children="1-2", period="all")
    found, spent = asked(place, lambda session: queries.counts(session, wanted, PARTNERS).matches)
    parts = [
        asked(place, lambda session, part=part: session.execute(PART, part).scalar_one())
        for part in ({"part": k, "parts": PARTS} for k in range(PARTS))
    ]
    theirs, peer = (sum(one) for one in zip(*parts, strict=True))
    if found != theirs:
        raise AssertionError(f"not the same places: {found} and {theirs}")
    name = f"map: places by their linked children, {n:,} places"
    return row(name, spent, "ms CPU", "asked place by place", peer, places=found)


def asked(place: Crowd, ask: Callable[[Session], int]) -> tuple[int, float]:
    with place.db.read(sign_in_as(place.db, "cs_lead").actor) as session:
        pid = backend(session)
        before = process_cpu_ms(pid)
        return ask(session), process_cpu_ms(pid) - before
