"""The 27 questions of an assessment, as data/lookups/indicator.csv has them."""

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FILE = Path(__file__).resolve().parents[2] / "data" / "lookups" / "indicator.csv"
DOMAINS = {
    1: "Children's strengths and needs here, as a group",
    2: "Guardianship: adults and peers with caring intention and the power to help",
    3: "Environment, resources, policy and the wider system",
}


@dataclass(frozen=True, slots=True)
class Indicator:
    """One question; what 0 (strong protection) and 4 (serious concern) look like."""

    code: str
    domain: int
    question: str
    low: str
    high: str


@cache
def indicators(*, online: bool = False) -> tuple[Indicator, ...]:
    """All of them, in order; some are asked in other words of an online space.

    >>> [one.code for one in indicators()][:2]
    ['D1_USE', 'D1_ABSENT']
    """
    with FILE.open(newline="", encoding="utf-8") as lines:
        return tuple(
            Indicator(
                code=row["code"],
                domain=int(row["domain"]),
                question=(online and row["online_question"]) or row["question"],
                low=row["low"],
                high=row["high"],
            )
            for row in csv.DictReader(lines)
        )


CODES = tuple(one.code for one in indicators())
