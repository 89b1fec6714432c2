"""Places near a report and reports like it, with the reasons: for the lead alone."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select, text
from sqlalchemy.orm import Session

from app.core import clock
from app.places.models import OnlineSpace, Place
from app.reports import matching
from app.reports.matching import NEAR_M, WITHIN_DAYS, Seen
from app.reports.models import Report, ReportOriginal
from app.reports.schemas import APART
from app.reports.sealing import Content, Keys, SealBrokenError, opened

COMPARED = 40  # newest reports that may be alike are opened and compared
SHOWN = 5

REPEATED = text("""
    select count(*) from app.report_original as other join app.report on report.id = other.report_id
    where other.suggestion->>'words' = :words and report.created_at > :since and report.id <> :own
""")


def repeats(session: Session, report: Report, words: str | None) -> int:
    """How often the same words came in the last day."""
    if words is None:
        return 0
    since = clock.now() - timedelta(days=1)
    asked = {"words": words, "since": since, "own": report.id}
    return int(session.scalar(REPEATED, asked) or 0)


def of(
    session: Session, keys: Keys, report: Report, original: ReportOriginal, said: Content
) -> dict[str, Any]:
    """`places` and `reports`, likeliest first. References and words of ours only."""
    places = sorted(_places(session, report, said), key=lambda found: -found["score"])
    reports = sorted(
        _reports(session, keys, report, original, said), key=lambda found: -found["score"]
    )
    return {"places": places[:SHOWN], "reports": reports[:SHOWN]}


def _places(session: Session, report: Report, said: Content) -> Iterator[dict[str, Any]]:
    if report.where_kind == "ONLINE":
        yield from _same_online(session, said)
    elif report.where_kind == "ROUTE":
        yield from _same_route(session, report, said)
    if report.geom is not None:
        metres = func.ST_Distance(Place.geom, report.geom)
        near = func.ST_Expand(report.geom, NEAR_M)
        found = session.execute(
            select(Place, metres)
            .where(_open(), Place.geom.op("&&")(near), metres <= NEAR_M)
            .order_by(metres)
            .limit(SHOWN)
        )
        for place, away in found:
            yield _place(place, matching.near_place(away), round(away))


def _same_online(session: Session, said: Content) -> Iterator[dict[str, Any]]:
    address = matching.one_address(said.get("online_raw", ""))
    if address is None:
        return
    host = address.removeprefix("online ").split("/")[0]
    rows = session.execute(
        select(Place, OnlineSpace.url_defanged)
        .join(OnlineSpace, OnlineSpace.place_id == Place.id)
        .where(_open(), OnlineSpace.host.in_([host, f"www.{host}", f"m.{host}"]))
    )
    for place, known in rows:
        if matching.one_address(known) == address:
            yield _place(place, matching.Likely(95, ("Same online address",)), None)


def _same_route(session: Session, report: Report, said: Content) -> Iterator[dict[str, Any]]:
    kind = matching.ROUTE_TYPES.get(report.mode_code or "")
    for place in session.scalars(select(Place).where(_open(), Place.type_code == kind)):
        if matching.same_route(report.mode_code, said.get("line"), place.type_code, place.name):
            yield _place(place, matching.Likely(85, ("Same route",)), None)


def _open() -> ColumnElement[bool]:
    return and_(Place.deleted_at.is_(None), Place.state != "CLOSED")


def _place(place: Place, likely: matching.Likely, metres: int | None) -> dict[str, Any]:
    return {
        "ref": place.ref,
        "type": place.type_code,
        "metres": metres,
        "level": place.level,
        "score": likely.score,
        "reasons": list(likely.reasons),
    }


def _reports(
    session: Session, keys: Keys, report: Report, original: ReportOriginal, said: Content
) -> Iterator[dict[str, Any]]:
    new = _seen(report, original, said, None)
    for other, kept, metres in session.execute(_comparable(report, original)):
        try:
            told = opened(kept.sealed, keys.triage, report=other.id, use="words")
        except SealBrokenError:
            continue
        days = abs((report.created_at - other.created_at).days)
        likely = matching.similar(new, _seen(other, kept, told, metres, days))
        if likely is not None:
            yield {"ref": other.ref, "score": likely.score, "reasons": list(likely.reasons)}


def _seen(
    report: Report, original: ReportOriginal, said: Content, metres: float | None, days: int = 0
) -> Seen:
    words = " ".join(text for name, text in said.items() if name not in APART)
    mark = original.match_hash.hex() if original.match_hash else None
    return Seen(report.where_kind, report.what_ticks, mark, words, metres, days)


def _comparable(report: Report, original: ReportOriginal) -> Any:  # noqa: ANN401 - a typed select
    """Of the same kind and time that share a worry, and may share the spot."""
    metres = func.ST_Distance(Report.geom, report.geom)
    spots: list[ColumnElement[bool]] = []
    if report.geom is not None:
        spots.append(and_(Report.geom.op("&&")(func.ST_Expand(report.geom, NEAR_M))))
    if original.match_hash is not None:
        spots.append(ReportOriginal.match_hash == original.match_hash)
    if report.where_kind == "DESCRIBED":
        spots.append(Report.where_kind == "DESCRIBED")
    return (
        select(Report, ReportOriginal, metres)
        .join(ReportOriginal, ReportOriginal.report_id == Report.id)
        .where(
            Report.id != report.id,
            Report.deleted_at.is_(None),
            Report.where_kind == report.where_kind,
            Report.created_at > report.created_at - timedelta(days=WITHIN_DAYS),
            Report.what_ticks.op("&&")(report.what_ticks),
            or_(*spots) if spots else Report.id.is_(None),
        )
        .order_by(Report.created_at.desc())
        .limit(COMPARED)
    )
