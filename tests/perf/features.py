"""A thousand features as GeoJSON beside two peers: a server of tables, and a response model."""

from collections.abc import Iterator
from typing import Any

from tests.perf.london import London
from tests.perf.measure import row
from tests.perf.served import ours_ms, plain_ms, tipg_ms


def features_rows(place: London, runs: int) -> Iterator[dict[str, Any]]:
    """P9: 1,000 incidents as GeoJSON, beside the same rows as a plain table, by two peers."""
    with place.admin() as admin:
        admin.execute("""
            create table peer.incident as
            select row_number() over () as id, i.ref, i.harm_code, i.occurred_from, i.occurred_to,
                   i.time_precision, i.uncertainty_m, i.confidence, i.source_agency,
                   i.discovered_by, i.borough_code, place.ref as place, i.state, i.is_synthetic,
                   ST_Transform(coalesce(i.geom, ST_PointOnSurface(place.geom)), 4326) as geom
            from app.incident as i left join app.place on place.id = i.place_id
            where i.deleted_at is null and i.state <> 'WITHDRAWN'
        """)
        admin.execute("alter table peer.incident add primary key (id)")
        admin.execute("create index on peer.incident (occurred_from desc, ref)")
        admin.execute("vacuum analyze peer.incident")
    found = ours_ms(place, ["/api/v1/incidents?limit=1000"] * 10, runs)
    ours = found.pop("total_ms")
    peers = {
        "tipg items, no row-level security": tipg_ms(
            place, ["/collections/peer.incident/items?limit=1000"] * 12, runs
        ),
        "response_model, no row-level security": plain_ms(
            place, ["/incidents?limit=1000"] * 24, runs
        ),
    }
    for name, peer in peers.items():
        more = {f"peer_{k}": peer[k] for k in ("app_ms", "database_ms", "kb")}
        yield row(
            "P9 1,000 features as GeoJSON",
            ours,
            "CPU ms, application and PostgreSQL",
            name,
            peer["total_ms"],
            **found,
            **more,
        )
