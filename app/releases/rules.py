"""Periods, states and words of releases. Pure."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from enum import StrEnum

from app.core.clock import LONDON
from app.core.errors import InvalidError
from app.core.working_days import after

CUT_AFTER = 10  # working days after the end of a period
PERIOD = "Write a period as 2026-Q3, 2026-H2 or 2026."
NOT_OVER = "This period can be counted from {day} on."
EXISTS = "There is a release of this period already."
ABSENT = "There is no such release."
NO_TABLE = "This release has no such table."
NOT_CHECKED = "Only a checked release is signed."
SIGNED = "Somebody with your role has signed already."
LEAD_FIRST = "A lead signs first."
SECOND = "A second person signs: you have signed already."
NOT_APPROVED = "Only an approved release is withdrawn."
REASON = "Enter a reason of 20 to 300 characters."
PARTS_FIRST = "Approve the releases of {missing} first: longer periods add up what they counted."
CHANGED = "Records have changed since the check. It was checked again; sign again."
BESIDE = (
    "Published first: {codes}. Beside that, some numbers of this release are shown otherwise. "
    "It was checked again; look at them and sign again."
)
NO_WARDS = "No ward boundaries are loaded, so there is no table by ward."
NOT_BY_WARD = "No incident of this period was counted by ward, so there is no table by ward."
LEFT_OUT = "{title}: this table is left out, so that no number can be worked out."
NOTE = "Small numbers are not shown exactly. Totals may not add up."
MERGED_NOTE = "& means that a group is counted together with another one."


class State(StrEnum):
    DRAFT = "DRAFT"
    CHECKED = "CHECKED"
    APPROVED = "APPROVED"
    WITHDRAWN = "WITHDRAWN"


STATES = {
    State.DRAFT: "Draft",
    State.CHECKED: "Checked",
    State.APPROVED: "Approved",
    State.WITHDRAWN: "Withdrawn",
}
TITLES = {
    "RQ1": "Incidents by borough and kind of harm",
    "RQ2": "Incidents by borough and kind of place",
    "RQ3": "Incidents by serious violence, both boroughs",
    "RQ4": "Reports by who reported, both boroughs",
    "RQ5": "Children with a link to harm, by home borough",
    "RQ6": "Missing episodes by borough and kind",
    "RQ7": "Incidents at named places",
    "RQ8": "Incidents that proactive policing discovered, by borough",
    "RQ9": "Late records of earlier periods, both boroughs",
    "RQ10": "Incidents in clusters across the border, and outside the partnership",
    "RH1": "Incidents by ward",
    "RH2": "Incidents by kind of harm and kind of place, both boroughs",
    "RH3": "Incidents by part of the day and type of day, both boroughs",
    "RH4": "Online spaces by platform, both boroughs",
    "RY1": "Incidents by merged wards and kind of harm",
    "RY2": "Incidents by borough and serious violence",
}
UNITS = {"RQ4": "reports", "RQ5": "children", "RQ6": "missing episodes", "RH4": "online spaces"}
GROUPS = {
    "ALL": "All",
    "HG_EXPLOIT": "Exploitation",
    "HG_VIOLENCE": "Violence",
    "HG_SEXUAL": "Sexual harm",
    "HG_ABSENCE": "Missing and absence",
    "HG_HEALTH_ENV": "Health and surroundings",
    "HG_ONLINE_OTHER": "Online and other",
    "PG_OPEN": "Parks and open space",
    "PG_CENTRE": "Streets, shops and night-time",
    "PG_TRANSPORT": "Stations and routes",
    "PG_COMMUNITY": "Schools and community buildings",
    "PG_HOMES": "Homes, hotels and placements",
    "PG_ONLINE": "Online",
    "PG_NONE": "No place recorded",
    "SV_DRUG": "Drug related violence",
    "SV_YOUTH": "Serious youth violence",
    "SV_KNIFE": "Knife crime",
    "SV_FIREARM": "Firearms related crime",
    "SV_NETWORKS": "Gangs and organised criminal networks",
    "SV_ROBBERY": "Robbery",
    "SV_NTE": "Night time economy and public disorder",
    "SV_THREAT": "Threats to life",
    "SV_EXPLOIT": "Criminal exploitation linked to gangs and county lines",
    "EDUCATION_REPORTER": "Education",
    "COUNCIL_HOUSING": "Council and housing",
    "BUSINESS_TRANSPORT": "Business and transport",
    "VOLUNTARY_FAITH": "Voluntary and faith",
    "PUBLIC": "Public: residents, parents, children, not said",
    "POLICE_HEALTH": "Police and health",
    "HOME": "From home",
    "CARE": "From care",
    "EDUCATION": "From education",
    "YES": "Proactive policing",
    "MORNING": "Morning, 06 to 08",
    "SCHOOL_RUN": "School run, 08 to 09",
    "DAYTIME": "Daytime, 09 to 15",
    "AFTER_SCHOOL": "After school, 15 to 18",
    "EVENING": "Evening, 18 to 22",
    "LATE": "Late records",
    "CROSS_BOROUGH": "In clusters across the border",
    "OUTSIDE": "Outside the partnership",
    "SCHOOL_DAY": "School day",
    "HOLIDAY": "School holiday",
    "WEEKEND": "Weekend",
    "TIME_UNKNOWN": "Time not known",
    "AFTER_DARK": "After dark",
    "NOT_AFTER_DARK": "Not after dark",
    "BOTH": "Both boroughs",
    "ELSEWHERE": "Elsewhere",
}
LATE_NIGHT = "Late, 22 to 06"
# In the order in which they are printed.
ORDER = {code: n for n, code in enumerate(GROUPS)}


@dataclass(frozen=True, slots=True)
class Window:
    """A calendar period, London time, half-open; `cut_at`: what is known by then counts."""

    period: str
    kind: str
    first: date
    end: date

    @property
    def start_at(self) -> datetime:
        return _midnight(self.first)

    @property
    def end_at(self) -> datetime:
        return _midnight(self.end)

    @property
    def cut_at(self) -> datetime:
        """The end of the tenth working day after it.

        >>> window("2026-Q3").cut_at.isoformat()
        '2026-10-14T23:00:00+00:00'
        """
        return _midnight(date.fromordinal(after(self.last, CUT_AFTER).toordinal() + 1))

    @property
    def last(self) -> date:
        return date.fromordinal(self.end.toordinal() - 1)

    @property
    def words(self) -> str:
        """As it is printed.

        >>> window("2026-Q3").words, window("2025").words
        ('July to September 2026', '2025')
        """
        if self.kind == "Y":
            return self.period
        return f"{self.first:%B} to {self.last:%B %Y}"

    @property
    def before(self) -> "Window":
        """The period of the same length before it.

        >>> window("2026-Q1").before.period, window("2026-H2").before.period
        ('2025-Q4', '2026-H1')
        """
        return _of_months(self.kind, self.last_months(-1))

    @property
    def year_before(self) -> "Window":
        """The same period of the year before.

        >>> window("2026-Q3").year_before.period
        '2025-Q3'
        """
        return _of_months(self.kind, self.first.year * 12 + self.first.month - 13)

    def last_months(self, periods: int) -> int:
        return self.first.year * 12 + self.first.month - 1 + periods * MONTHS[self.kind]


MONTHS = {"Q": 3, "H": 6, "Y": 12}


def parts(of: Window) -> tuple[str, ...]:
    """The periods whose releases stand before that of a longer one is counted.

    >>> parts(window("2026-H2")), parts(window("2026"))[-2:], parts(window("2026-Q1"))
    (('2026-Q3', '2026-Q4'), ('2026-H1', '2026-H2'), ())
    """
    shorter = {"Q": (), "H": ("Q",), "Y": ("Q", "H")}[of.kind]
    first = of.first.year * 12 + of.first.month - 1
    return tuple(
        _of_months(kind, months).period
        for kind in shorter
        for months in range(first, first + MONTHS[of.kind], MONTHS[kind])
    )


def window(period: str) -> Window:
    """Of a period; InvalidError for another form.

    >>> found = window("2026-Q3")
    >>> found.first.isoformat(), found.end.isoformat()
    ('2026-07-01', '2026-10-01')
    """
    year, _, part = period.partition("-")
    kind, number = (part[:1], part[1:]) if part else ("Y", "1")
    parts = 12 // MONTHS.get(kind, 12)
    known = kind in MONTHS and number.isdigit() and 1 <= int(number) <= parts
    if len(year) != 4 or not year.isdigit() or not known or (kind == "Y") != (part == ""):
        raise InvalidError(PERIOD, {"period": PERIOD})
    return _of_months(kind, int(year) * 12 + (int(number) - 1) * MONTHS[kind])


def day_before(end: datetime) -> date:
    """The last London day of what ends at this midnight.

    >>> day_before(window("2026-Q3").cut_at).isoformat()
    '2026-10-14'
    """
    return date.fromordinal(end.astimezone(LONDON).date().toordinal() - 1)


def _of_months(kind: str, months: int) -> Window:
    first = date(months // 12, months % 12 + 1, 1)
    until = months + MONTHS[kind]
    number = (first.month - 1) // MONTHS[kind] + 1
    period = f"{first.year}" if kind == "Y" else f"{first.year}-{kind}{number}"
    return Window(period, kind, first, date(until // 12, until % 12 + 1, 1))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, LONDON).astimezone(UTC)
