"""The job that builds and checks a pack: records in, one text out, and what stops its signing.

A further kind is one line in `KINDS`; app/packs/content.py says what its function gives.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.audit import service as audit
from app.core import clock, working_days
from app.core.actor import job_actor
from app.core.clock import london
from app.core.db import Database
from app.core.errors import InvalidError
from app.core.json import canonical
from app.packs import checks, marve, missing, queries, rules, service
from app.packs import daily as daily_risk
from app.packs.content import Asked, Json
from app.packs.models import Pack
from app.packs.rules import Kind, State, Window
from app.places import queries as places
from app.reference import queries as reference

BUILD = job_actor("packs:build")
HOMES = text("select ref, name from app.place where sensitivity = 'RESIDENTIAL' order by ref")

Build = Callable[[Session, Asked], list[Json]]
KINDS: Mapping[Kind, Build] = {
    Kind.DAILY: daily_risk.build,
    Kind.MARVE: marve.build,
    Kind.MISSING: missing.build,
}
# What may be read of a kind without being named in it: lines with their boroughs.
SUMMARIES: Mapping[Kind, Build] = {Kind.DAILY: daily_risk.summary}


def check(db: Database, ref: str, boroughs: Mapping[str, str]) -> None:
    """Build the snapshot of a draft and check it; it is then checked, or a draft with why."""
    with db.begin(BUILD) as session:
        pack = queries.find(session, ref, lock=True)
        if pack.state != State.DRAFT:
            return  # it was checked, and perhaps signed, meanwhile
        kind = Kind(pack.kind)
        if kind not in KINDS:
            raise InvalidError(rules.NO_CONTENT)
        asked = _asked(session, pack, boroughs)
        _put(session, pack, KINDS[kind](session, asked), _summary(session, kind, asked))


def daily(db: Database, now: datetime, boroughs: Mapping[str, str]) -> str | None:
    """Today's daily briefing, built; None on a day without one, before its time, or done already.

    Its meeting is held at the end of the time for lines, with the people of the last one.
    """
    today = london(now).date()
    if not working_days.is_working_day(today) or now < rules.built_at(today):
        return None
    period = today.isoformat()
    with db.begin(BUILD) as session:
        if queries.standing(session, Kind.DAILY, period) is not None:
            return None
        held_at = datetime.combine(today, rules.LINES_UNTIL, clock.LONDON)
        meeting = service.daily_meeting(session, BUILD, held_at)
        if meeting is None:
            return None
        ref = service.begin(session, BUILD, Kind.DAILY, period, meeting).ref
    check(db, ref, boroughs)
    return ref


def _asked(session: Session, pack: Pack, boroughs: Mapping[str, str]) -> Asked:
    window = Window(Kind(pack.kind), pack.period_code, pack.window_from, pack.window_to)
    agencies = {code.code: code.label for code in reference.codes(session, "agency")}
    typed = queries.typed(session, pack)
    return Asked(window, boroughs, typed, agencies, pack.meeting_id)


def _summary(session: Session, kind: Kind, asked: Asked) -> list[Json]:
    return SUMMARIES[kind](session, asked) if kind in SUMMARIES else []


def snapshot(pack: Pack, sections: Sequence[Json]) -> Json:
    """Everything that is read of a pack; no clock is in it."""
    window = Window(Kind(pack.kind), pack.period_code, pack.window_from, pack.window_to)
    return {
        "kind": pack.kind,
        "period": pack.period_code,
        "title": rules.KINDS[window.kind],
        "words": window.words,
        "from": london(window.start_at).isoformat(),
        "to": london(window.end_at).isoformat(),
        "marking": pack.marking,
        "sections": list(sections),
        "method_version": rules.METHOD_VERSION,
        "template_version": rules.TEMPLATE_VERSION,
    }


def _put(session: Session, pack: Pack, sections: Sequence[Json], summary: Sequence[Json]) -> None:
    homes = [(row.ref, row.name) for row in session.execute(HOMES)]
    language = places.language(session)
    found = checks.problems(checks.Subject(Kind(pack.kind), sections, summary, language, homes))
    told = canonical(snapshot(pack, sections))
    pack.snapshot, pack.summary = told, list(summary)
    pack.snapshot_sha256 = hashlib.sha256(told.encode()).hexdigest()
    pack.method_version = rules.METHOD_VERSION
    pack.template_version = rules.TEMPLATE_VERSION
    pack.checks = found
    session.flush()
    if not found:
        pack.state = State.CHECKED
    outcome = "refused" if found else "done"
    audit.record(session, "pack.check", "pack", pack.ref, outcome=outcome, rows=len(found))
