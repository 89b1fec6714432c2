"""The job that counts, bands and checks a release, and the one that publishes it.

True counts live in the memory and the temporary tables of one transaction. What is stored is what
is shown; when it is published, each counted record is told as what it was counted.
"""

from collections.abc import Sequence
from dataclasses import asdict, replace

from sqlalchemy import insert, text
from sqlalchemy.orm import Session

from app.audit import service as audit
from app.core import clock
from app.core.actor import job_actor
from app.core.db import Database
from app.core.errors import RuleBrokenError
from app.releases import counting, insider, lattice, queries, rules
from app.releases.counting import Asked
from app.releases.gating import Given, Secured
from app.releases.models import Release, ReleaseCell
from app.releases.rules import State
from geo.disclosure import NamedPlace, Ward, merge_wards

BUILD = job_actor("releases:build")
CLEAR = text("select app.clear_release(:release)")
COUNTED = (
    text("""
        update app.incident as i set counted_in = :code, counted_as = jsonb_strip_nulls(
            jsonb_build_object('borough', inc.borough, 'ward', inc.ward, 'harm_group', inc.hg,
                'place_group', inc.pg, 'sv', inc.sv, 'proactive', inc.proactive,
                'day_part', inc.day_part, 'day_type', inc.day_type, 'dark', inc.dark,
                'missing', inc.missing, 'organisation', inc.organisation))
        from inc where inc.id = i.id
    """),
    text("""
        update app.missing_episode as m set counted_in = :code,
            counted_as = jsonb_build_object('kind', m.kind)
        from inc where inc.id = m.incident_id and inc.missing is not null
    """),
    text("""
        update app.report as r set counted_in = :code,
            counted_as = jsonb_build_object('reporter', item.dim_1)
        from item where item.id = r.id and item.table_code = 'RQ4'
    """),
)


def build(db: Database, code: str, partners: Sequence[str]) -> None:
    """Count and check; the release is then checked, or a draft with the reason why."""
    with db.begin(BUILD) as session:
        release = queries.find(session, code, lock=True)
        if release.state not in (State.DRAFT, State.CHECKED):
            raise RuleBrokenError(rules.NOT_CHECKED)
        if _waits(session, release):
            return
        given = _given(session, release, partners)
        _put(session, release, given, given.secured())


def publish(db: Database, code: str, partners: Sequence[str]) -> None:
    """Count again; what two people signed is published, or signed anew when it is not the same.

    Numbers and the marks on the records come from one transaction. Where another release was
    published meanwhile, or records changed, the attack is made again: numbers that are the same
    to the letter stand as they were signed, with the certificate of the new attack.
    """
    with db.begin(BUILD) as session:
        release = queries.find(session, code, lock=True)
        if release.state == State.APPROVED:
            return  # another worker was here first
        if release.state != State.CHECKED or not (release.lead_by and release.auditor_by):
            raise RuleBrokenError(rules.NOT_CHECKED)
        if _waits(session, release):
            return
        given = _given(session, release, partners)
        told = release.certificate or {}
        if given.fingerprint != told.get("given"):
            again = given.secured()
            if again.problem is not None or again.sha256 != release.sha256:
                _sign_anew(session, release, given, again)
                return
            release.certificate = again.certificate
        release.state = State.APPROVED
        release.approved_at = clock.now()
        session.flush()
        if release.period_kind == "Q":
            for statement in COUNTED:
                session.execute(statement, {"code": release.code})
        audit.record(session, "release.publish", "release", release.code, sha256=release.sha256)


def _waits(session: Session, release: Release) -> bool:
    """A longer period is a draft again while what it adds up is not published, or is withdrawn."""
    missing = queries.missing_parts(session, rules.window(release.period))
    if missing:
        release.state = State.DRAFT
        release.problem = rules.PARTS_FIRST.format(missing=", ".join(missing))
    return bool(missing)


def _sign_anew(session: Session, release: Release, given: Given, again: Secured) -> None:
    """Other numbers than those that were signed, and why they are others."""
    before = set((release.certificate or {}).get("releases", ()))
    beside = [code for code in (again.certificate or {}).get("releases", ()) if code not in before]
    _put(session, release, given, again)
    if again.problem is None:
        beside_words = rules.BESIDE.format(codes=", ".join(beside))
        release.problem = beside_words if beside else rules.CHANGED


def _given(session: Session, release: Release, partners: Sequence[str]) -> Given:
    homes = queries.wards(session)
    wards = lattice.wards_of(homes, partners)
    asked = Asked(rules.window(release.period), tuple(partners), tuple(homes))
    asked = replace(asked, areas=_areas(session, asked, wards))
    year = asked.window.first.year
    counting.begin(session)
    held = insider.before(session, asked, queries.standing(session, year, besides=release))
    counted = counting.counts(session, asked)
    told = [(one.ref, one.sources, one.dates) for one in counted.named]
    whole = lattice.filled(counted.counts, release.period, partners, wards, told, asked.areas)
    left_out = _left_out(session, asked, wards)
    places = [NamedPlace(one.ref, release.period, one.ward, one.place_group)
              for one in counted.named]  # fmt: skip
    return Given(
        release.code,
        [count for count in whole if count.table_code not in left_out],
        places,
        {one.ref: one.name for one in counted.named},
        queries.published(session, year, besides=release),
        wards,
        insider.known(held | counted.held),
        left_out,
    )


def _left_out(session: Session, asked: Asked, wards: Sequence[Ward]) -> dict[str, str]:
    """A table by ward would only tell the totals of boroughs again, where nothing has a ward."""
    table = lattice.BY_WARD.get(asked.window.kind)
    if table is None:
        return {}
    if all(lattice.is_unknown(ward) for ward in wards):
        return {table: rules.NO_WARDS}
    return {} if counting.by_ward(session, asked) else {table: rules.NOT_BY_WARD}


def _areas(session: Session, asked: Asked, wards: Sequence[Ward]) -> tuple[str, ...]:
    """The merged wards of a year; stored as what is printed and signed: cells of a release."""
    if asked.window.kind != "Y":
        return ()
    standing = [queries.approved(session, part) for part in rules.parts(asked.window)]
    by_ward = [cell for part in standing if part for cell in queries.cells(session, part, "RH1")]
    return tuple(queries.areas(session, asked.window.period)) or merge_wards(wards, by_ward)


def _put(session: Session, release: Release, given: Given, secured: Secured) -> None:
    """Replace the cells of a draft by these."""
    release.state = State.DRAFT
    session.flush()
    session.execute(CLEAR, {"release": release.id})
    rows = [
        {"release_id": release.id, "table_code": cell.table_code, "period": cell.period,
         "geo_kind": cell.geo_kind, "geo_code": cell.geo_code, "dim_1": cell.dim_1,
         "dim_2": cell.dim_2, "shown": cell.shown, "low": cell.low, "high": cell.high,
         "rule": cell.rule.value}
        for cell in secured.cells
    ]  # fmt: skip
    session.execute(insert(ReleaseCell), rows)
    release.named = [asdict(place) | {"name": given.names[place.code]} for place in given.places]
    release.certificate = secured.certificate
    release.sha256 = secured.sha256
    release.problem = secured.problem
    release.built_at = clock.now()
    session.flush()
    if secured.problem is None:
        release.state = State.CHECKED
    audit.record(
        session,
        "release.check",
        "release",
        release.code,
        outcome="done" if secured.problem is None else "refused",
        rows=len(rows),
    )
