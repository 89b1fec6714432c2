"""What was recorded around a place: for the question whether harm moved there."""

from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.core import clock
from app.core.clock import LONDON
from app.places.models import Place

NEAR_M = 500
INCIDENTS = text("""
    select count(*) filter (where incident.occurred_from < :begin),
           count(*) filter (where incident.occurred_from >= :begin)
    from app.incident, app.place
    where place.id = :place and incident.geom && ST_Expand(place.geom, :near)
      and ST_DWithin(incident.geom, place.geom, :near)
      and incident.deleted_at is null and incident.state <> 'WITHDRAWN'
      and incident.discovered_by <> 'OPEN_DATA'
      and incident.occurred_from >= :since and incident.occurred_from < :until
      and not exists (
          select from app.incident_place as link
          where link.incident_id = incident.id and link.place_id = place.id)
""")
REPORTS = text("""
    select count(distinct report.id)
    from app.report
    join app.report_outcome as decided on decided.report_id = report.id
    join app.place as other on other.id = decided.place_id
    join app.place as here on here.id = :place and other.id <> here.id
    where other.geom && ST_Expand(here.geom, :near)
      and ST_DWithin(other.geom, here.geom, :near) and report.deleted_at is null
      and decided.undone_at is null and report.created_at >= :begin
""")


class Near(NamedTuple):
    """Incidents within 500 m but not at the place, in as many days before the plan as since."""

    before: int
    since: int
    reports: int
    days: int


def near(session: Session, place: Place, begin: date) -> Near | None:
    """As far as the reader may see; None where the place has no shape or the plan no day yet."""
    today = clock.today()
    days = (today - begin).days
    if place.geom is None or days < 1:
        return None
    asked = {
        "place": place.id,
        "near": NEAR_M,
        "since": _midnight(begin - timedelta(days=days)),
        "begin": _midnight(begin),
        "until": _midnight(today),
    }
    before, since = session.execute(INCIDENTS, asked).one()
    reports = session.scalar(REPORTS, {name: asked[name] for name in ("place", "near", "begin")})
    return Near(before, since, reports or 0, days)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), LONDON)
