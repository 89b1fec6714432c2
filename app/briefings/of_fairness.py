"""Equality and bias: what police looked for, how labels end, who objects. V23 to V25."""

from typing import Any

from sqlalchemy.orm import Session

from app.briefings import context_sql, words, work_sql
from app.briefings.asked import Asked, block, exact_share
from app.briefings.models import Json
from app.briefings.of_numbers import Numbers
from app.core.clock import london
from app.core.working_days import between
from app.places.ranking import band
from app.releases import view

ANSWER_DAYS = 20
NO_INDEX = (
    "The share of named places in the most deprived fifth is not given: the index of deprivation "
    "is not loaded."
)
NO_FIELDS = (
    "This service holds no ethnicity, sex or disability of any child. Read these pages beside the "
    "yearly tables of the children's social care system."
)
LOOKING = "What police go looking for is found more often. It is not more harm by itself."


def looked_for(numbers: Numbers, asked: Asked) -> Json:
    """V23: the share of incidents that proactive policing found, from printed numbers."""
    rows = []
    for code in asked.boroughs:
        found = numbers.shown(numbers.now, "RQ8", code, "YES")
        every = numbers.shown(numbers.now, "RQ1", code)
        share = words.FEW if found is None or every is None else words.share(found, every)
        rows.append([view.name_of(code, numbers.names), [share]])
    return {
        "kind": "table",
        "id": "T9c",
        "source": "RQ8",
        "title": "Incidents that proactive policing found, share of all",
        "columns": ["Share"],
        "rows": rows,
        "note": LOOKING,
    }


def labels(session: Session, asked: Asked) -> Json:
    """V23 and V24: what a label rests on, how it ended, who objected and was answered."""
    places = list(session.execute(work_sql.PLACES, asked.values))
    ranked = [place for place in places if place.p is not None]
    falls = sum(_falls(place) for place in ranked)
    ended = session.execute(context_sql.LABELS, asked.values).one()
    said = list(session.execute(context_sql.OBJECTIONS, asked.values))
    answered = [one for one in said if one.answered is not None]
    in_time = sum(_waited(one) <= ANSWER_DAYS for one in answered)
    rows = [
        ["Named places with a priority", [str(len(ranked))]],
        ["of these, lower without what police looked for", [str(falls)]],
        ["Labels that ended because nothing new was heard", [str(ended.expired)]],
        ["Labels renewed with new information", [str(ended.renewed)]],
        ["Labels taken back after an objection",
         [str(sum(one.state == "UPHELD" for one in answered))]],
        ["Objections open at the cut-off", [str(len(said) - len(answered))]],
        ["Objections answered", [str(len(answered))]],
        ["of these, within 20 working days", [exact_share(in_time, len(answered))]],
    ]  # fmt: skip
    return block("T9g", "Labels of named places, and objections to them", ["Number"], rows)


def _falls(place: Any) -> bool:  # noqa: ANN401 - a row
    """Whether its band would be a lower one."""
    without = float(place.p_without_proactive)
    return without < float(place.p) and band(without) != band(float(place.p))


def _waited(one: Any) -> int:  # noqa: ANN401 - a row
    return between(london(one.asked).date(), london(one.answered).date())
