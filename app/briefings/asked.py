"""What a report asks the records for, and how exact numbers of work are put into a table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.briefings import words
from app.briefings.models import Json
from app.core.clock import london
from app.core.partnership import Partnership
from app.releases.rules import Window

STATES = {
    "SCREENED": "Screened",
    "IDENTIFIED": "Identified",
    "ASSESSING": "Being assessed",
    "ASSESSED": "Assessed",
    "CONFERENCE": "Conference",
    "PLAN_ACTIVE": "Plan active",
    "MONITORING": "Monitoring",
    "DORMANT": "Dormant",
    "CLOSED": "Closed",
}
EXACT = (
    "Numbers of work with places are exact. Homes and places that may not be named are left out."
)


@dataclass(frozen=True, slots=True)
class Known:
    """What the partnership says of itself: children of each borough, and who should report."""

    residents: Mapping[str, int] = field(default_factory=dict)
    residents_source: str = ""
    expected: tuple[str, ...] = ()

    @classmethod
    def of(cls, told: Partnership) -> "Known":
        counted = {one.code: one.residents_10_17 for one in told.borough if one.residents_10_17}
        whole = counted if len(counted) == len(told.borough) else {}
        return cls(whole, told.residents_source or "", told.expected_to_report)


@dataclass(frozen=True, slots=True)
class Asked:
    """The window, the boroughs and their names, the release of the quarter."""

    window: Window
    partners: tuple[str, ...]
    boroughs: Mapping[str, str]
    release: str = ""
    agencies: Mapping[str, str] = field(default_factory=dict)
    districts: Mapping[str, str] = field(default_factory=dict)
    known: Known = field(default_factory=Known)

    @property
    def values(self) -> dict[str, Any]:
        window = self.window
        return {
            "from": window.start_at,
            "to": window.end_at,
            "first": window.first,
            "end": window.end,
            "cut": window.cut_at,
            "cut_day": london(window.cut_at).date(),
            "year_ago": window.year_before.end_at,
            "partners": list(self.partners),
            "release": self.release,
        }

    def agency(self, code: str) -> str:
        """The printed name of an organisation."""
        return self.agencies.get(code, code.replace("_", " ").capitalize())

    def where(self, codes: Sequence[str]) -> str:
        """Boroughs of a place, ours first."""
        ours = [name for code, name in self.boroughs.items() if code in codes]
        others = sorted(self.districts.get(one, "elsewhere") for one in codes
                        if one not in self.boroughs)  # fmt: skip
        return " and ".join([*ours, *dict.fromkeys(others)])


def block(id_: str, title: str, columns: Sequence[str], rows: Sequence[Any], **more: Any) -> Json:  # noqa: ANN401 - JSON
    """A table of exact numbers."""
    made = {"kind": "table", "id": id_, "source": "PROCESS", "title": title, "note": EXACT}
    return made | {"columns": list(columns), "rows": [list(row) for row in rows]} | more


def exact_share(part: int, whole: int) -> str:
    """Of work, which is counted exactly; from eight on.

    >>> exact_share(3, 12), exact_share(3, 7)
    ('25%', 'fewer than 8, not shown')
    """
    return words.FEW if whole < words.LEAST else f"{round(100 * part / whole)}%"
