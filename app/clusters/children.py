"""Which children are linked to which incidents and places, as numbers that stay in the job."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

import numpy as np

from app.clusters.rules import Settings
from app.clusters.study import Children, epoch_day
from app.core.bulk import Array, Cursor
from geo.links import ChildLinks, FlowParams

LINKS = (Path(__file__).parent / "child_links.sql").read_bytes()
ONLINE = "select id::text from app.place where sensitivity = 'ONLINE' and id::text = any (%s)"


class Linked(NamedTuple):
    """One row of child_links.sql."""

    child: str
    role: str
    incident_id: str | None
    place_id: str | None
    first_on: date
    last_on: date
    lad: str
    home: str


def read(
    cursor: Cursor,
    settings: Settings,
    rows: Mapping[str, int],
    names: Sequence[str],
    site: Array,
) -> Children:
    """Links of the last two years.

    `rows` is the row of each incident of the study, `names` its sites by number, `site` the site
    of each row. The numbers of children follow the order of their ids and mean nothing else.
    """
    since = settings.last_on - timedelta(days=FlowParams().baseline_days - 1)
    found = [
        Linked(*row)
        for row in cursor.execute(LINKS, {"since": since, "snapshot": settings.last_on})
    ]
    known = set(names)
    others = sorted({one.place_id for one in found if one.place_id} - known)
    sites = [*names, *others]
    number = {name: k for k, name in enumerate(sites)}
    event = np.array([rows.get(one.incident_id or "", -1) for one in found], dtype=np.int64)
    placed = np.array([number.get(one.place_id or "", -1) for one in found], dtype=np.int64)
    inside = event >= 0
    placed[inside] = site[event[inside]]
    tokens = np.array([one.child for one in found], dtype=str)
    last = [min(one.last_on, settings.last_on) for one in found]
    links = ChildLinks(
        child=np.unique(tokens, return_inverse=True)[1].ravel().astype(np.int64),
        role=np.array([one.role for one in found], dtype=str),
        event=event,
        site=placed,
        first_day=np.array([epoch_day(one.first_on) for one in found], dtype=np.int64),
        last_day=np.array([epoch_day(day) for day in last], dtype=np.int64),
        lad=np.array([one.lad for one in found], dtype=str),
        home=np.array([one.home for one in found], dtype=str),
    )
    online = cursor.execute(ONLINE, (sites,)).fetchall()
    return Children(links, sites, frozenset(name for (name,) in online))
