"""The peer of a thousand features: the same framework, rows as models, a response model over them.

The same properties of the same incidents as a plain table. No claims, no policies, nobody asked.
"""

import os
from datetime import datetime
from typing import Any, Literal

import psycopg
from fastapi import FastAPI
from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool
from pydantic import BaseModel

ASKED = """
    select ref, harm_code, occurred_from, occurred_to, time_precision, uncertainty_m, confidence,
           source_agency, discovered_by, borough_code as borough, place, state, is_synthetic,
           ST_X(geom) as lon, ST_Y(geom) as lat
    from peer.incident order by occurred_from desc, ref limit %s
"""


class Point(BaseModel):
    """In longitude and latitude."""

    type: Literal["Point"] = "Point"
    coordinates: tuple[float, float]


class Properties(BaseModel):
    """As the service tells them."""

    harm_code: str
    occurred_from: datetime
    occurred_to: datetime
    time_precision: str
    uncertainty_m: int | None
    confidence: str
    source_agency: str
    discovered_by: str
    borough: str | None
    place: str | None
    state: str
    is_synthetic: bool


class Feature(BaseModel):
    """One incident."""

    type: Literal["Feature"] = "Feature"
    id: str
    geometry: Point | None
    properties: Properties


class Features(BaseModel):
    """The answer."""

    type: Literal["FeatureCollection"] = "FeatureCollection"
    features: list[Feature]


def feature(row: dict[str, Any]) -> Feature:
    ref, lon, lat = row.pop("ref"), row.pop("lon"), row.pop("lat")
    at = None if lon is None else Point(coordinates=(lon, lat))
    return Feature(id=ref, geometry=at, properties=Properties(**row))


def app() -> FastAPI:
    pool = ConnectionPool[psycopg.Connection[Any]](
        os.environ["PLAIN_DSN"], min_size=5, max_size=5, open=True
    )
    made = FastAPI()

    @made.get("/healthz")
    def healthz() -> dict[str, str]:
        return {"status": "alive"}

    @made.get("/incidents")
    def incidents(limit: int = 1000) -> Features:
        with pool.connection() as connection:
            rows = connection.cursor(row_factory=dict_row).execute(ASKED, (limit,)).fetchall()
        return Features(features=[feature(row) for row in rows])

    return made
