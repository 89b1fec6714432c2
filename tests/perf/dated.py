"""Real police events with real dates: stop and searches, and burglaries (the day is drawn)."""

import csv
import gzip
from math import ceil

import numpy as np

from tests.perf.data import POLICE

TWO_BOROUGHS = ("burglary_kingston*.csv.gz", "stop_and_search_kingston*.csv.gz")
ALL = ("burglary*.csv.gz", "stop_and_search*.csv.gz")
APART_M = 40_000  # further than the boroughs reach


def published(patterns: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Longitude and latitude, and day, of every row that has a place."""
    places, dates = [], []
    for path in sorted(path for pattern in patterns for path in POLICE.glob(pattern)):
        with gzip.open(path, "rt") as lines:
            for row in csv.DictReader(lines):
                if row["Longitude"]:
                    places.append((float(row["Longitude"]), float(row["Latitude"])))
                    dates.append((row.get("Date") or row["Month"])[:10])
    month = np.array([date[:7] for date in dates], dtype="datetime64[M]")
    first = month.astype("datetime64[D]")
    length = ((month + 1).astype("datetime64[D]") - first).astype(int)
    drawn = first + np.random.default_rng(1).integers(0, length)
    whole = np.array([len(date) == 10 for date in dates])
    drawn[whole] = np.array([date for date in dates if len(date) == 10], dtype="datetime64[D]")
    return np.array(places), drawn.astype(int)


def last(
    n: int, patterns: tuple[str, ...] = ALL, *, copies: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """The last `n` events in British National Grid metres; copies lie beside each other.

    Copies stand for the rest of London, whose events are not in the files: density and dates stay
    those of the publication.
    """
    from geo import crs

    lonlat, day = published(patterns)
    latest = np.argsort(day, kind="stable")[-ceil(n / copies) :]
    xy = crs.to_bng(lonlat[latest])
    moved = np.concatenate([xy + np.array([APART_M * k, 0]) for k in range(copies)])
    return np.ascontiguousarray(moved[:n]), np.tile(day[latest], copies)[:n]
