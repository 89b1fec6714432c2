"""The hot spots of a run, put to the test of chance."""

from collections.abc import Sequence

import numpy as np

from geo.crossborough import Events, HotSpot, Params
from geo.density import Pairs
from geo.evidence import emerging
from geo.evidence.cube import cube
from geo.evidence.emerging import Core, Emerging, Spread

ANY_TIME = "Without a limit of days there is no when to be tested."


def emerging_of(
    events: Events,
    spots: Sequence[HotSpot],
    params: Params,
    *,
    neighbours: Pairs | None,
    key: str,
    replicates: int,
    spread: Spread = map,
) -> list[Emerging]:
    """Emerging evidence of each hot spot of a run.

    Parameters
    ----------
    events, params, neighbours
        As given to `geo.crossborough.run`.
    spots : sequence of HotSpot
        What it found.
    key, replicates, spread
        As for `geo.evidence.emerging.against_chance`.

    Returns
    -------
    list of Emerging
        In the order of `spots`.

    Examples
    --------
    >>> from geo.boundaries import Lads
    >>> from geo.crossborough import run
    >>> none = np.zeros(6, int)
    >>> at = np.tile([518000.0, 169000.0], (6, 1))
    >>> given = Events(np.arange(6), none, at, np.arange(6), none + 1, none - 1, none == 0)
    >>> spots = run(given, Lads((), np.empty(0, object)), Params(), snapshot_day=9).hot_spots
    >>> emerging_of(given, spots, Params(), neighbours=None, key="k", replicates=99)[0].status
    'not enough data'
    """
    if params.eps_days is None:
        return [Emerging("not tested", ANY_TIME) for _ in spots]
    made, of = cube(
        events.site,
        events.xy_m,
        events.day,
        events.weight,
        events.may_be_core,
        neighbours=neighbours,
        eps_m=params.eps_m,
        eps_days=params.eps_days,
        min_points=params.min_points,
    )
    column = np.searchsorted(made.days, events.day)
    rows = [spot.members[spot.core] for spot in spots]
    cores = [Core(of[at], column[at], events.weight[at]) for at in rows]
    least = (params.min_incidents, params.min_dates)
    return emerging.against_chance(
        made, cores, key=key, replicates=replicates, least=least, spread=spread
    )
