"""Where children who were harmed live: distinct children by home and by district; not stored.

Exact for a lead or an analyst who is named, and then under that name in the audit. Whoever else has
a terminal of the host gets what a partner may read: the number rule, over whole quarters.
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from app.accounts.requesters import only_person, requester
from app.audit import service as audit
from app.clusters import flow_cells, queries, rules
from app.clusters.rules import Settings, Source
from app.clusters.schemas import RunIn
from app.clusters.service import JOB, Progress
from app.core import clock
from app.core.actor import Actor
from app.core.bulk import Array
from app.core.db import Database
from app.core.errors import InvalidError
from geo import flows
from geo.disclosure import Shown
from geo.hotspots.cells import MORE

HARMED = (Path(__file__).parent / "harmed_children.sql").read_bytes()
COUNTING = "child_place_link.count"
ELSEWHERE = "elsewhere"  # districts of harm outside the partnership
NO_CHILDREN = "Published police data know no children. Choose partnership."
NOT_OVER = "Only quarters that are over are counted. Choose an earlier period."
LEAST_Q = 0.001  # that is printed
NOTES = (
    "Small numbers are not shown exactly. Totals may not add up.",
    "Whole quarters that are over were counted. With --user a lead or an analyst sees all.",
)

Figures = dict[str, Any]  # as JSON


@dataclass(frozen=True, slots=True)
class Reading:
    """What is asked, and by whom; nobody named: small numbers are a band."""

    settings: Settings
    person: Actor | None


def asked(db: Database, wanted: RunIn, partners: tuple[str, ...], user: str | None) -> Reading:
    """Of partnership records alone: police data know no children. Leaves a trace."""
    if wanted.source == "police":
        raise InvalidError(NO_CHILDREN, {"source": NO_CHILDREN})
    person = None if user is None else requester(db, only_person(db, user, COUNTING), COUNTING)
    settings = wanted.settings(Source.PARTNERSHIP, None, partners, clock.today())
    if person is None:
        settings = rules.whole_quarters(settings, clock.today())
        if settings.first_on > settings.last_on:
            raise InvalidError(NOT_OVER, {"--from": NOT_OVER})
    with db.begin(person or JOB) as session:
        audit.record(
            session,
            "flows.run",
            "flows",
            None,
            source=settings.source,
            exact=person is not None,
            first_on=str(settings.first_on),
            last_on=str(settings.last_on),
        )
    return Reading(settings, person)


def run(db: Database, reading: Reading, tell: Progress) -> Figures:
    """Every home district beside every district of harm; the same lines whoever was counted."""
    tell(0, 2, "Reading links of children")
    settings = reading.settings
    homes = [*settings.partners, flows.OTHER_LONDON, flows.OUTSIDE_LONDON]
    places = [*settings.partners, ELSEWHERE]
    with db.read(JOB) as session:
        names = queries.borough_names(session)
    counts, totals, unknown = _counted(_read(db, settings), homes, places)
    tell(1, 2, "Comparing with what the margins explain")
    exact = reading.person is not None
    told = (flow_cells.exact if exact else flow_cells.banded)(counts, totals, unknown)
    tell(2, 2, "Done")
    return {
        "source": str(settings.source),
        "from": settings.first_on.isoformat(),
        "to": settings.last_on.isoformat(),
        "exact": exact,
        "status": told.status,
        "reason": told.reason,
        "homes": [{"home": h} | _told(told.totals[i]) for i, h in enumerate(homes)],
        "unknown": _told(told.unknown),
        "cells": [
            {"home": h, "place": p} | _told(told.cells[i][j]) | told.facts[i][j]
            for i, h in enumerate(homes)
            for j, p in enumerate(places)
        ],
        "names": {code: names.get(code, code) for code in settings.partners},
    }


def in_words(figures: Figures) -> list[str]:
    """What a terminal shows: the table, what stands out, what was left out."""
    period = rules.period_in_words(*map(date.fromisoformat, (figures["from"], figures["to"])))
    lines = [
        f"{figures['source']}, {period}: children harmed, by home (down) and district of harm."
    ]
    lines += _table(figures)
    if figures["reason"]:
        lines.append(figures["reason"])
    lines += [_found(figures, cell) for cell in figures["cells"] if cell["word"] == MORE]
    lines.append(f"Home or district of harm not known: {figures['unknown']['shown']}.")
    return lines if figures["exact"] else [*lines, *NOTES]


def _read(db: Database, settings: Settings) -> list[tuple[int, str, str]]:
    """A number of a child, the home, the district of harm, as they are told."""
    with db.cursor(JOB) as cursor:
        given = {"first_on": settings.first_on, "last_on": settings.last_on}
        found = cursor.execute(HARMED, given).fetchall()
    homes = flows.grouped_homes([row[1] for row in found], settings.partners).tolist()
    kept = {"", *settings.partners}
    return [
        (child, home, lad if lad in kept else ELSEWHERE)
        for (child, _, lad), home in zip(found, homes, strict=True)
    ]


def _counted(
    found: list[tuple[int, str, str]], homes: list[str], places: list[str]
) -> tuple[Array, list[int], int]:
    """Children in each cell, of each home with a known district of harm, and in neither."""
    child, home, place = zip(*found, strict=True) if found else ((), (), ())
    table = flows.flow_table(child, np.array(home, dtype=str), np.array(place, dtype=str))
    counts = np.zeros((len(homes), len(places)), dtype=np.int64)
    at = np.ix_([homes.index(h) for h in table.homes], [places.index(p) for p in table.places])
    counts[at] = table.observed
    known = {(h, c) for c, h, p in found if h and p}
    return counts, [sum(h == each for h, _ in known) for each in homes], table.unknown


def _told(count: Shown) -> Figures:
    return {"shown": count.text, "low": count.low, "high": count.high}


def _table(figures: Figures) -> list[str]:
    names = figures["names"]
    places = list(dict.fromkeys(cell["place"] for cell in figures["cells"]))
    rows = [["", *(names.get(place, place) for place in places), "in all"]]
    for line in figures["homes"]:
        cells = [c["shown"] for c in figures["cells"] if c["home"] == line["home"]]
        rows.append([names.get(line["home"], line["home"]), *cells, line["shown"]])
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    return [
        "  ".join(
            [
                row[0].ljust(widths[0]),
                *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True)),
            ]
        )
        for row in rows
    ]


def _found(figures: Figures, cell: Figures) -> str:
    names = figures["names"]
    home, place = (names.get(cell[key], cell[key]) for key in ("home", "place"))
    said = f"More than the sizes of both explain: home {home}, harmed in {place}: {cell['shown']}"
    if not figures["exact"]:
        return f"{said}."
    sure = "q below 0.001" if cell["q"] < LEAST_Q else f"q {cell['q']:.3f}"
    return f"{said} children, {cell['expected']:.1f} expected, {sure}."
