"""Ids that mean something: equal input and parameters, equal id; a pattern keeps its lineage."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

JACCARD = 0.5

Sites = frozenset[str]


@dataclass(frozen=True, slots=True)
class Matches:
    """How the clusters of a run relate to the open lineages before it."""

    continues: dict[str, str]  # new -> old
    splits: dict[str, str]  # new -> the old it was part of, with a lineage of its own now
    merges: dict[str, str]  # old, now closed -> new
    fresh: list[str]  # new
    gone: list[str]  # old, with no successor in this run


def params_hash(params: Mapping[str, Any]) -> str:
    """SHA-256 of the canonical JSON: sorted keys, no spaces, UTF-8.

    Examples
    --------
    >>> params_hash({"b": 1, "a": 2}) == params_hash({"a": 2, "b": 1})
    True
    """
    return hashlib.sha256(canonical_json(params).encode()).hexdigest()


def canonical_json(params: Mapping[str, Any]) -> str:
    """One text for equal content: sorted keys, no spaces, letters as they are.

    Examples
    --------
    >>> canonical_json({"b": [1.0, "é"], "a": None})
    '{"a":null,"b":[1.0,"é"]}'
    """
    return json.dumps(dict(params), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def content_id(params: str, core_ids: Iterable[str]) -> str:
    """Ten hexadecimal digits from the parameters' hash and the sorted ids of the core incidents.

    Examples
    --------
    >>> content_id("p", ["b", "a"]) == content_id("p", ["a", "b"])
    True
    """
    return hashlib.sha256("|".join([params, *sorted(core_ids)]).encode()).hexdigest()[:10]


def match(
    old: Mapping[str, Sites], new: Mapping[str, Sites], *, jaccard: float = JACCARD
) -> Matches:
    """Carry lineages over by the sites that clusters share.

    Parameters
    ----------
    old : mapping of lineage id to its site ids
        Open lineages. Ids must sort by age: older, then lower.
    new : mapping of content id to its site ids
    jaccard : float
        Shared sites over all sites, from which a cluster continues a lineage.

    Returns
    -------
    Matches
        (1) Greedy by (Jaccard descending, old id, new id): continues. (2) Of the other new
        clusters with at least half of their sites in an old one, the one sharing most continues
        it where nothing else does; the rest split from it. (3) An unmatched old one with at
        least half of its sites in a new cluster: merged into it, and the oldest such gives a
        cluster without lineage its own. (4) The rest is fresh or gone.

    Examples
    --------
    >>> old = {"L1": frozenset("abcd")}
    >>> match(old, {"n1": frozenset("ab"), "n2": frozenset("c")}).splits
    {'n2': 'L1'}
    """
    continues = _continued(old, new, jaccard)
    splits = _split(old, new, continues)
    merges = _merged(old, new, continues, splits)
    used = set(continues.values())
    return Matches(
        continues=continues,
        splits=splits,
        merges=merges,
        fresh=sorted(n for n in new if n not in continues and n not in splits),
        gone=sorted(o for o in old if o not in used and o not in merges),
    )


def _continued(
    old: Mapping[str, Sites], new: Mapping[str, Sites], jaccard: float
) -> dict[str, str]:
    scored = sorted(
        (-shared / len(old[o] | new[n]), o, n)
        for (o, n), shared in _overlaps(old, new).items()
        if shared / len(old[o] | new[n]) >= jaccard
    )
    continues: dict[str, str] = {}
    taken: set[str] = set()
    for _, o, n in scored:
        if o not in taken and n not in continues:
            continues[n] = o
            taken.add(o)
    return continues


def _split(
    old: Mapping[str, Sites], new: Mapping[str, Sites], continues: dict[str, str]
) -> dict[str, str]:
    """Parts of an old cluster; adds the largest part to `continues`."""
    taken = set(continues.values())
    parts: dict[str, list[tuple[int, str]]] = {}
    chosen: dict[str, tuple[int, str]] = {}
    for (o, n), shared in sorted(_overlaps(old, new).items()):
        if n in continues or 2 * shared < len(new[n]):
            continue
        best = chosen.get(n)
        if best is None or -shared < best[0]:
            chosen[n] = (-shared, o)
    for n, (negative, o) in chosen.items():
        parts.setdefault(o, []).append((negative, n))
    splits: dict[str, str] = {}
    for o, found in parts.items():
        ranked = sorted(found)
        if o not in taken:
            continues[ranked[0][1]] = o
            ranked = ranked[1:]
        splits.update({n: o for _, n in ranked})
    return splits


def _merged(
    old: Mapping[str, Sites],
    new: Mapping[str, Sites],
    continues: dict[str, str],
    splits: Mapping[str, str],
) -> dict[str, str]:
    """Old clusters that went into a new one; adds the oldest to `continues` where it has none."""
    taken = set(continues.values())
    merges: dict[str, str] = {}
    for (o, n), shared in sorted(_overlaps(old, new).items()):
        if o in taken or 2 * shared < len(old[o]):
            continue
        if n not in continues and n not in splits:
            continues[n] = o
            taken.add(o)
        else:
            merges.setdefault(o, n)
    return merges


def _overlaps(old: Mapping[str, Sites], new: Mapping[str, Sites]) -> dict[tuple[str, str], int]:
    """Shared sites of each pair that shares any; linear in the sites, not in the pairs."""
    holders: dict[str, list[str]] = {}
    for o, sites in old.items():
        for site in sites:
            holders.setdefault(site, []).append(o)
    shared: dict[tuple[str, str], int] = {}
    for n, sites in new.items():
        for site in sites:
            for o in holders.get(site, ()):
                shared[o, n] = shared.get((o, n), 0) + 1
    return shared
