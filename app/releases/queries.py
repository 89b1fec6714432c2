"""Reads of releases. Row-level security has limited them to what the actor may see."""

import hashlib
from collections.abc import Iterable

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.core.errors import NotFoundError
from app.reference import queries as reference
from app.releases import rules
from app.releases.models import Release, ReleaseCell
from app.releases.rules import State, Window
from geo.disclosure import Cell, NamedPlace, Rule
from geo.disclosure import Release as Published

NOTE = text("select app.note_release_read(:code, :table)")
WARDS = text("""
    select ward.code, ward.name, (
        select borough.code from reference.area_piece as piece
        join reference.area as borough on borough.id = piece.area_id and borough.kind = 'borough'
        where piece.geom && ST_PointOnSurface(ward.geom)
          and ST_Intersects(piece.geom, ST_PointOnSurface(ward.geom))
        order by borough.vintage desc, borough.code limit 1) as borough
    from (select distinct on (code) code, name, geom from reference.area
          where kind = 'ward' order by code, vintage desc) as ward
    order by ward.code
""")


def find(session: Session, code: str, *, lock: bool = False) -> Release:
    query = select(Release).where(Release.code == code)
    release = session.scalar(query.with_for_update() if lock else query)
    if release is None:
        raise NotFoundError(rules.ABSENT)
    return release


def newest(session: Session, limit: int = 100) -> list[Release]:
    query = select(Release).order_by(Release.window_from.desc(), Release.code.desc())
    return list(session.scalars(query.limit(limit)))


def to_sign(session: Session, role: str) -> list[Release]:
    """What was checked and waits for a lead; or, signed by one, for an auditor."""
    query = select(Release).where(Release.state == State.CHECKED, Release.auditor_by.is_(None))
    query = query.where(Release.lead_by.is_(None) == (role != "auditor"))
    return list(session.scalars(query.order_by(Release.window_from.desc(), Release.code.desc())))


def unpublished(session: Session, period: str) -> Release | None:
    """The draft of a period, checked or not."""
    return session.scalar(
        select(Release)
        .where(Release.period == period, Release.state.in_((State.DRAFT, State.CHECKED)))
        .limit(1)
    )


def signed(session: Session) -> list[str]:
    """Codes of what a lead and an auditor signed, and nobody published yet; quarters first."""
    query = select(Release.code).where(
        Release.state == State.CHECKED, Release.auditor_by.is_not(None)
    )
    order = (Release.window_to, Release.window_from.desc(), Release.code)
    return list(session.scalars(query.order_by(*order)))


def beside(session: Session, release: Release) -> list[str]:
    """Codes of other releases of the same year that are checked and not published yet."""
    query = select(Release.code).where(
        Release.state == State.CHECKED,
        Release.period.like(f"{release.period[:4]}%"),
        Release.id != release.id,
    )
    return list(session.scalars(query.order_by(Release.window_to, Release.code)))


def approved(session: Session, period: str) -> Release | None:
    """The one release of a period that stands."""
    return session.scalar(
        select(Release)
        .where(Release.period == period, Release.state == State.APPROVED)
        .order_by(Release.approved_at.desc())
        .limit(1)
    )


def missing_parts(session: Session, window: Window) -> list[str]:
    """Shorter periods that a longer one adds up, and that have no release that stands."""
    return [part for part in rules.parts(window) if approved(session, part) is None]


def cells(session: Session, release: Release, table: str | None = None) -> list[Cell]:
    """As they are shown, in the order of their keys."""
    query = select(ReleaseCell).where(ReleaseCell.release_id == release.id)
    if table is not None:
        query = query.where(ReleaseCell.table_code == table)
    found = [_cell(row) for row in session.scalars(query)]
    return sorted(found, key=lambda cell: cell.key)


def published(session: Session, year: int, besides: Release) -> list[Published]:
    """Every release of a year that anybody has seen: withdrawn ones stay known."""
    rows = session.scalars(
        select(Release)
        .where(
            Release.state.in_((State.APPROVED, State.WITHDRAWN)),
            Release.period.like(f"{year}%"),
            Release.id != besides.id,
        )
        .order_by(Release.window_to, Release.code)
    )
    return [as_published(session, row) for row in rows]


def standing(session: Session, year: int, besides: Release) -> list[str]:
    """Periods of a year whose release stands, in the order of time."""
    query = select(Release.period).where(
        Release.state == State.APPROVED,
        Release.period.like(f"{year}%"),
        Release.id != besides.id,
    )
    return list(session.scalars(query.order_by(Release.window_to, Release.code)))


def as_published(session: Session, release: Release) -> Published:
    named = tuple(
        NamedPlace(one["code"], one["period"], one["ward"], one["place_group"])
        for one in release.named
    )
    withdrawn = release.state == State.WITHDRAWN
    return Published(release.code, tuple(cells(session, release)), named, withdrawn=withdrawn)


def wards(session: Session) -> list[tuple[str, str]]:
    """Code and borough of each ward, also beyond the partnership."""
    return [(row.code, row.borough) for row in session.execute(WARDS) if row.borough]


def areas(session: Session, year: str) -> list[str]:
    """The merged wards of the first release of a year that anybody has seen with them."""
    first = session.scalar(
        select(Release.id)
        .join(ReleaseCell, ReleaseCell.release_id == Release.id)
        .where(
            Release.period == year,
            Release.approved_at.is_not(None),
            ReleaseCell.table_code == "RY1",
        )
        .order_by(Release.approved_at, Release.code)
        .limit(1)
    )
    mine = ReleaseCell.release_id == first, ReleaseCell.table_code == "RY1"
    return sorted(set(session.scalars(select(ReleaseCell.geo_code).where(*mine))))


def names(session: Session) -> dict[str, str]:
    """Printed names of wards and of platforms."""
    platforms = dict(reference.codes(session, "platform"))
    return platforms | {row.code: row.name for row in session.execute(WARDS)}


def note_read(session: Session, release: Release, table: str) -> None:
    """In the ledger of who read which numbers."""
    session.execute(NOTE, {"code": release.code, "table": table})


def sha256_of(shown: Iterable[Cell]) -> str:
    """The same text as the database makes of the cells, and its hash.

    >>> sha256_of([])[:12]
    'e3b0c44298fc'
    """
    lines = sorted(
        "|".join((*cell.key, cell.shown, str(cell.low), _high(cell), cell.rule)) for cell in shown
    )
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _high(cell: Cell) -> str:
    return "-" if cell.high is None else str(cell.high)


def _cell(row: ReleaseCell) -> Cell:
    return Cell(
        row.table_code,
        row.period,
        row.geo_kind,
        row.geo_code,
        row.dim_1,
        row.dim_2,
        row.shown,
        row.low,
        row.high,
        Rule(row.rule),
    )
