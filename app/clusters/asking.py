"""The run dialogue: what each role may set, what it means, and what is wrong with it. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from app.clusters import rules
from app.clusters.models import ClusterRun
from app.clusters.schemas import RunIn

DEFAULTS = {
    "source": "partnership",
    "eps_m": "250",
    "eps_days": "28",
    "min_points": "5",
    "replicates": "999",
}
SOURCES = [
    ("partnership", "Incidents that partners recorded"),
    ("police", "Published police incidents"),
    ("all", "Both, each in a calculation of its own"),
]
# Whoever may run sets what the calculation looks at; how it is tested is for who answers for it.
SETTABLE = {
    "cs_lead": ("source", "eps_m", "eps_days", "min_points", "from", "to", "replicates", "seed"),
}
NUMBERS = {
    "eps_m": "Enter a distance from 50 to 2,000 metres.",
    "eps_days": "Enter 1 to 365 days, or none for any time.",
    "min_points": "Enter a minimum of 3 to 50 incidents.",
    "replicates": "Enter 99 to 9,999 random tries, or 0 for no test of chance.",
    "seed": "Enter a seed of 0 or more, or leave it empty.",
    "from": "Enter the first day as a date.",
    "to": "Enter the last day as a date.",
    "source": "Choose the data.",
}


class Field(NamedTuple):
    """One setting: its question, and what it means in words."""

    name: str
    label: str
    hint: str
    kind: str = "number"


FIELDS = (
    Field("source", "Which incidents?", "The two are never mixed in one cluster.", "choice"),
    Field(
        "eps_m",
        "How near, in metres",
        "50 to 2,000. Two incidents are neighbours within this distance. 250 metres is about "
        "three minutes on foot.",
    ),
    Field(
        "eps_days",
        "How close in time, in days",
        "1 to 365, or none for any time. 28 days is four whole weeks, so each weekday counts "
        "alike.",
    ),
    Field(
        "min_points",
        "How many incidents make a core",
        "3 to 50. Fewer finds more, and more of it is chance.",
    ),
    Field("from", "First day", "Left empty: two years up to the last day.", "date"),
    Field("to", "Last day", "Left empty: today. Police data: the last month loaded.", "date"),
    Field(
        "replicates",
        "Random tries for the test of chance",
        "99 to 9,999, or 0 for no test. 999 can tell 1 in 1,000. More takes longer.",
    ),
    Field(
        "seed",
        "Seed of the random tries",
        "Left empty it comes from the data and the settings: the same data give the same answer.",
    ),
)


def fields(role: str) -> Sequence[Field]:
    """What this role may set; the rest keeps its default."""
    mine = SETTABLE.get(role, ())
    return [field for field in FIELDS if field.name in mine]


def not_for(role: str, sent: Mapping[str, str]) -> dict[str, str]:
    """A setting that this role may not change is refused, not passed over."""
    mine = SETTABLE.get(role, ())
    own = {field.name for field in FIELDS} - set(mine)
    return dict.fromkeys(sorted(own & set(sent)), "Your role uses the default here.")


def in_words(errors: Mapping[str, str]) -> dict[str, str]:
    """The bounds in words, whatever kept a number from being one."""
    return {("to" if name == "form" else name): _words(name, said) for name, said in errors.items()}


def _words(name: str, said: str) -> str:
    general = {"Check this answer.", "Answer this question."}
    return NUMBERS.get(name, said) if said in general else said


def coverage(run: ClusterRun) -> list[str]:
    """What a run counted and left out, in sentences; nothing before it is done."""
    return rules.coverage_in_words(run.coverage, run.source) if run.coverage else []


def again(run: ClusterRun) -> RunIn:
    """The same question; the window moves on unless somebody chose its dates."""
    settings = run.settings()
    given: dict[str, Any] = {
        "source": str(settings.source),
        "eps_m": settings.eps_m,
        "eps_days": settings.eps_days,
        "min_points": settings.min_points,
        "replicates": settings.replicates,
        "seed": settings.seed,
    }
    if settings.asked_dates:
        given |= {"from": settings.first_on, "to": settings.last_on}
    return RunIn.model_validate(given, strict=False)
