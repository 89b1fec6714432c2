"""The job that counts, bands and checks a release, and the one that publishes it.

True counts live in the memory and the temporary tables of one transaction. What is stored is what
is shown; when it is published, each counted record is told as what it was counted.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import insert, text
from sqlalchemy.orm import Session

from app.audit import service as audit
from app.core import clock
from app.core.actor import job_actor
from app.core.db import Database
from app.core.errors import RuleBrokenError
from app.releases import counting, gating, lattice, queries, rules
from app.releases.counting import Asked, Named
from app.releases.gating import Secured
from app.releases.models import Release, ReleaseCell
from app.releases.rules import State
from geo.disclosure import Count, NamedPlace, Ward, protect
from geo.disclosure import Release as Published

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
        _put(session, release, _given(session, release, partners).secured())


def publish(db: Database, code: str, partners: Sequence[str]) -> None:
    """Count again; what two people signed is published, or checked anew when it is not the same.

    Numbers and the marks on the records come from one transaction. The same counts beside the same
    earlier releases have passed the same attack already.
    """
    with db.begin(BUILD) as session:
        release = queries.find(session, code, lock=True)
        if release.state != State.CHECKED or not (release.lead_by and release.auditor_by):
            raise RuleBrokenError(rules.NOT_CHECKED)
        given = _given(session, release, partners)
        protected = protect(given.counts)
        told = release.certificate or {}
        if gating.fingerprint(protected, given.earlier) != told.get("given"):
            _put(session, release, given.secured())
            release.problem = rules.CHANGED
            return
        release.state = State.APPROVED
        release.approved_at = clock.now()
        session.flush()
        if release.period_kind == "Q":
            for statement in COUNTED:
                session.execute(statement, {"code": release.code})
        audit.record(session, "release.publish", "release", release.code, sha256=release.sha256)


@dataclass(frozen=True, slots=True)
class Given:
    """What the attack is given."""

    code: str
    counts: list[Count]
    places: list[NamedPlace]
    earlier: list[Published]
    wards: tuple[Ward, ...]

    def secured(self) -> Secured:
        return gating.secured(self.code, self.counts, self.places, self.earlier, self.wards)


def _given(session: Session, release: Release, partners: Sequence[str]) -> Given:
    asked = Asked(rules.window(release.period), tuple(partners))
    _quarters_first(session, asked)
    counts, named = counting.counts(session, asked)
    wards = lattice.wards_of(queries.wards(session, partners), partners)
    told = [(one.ref, one.sources, one.dates) for one in named]
    whole = lattice.filled(counts, release.period, partners, wards, told)
    places = [NamedPlace(one.ref, release.period, one.ward, one.place_group) for one in named]
    earlier = queries.published(session, asked.window.first.year, besides=release)
    if release.state == State.DRAFT:
        release.named = [_named(one, place) for one, place in zip(named, places, strict=True)]
    return Given(release.code, whole, places, earlier, wards)


def _named(one: Named, place: NamedPlace) -> dict[str, str]:
    told = {"code": place.code, "period": place.period, "ward": place.ward}
    return told | {"place_group": place.place_group, "name": one.name}


def _quarters_first(session: Session, asked: Asked) -> None:
    """A longer period adds up what its quarters counted, so they stand first."""
    if asked.window.kind == "Q":
        return
    wanted = counting.quarters(asked.window)
    missing = [period for period in wanted if queries.approved(session, period) is None]
    if missing:
        raise RuleBrokenError(rules.QUARTERS_FIRST.format(missing=", ".join(missing)))


def _put(session: Session, release: Release, secured: Secured) -> None:
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
