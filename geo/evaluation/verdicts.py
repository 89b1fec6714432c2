"""What a comparison of counts says, in words. Never "no effect", "worked" or "failed"."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from geo.evaluation.difference import Difference, Wdd
from geo.evaluation.noise import smallest_detectable_change

FEW = 20


class Verdict(StrEnum):
    WITHHELD_FEW = "WITHHELD_FEW"
    WITHHELD_DESIGN = "WITHHELD_DESIGN"
    FELL = "FELL"
    ROSE = "ROSE"
    UNCLEAR = "UNCLEAR"


@dataclass(frozen=True, slots=True)
class Said:
    """A verdict; `words` with numbers, `plain` without, for those who may not read small counts."""

    verdict: Verdict
    words: str
    plain: str


def verdict(found: Wdd, *, withheld: str | None = None) -> Said:
    """Say what a weighted displacement difference says.

    Parameters
    ----------
    found : Wdd
    withheld : str, optional
        What is wrong with the design, as a clause: "the boundary changed".

    Returns
    -------
    Said

    Examples
    --------
    >>> from geo.evaluation.difference import wdd
    >>> verdict(wdd((308, 318), (207, 110))).words
    'Fewer than expected: about 107 fewer (95% range 47 to 167), allowing for control area.'
    """
    return _said(found.total, found, _allowing(found), withheld)


NOTHING_NEARBY = "Nearby streets: no incident was recorded there, before or after."


def displacement(found: Wdd, *, withheld: str | None = None) -> Said | None:
    """Say the same of nearby streets alone: whether harm moved there, or the gain spread.

    Parameters
    ----------
    found : Wdd
    withheld : str, optional
        As for `verdict`.

    Returns
    -------
    Said or None
        None when no rings were counted. "Fewer" here is a gain that spread.

    Examples
    --------
    >>> from geo.evaluation.difference import wdd
    >>> displacement(wdd((308, 318), (207, 110), (150, 140), (178, 157))).plain
    'Nearby streets: the change could be chance.'
    >>> displacement(wdd((308, 318), (207, 110), (0, 0), (0, 0))).plain
    'Nearby streets: no incident was recorded there, before or after.'
    """
    if found.displacement is None:
        return None
    if found.displacement.se == 0 and withheld is None:
        return Said(Verdict.WITHHELD_FEW, NOTHING_NEARBY, NOTHING_NEARBY)
    said = _said(found.displacement, found, "allowing for streets near the control area", withheld)
    return Said(said.verdict, *(f"Nearby streets: {_lower(w)}" for w in (said.words, said.plain)))


def planning_words(before: float, found: Wdd) -> str:
    """What could be seen at all, said before the plan starts.

    Parameters
    ----------
    before : float
        Incidents in the treated area in one window.
    found : Wdd
        Of the counts that are expected if nothing changes.

    Returns
    -------
    str

    Examples
    --------
    >>> from geo.evaluation.difference import wdd
    >>> planning_words(60, wdd((60, 60), (60, 60)))
    'With about 60 incidents a window, only a change of about 43 could be seen.'
    >>> planning_words(10, wdd((10, 10), (10, 10)))
    "Counts cannot show change here. Use children's and guardians' measures."
    """
    least = found.smallest_detectable
    if least > before:
        return "Counts cannot show change here. Use children's and guardians' measures."
    return (
        f"With about {_whole(before)} incidents a window, only a change of about {_whole(least)} "
        "could be seen."
    )


def _said(one: Difference, found: Wdd, allowing: str, withheld: str | None) -> Said:
    if withheld is not None:
        words = f"Not evaluated: {withheld.rstrip('.')}."
        return Said(Verdict.WITHHELD_DESIGN, words, words)
    if found.n < FEW:
        words = "Too few incidents to say (fewer than 20 in all)."
        return Said(Verdict.WITHHELD_FEW, words, "Too few incidents to say.")
    share = f"{found.level:.0%} range"
    if one.high < 0:
        words = f"{_about('Fewer', one, share)}, {allowing}."
        return Said(Verdict.FELL, words, f"Fewer than expected, {allowing}.")
    if one.low > 0:
        check = "Check recording and trust first."
        words = f"{_about('More', one, share)}. {check}"
        return Said(Verdict.ROSE, words, f"More than expected, {allowing}. {check}")
    return Said(
        Verdict.UNCLEAR,
        f"The change ({_whole(one.est)}; {_whole(one.low)} to {_whole(one.high)}) could be chance. "
        f"Changes smaller than about {_whole(smallest_detectable_change(one.se))} could not have "
        "been seen.",
        "The change could be chance.",
    )


def _about(more: str, one: Difference, share: str) -> str:
    low, high = sorted((abs(one.low), abs(one.high)))
    return (
        f"{more} than expected: about {_whole(abs(one.est))} {more.lower()} "
        f"({share} {_whole(low)} to {_whole(high)})"
    )


def _allowing(found: Wdd) -> str:
    near = "" if found.displacement is None else " and nearby streets"
    return f"allowing for control area{near}"


def _lower(words: str) -> str:
    return words[0].lower() + words[1:]


def _whole(x: float) -> int:
    return int(np.floor(x + 0.5))
