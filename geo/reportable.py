"""Which clusters are patterns of two boroughs (R1), and which are not yet patterns at all."""

from collections.abc import Collection, Mapping, Sequence
from math import ceil


def spans(
    core_counts: Mapping[str, int],
    n_core: int,
    *,
    least: int,
    share: float,
    partners: Collection[str],
) -> bool:
    """R1: core incidents in two districts or more, each with its least number; one a partner.

    Examples
    --------
    >>> spans({"E1": 9, "E2": 2}, 11, least=2, share=0.10, partners=["E2"])
    True
    """
    number = needed(n_core, least=least, share=share)
    held = {code for code, n in core_counts.items() if n >= number}
    return len(held) >= 2 and (not partners or bool(held & set(partners)))


def needed(n_core: int, *, least: int, share: float) -> int:
    """Core incidents that each district must hold for R1.

    Examples
    --------
    >>> needed(14, least=2, share=0.10), needed(31, least=2, share=0.10)
    (2, 4)
    """
    return max(least, ceil(round(share * n_core, 9)))


def too_little(n: int, dates: int, min_incidents: int, min_dates: int) -> str | None:
    """One party night is not a pattern.

    Examples
    --------
    >>> too_little(9, 1, 5, 3)
    'Incidents on 1 of at least 3 dates: not yet a pattern.'
    """
    if n < min_incidents:
        return f"Fewer than {min_incidents} incidents."
    if dates < min_dates:
        return f"Incidents on {dates} of at least {min_dates} dates: not yet a pattern."
    return None


def casework(
    linked: Sequence[Collection[str]],
    agencies: int,
    *,
    min_children: int,
    min_agencies: int,
    others: Collection[str] = (),
) -> str | None:
    """Neither one child nor one noisy reporter is a context.

    `linked` are the children of each incident, `others` those linked to its places as such.

    Examples
    --------
    >>> casework([["c1"], ["c1"], []], 2, min_children=3, min_agencies=2)
    'One child is linked to more than half of the incidents: casework, not a context.'
    """
    sets = [set(children) for children in linked]
    everyone = set().union(*sets)
    if any(2 * sum(child in some for some in sets) > len(sets) for child in everyone):
        return "One child is linked to more than half of the incidents: casework, not a context."
    if len(everyone | set(others)) < min_children and agencies < min_agencies:
        return (
            f"Fewer than {min_children} children and fewer than {min_agencies} reporting agencies."
        )
    return None
