"""What a review says of a goal, what it may decide, and what closing as safer needs. Pure."""

from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

from app.core import working_days
from app.core.errors import RuleBrokenError

ROUNDS = {"M3": 3, "M6": 6, "M12": 12}  # months after the plan became active
OVERDUE_DAYS = 20  # working days
SERIOUS, WITHIN_DAYS = 4, 90


class Result(StrEnum):
    """Of one goal."""

    MET = "MET"
    PARTLY = "PARTLY"
    NOT_MET = "NOT_MET"
    NOT_MEASURED = "NOT_MEASURED"


RESULT_WORDS = {
    Result.MET: "Met",
    Result.PARTLY: "Partly met",
    Result.NOT_MET: "Not met",
    Result.NOT_MEASURED: "Not measured",
}
DECISIONS = {
    "CONTINUE": "Go on as planned",
    "CHANGE_PLAN": "Change the plan",
    "STEP_DOWN": "Step down",
    "STEP_UP": "Step up",
    "CLOSE_SAFER": "Close: safer",
    "CLOSE_OTHER": "Close for another reason",
}
MORE_WORK = frozenset({"CONTINUE", "CHANGE_PLAN", "STEP_UP"})
DISPLACEMENT = {
    "NONE_SEEN": "None seen",
    "SEEN": "Seen",
    "NOT_CHECKED": "Not checked",
}
# Of weighted displacement differences; the sentences with numbers are in geo.evaluation.verdicts.
VERDICTS = {
    "FELL": "Fewer than expected",
    "ROSE": "More than expected",
    "UNCLEAR": "The change could be chance",
    "WITHHELD_FEW": "Too few incidents to say",
    "WITHHELD_DESIGN": "Not evaluated",
}
NOT_SAFER = "This place cannot be closed as safer: {}."
NOT_ASKED = NOT_SAFER.format("children have not been asked again")
NOT_CHECKED = NOT_SAFER.format("displacement was not checked")


@dataclass(frozen=True, slots=True)
class Measured:
    """One measure of change: where it was, is, and should be. `now` is None until measured."""

    baseline: Decimal
    target: Decimal
    now: Decimal | None
    up: bool

    @property
    def reached(self) -> bool:
        if self.now is None:
            return False
        return self.now >= self.target if self.up else self.now <= self.target

    @property
    def half_way(self) -> bool:
        """Moved at least half of the way from the baseline to the target."""
        if self.now is None:
            return False
        gone = self.now - self.baseline if self.up else self.baseline - self.now
        way = self.target - self.baseline if self.up else self.baseline - self.target
        return gone > 0 and 2 * gone >= way


def result(measures: Sequence[Measured]) -> Result:
    """Of the change measures of one goal: effort never counts."""
    if all(measure.now is None for measure in measures):
        return Result.NOT_MEASURED
    if all(measure.reached for measure in measures):
        return Result.MET
    if any(measure.reached or measure.half_way for measure in measures):
        return Result.PARTLY
    return Result.NOT_MET


@dataclass(frozen=True, slots=True)
class Known:
    """Everything that closing as safer asks."""

    goals_met: int = 0  # with a measure of change
    voice_again: bool = False  # children were asked again, by a method held for this review
    no_voice_reason: str | None = None
    displacement: str = "NOT_CHECKED"
    serious_incidents: int = 0  # of severity 4 or 5, in the last 90 days
    worse_domains: Sequence[str] = ()
    has_second_person: bool = False


def closes_safer(known: Known) -> list[str]:
    """What is missing before the second person agrees; that one stands in `second_person`."""
    pairs = (
        (known.goals_met < 1, NOT_SAFER.format("no goal of change is met")),
        (not known.voice_again and not known.no_voice_reason, NOT_ASKED),
        (known.displacement == "NOT_CHECKED", NOT_CHECKED),
        (
            known.serious_incidents > 0,
            NOT_SAFER.format("a serious incident happened in the last 90 days"),
        ),
        (
            bool(known.worse_domains),
            NOT_SAFER.format(f"worse than before: {', '.join(known.worse_domains)}"),
        ),
    )
    return [words for missing, words in pairs if missing]


def second_person(known: Known) -> list[str]:
    return [] if known.has_second_person else [NOT_SAFER.format("a second person has not agreed")]


def must_close_safer(known: Known) -> None:
    """Raises RuleBrokenError with everything that is missing."""
    if found := closes_safer(known):
        raise RuleBrokenError(" ".join(found))


def is_serious(severity: int, happened_on: date, today: date) -> bool:
    return severity >= SERIOUS and today - happened_on <= timedelta(days=WITHIN_DAYS)


def due_on(active_on: date, round_code: str) -> date:
    """So many months later; the last day of a month that is shorter.

    >>> due_on(date(2026, 11, 30), "M3")
    datetime.date(2027, 2, 28)
    """
    months = active_on.month - 1 + ROUNDS[round_code]
    year, month = active_on.year + months // 12, months % 12 + 1
    return date(year, month, min(active_on.day, monthrange(year, month)[1]))


def is_long_overdue(due: date, today: date) -> bool:
    """By 20 working days: it stands in the quarterly briefing."""
    return working_days.between(due, today) >= OVERDUE_DAYS


def worse(changes: Mapping[str, str]) -> list[str]:
    """The domains that became worse, by their names."""
    return [name for name, change in changes.items() if change == "Worse"]
