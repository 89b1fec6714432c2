"""Why a release is refused, in words."""

from collections.abc import Sequence

from geo.disclosure.gate import Finding, GateResult
from geo.disclosure.lattice import TABLES

DISAGREE = (
    "Two tables contradict each other. Count again; if it stays so, tell those who look after "
    "this service."
)
OPPOSED = (
    "It contradicts {codes}. If that adds up what was withdrawn, withdraw it too; then count this "
    "release again."
)
UNKNOWN = (
    "The tables contradict what the organisation with most records knows of its own. Count again; "
    "if it stays so, tell those who look after this service."
)
FINEST = {"ward": "a ward", "place": "a kind of place"}


def refusal(result: GateResult, code: str, opposed: Sequence[str] = ()) -> str | None:
    """What stands in the way of a release; nothing where the gate passed.

    Parameters
    ----------
    result : GateResult
    code : str
        Of the release under check.
    opposed : sequence of str
        Releases that stand and say something else.

    Returns
    -------
    str or None
        The first printed cell that was found; where no printed one was, which finer numbers.
    """
    if result.passed:
        return None
    if not result.criteria["A5"]:
        return OPPOSED.format(codes=", ".join(opposed)) if opposed else DISAGREE
    if not result.findings:
        return UNKNOWN
    return _solved(result.findings, code)


def _solved(findings: Sequence[Finding], code: str) -> str:
    """Which numbers somebody would have, with this release in hand."""
    for finding in findings:
        if finding.what[0] in TABLES:
            table = f"Table {finding.what[0]}"
            if finding.release == code:
                return f"{table} of the {code} release could be solved."
            return f"{table} of {finding.release} could be solved with the {code} release."
    what = FINEST.get(findings[0].what[0], "a finer group")
    return f"Numbers of {what} that no table prints could be solved with the {code} release."
