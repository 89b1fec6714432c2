"""What the priority of places is worked out from, and what it was. Row-level security decides."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.places.models import Place
from app.priority.models import PlacePriority
from app.priority.rules import Item

# Places that are worked on, with what is known of each but its items.
PLACES = text("""
    select place.id, place.is_synthetic, place.urgent_since is not null as is_urgent,
           made.d2, made.d3,
           (select count(distinct link.child_id) from app.child_place_link as link
            where link.place_id = place.id
              and link.role in ('harmed_here', 'at_risk_here', 'found_here_missing')
              and (link.to_on is null or link.to_on >= cast(:today as date) - 365)) as linked,
           held.band_override, held.override_reason, held.override_expires_on, held.override_by,
           held.override_role
    from app.place
    left join lateral (
        select d2, d3 from app.context_assessment
        where place_id = place.id and state = 'APPROVED' and deleted_at is null
          and approved_at >= cast(:today as date) - 365
        order by approved_at desc, id limit 1) as made on true
    left join lateral (
        select * from app.place_priority as was
        where was.place_id = place.id and was.run_on <= :today
        order by was.run_on desc limit 1) as held on held.override_expires_on >= :today
    where place.deleted_at is null and place.state not in ('CLOSED', 'DORMANT')
    order by place.id
""")
# Whose word it is, how old, how good, how serious: never what it says. What was recorded later does
# not count for an earlier day.
ITEMS = text("""
    with severity as materialized (select code, severity from reference.harm),
    grade as materialized (
        select extra ->> 'version' as version, extra ->> 'value' as pair,
               (extra ->> 'weight')::float8 as weight
        from reference.lookup where list = 'grading' and extra ->> 'part' = 'weight'
    ),
    said as (
        select link.place_id, 'I' || incident.source_agency as source,
               (incident.occurred_to at time zone 'Europe/London')::date as day,
               case incident.confidence when 'REPORTED' then 0.5 when 'CORROBORATED' then 0.8
                    else 1.0 end::float8 as weight,
               array[incident.harm_code] as harms,
               incident.discovered_by in ('PROACTIVE_PATROL', 'STOP_SEARCH') as proactive,
               incident.child_count_band as band, false as by_child, false as public
        from app.incident_place as link join app.incident on incident.id = link.incident_id
        where incident.deleted_at is null and incident.state <> 'WITHDRAWN'
          and (incident.created_at at time zone 'Europe/London')::date <= :today
        union all
        select decided.place_id,
               case report.agency_code when 'PUBLIC' then 'R' || report.id else
                    'I' || report.agency_code end,
               (report.created_at at time zone 'Europe/London')::date, 0.5, report.harm_codes,
               false, report.child_count_band, report.reporter_kind = 'YOUNG_PERSON',
               report.agency_code = 'PUBLIC'
        from (select distinct place_id, report_id from app.report_outcome
              where place_id is not null and undone_at is null) as decided
        join app.report on report.id = decided.report_id
        where report.deleted_at is null
          and report.state in ('DECIDED', 'FEEDBACK_SENT', 'CLOSED')
          and not 'DUPLICATE' = any (report.outcome_codes)
        union all
        select hung.place_id, 'I' || item.agency_code,
               coalesce((item.occurred_from at time zone 'Europe/London')::date,
                        item.valid_from_on),
               coalesce(grade.weight, 0), item.harm_codes,
               item.discovered_by in ('PROACTIVE_PATROL', 'STOP_SEARCH'), 'NOT_KNOWN', false, false
        from app.intel_item_place as hung join app.intel_item as item
            on item.id = hung.intel_item_id
        left join grade on grade.version = item.scheme_version
            and grade.pair = item.source_eval || item.info_assess
        where hung.removed_at is null and item.deleted_at is null and item.tier = 'P'
          and item.handling = 'P' and item.state = 'RELEASED'
          and (item.created_at at time zone 'Europe/London')::date <= :today
    )
    select place_id, substr(source, 2) as source, cast(:today as date) - day as age, weight,
           coalesce((select max(severity.severity) from severity
                     where severity.code = any (harms)), 0) as severity,
           proactive, band, by_child, public
    from said where cast(:today as date) - day between 0 and 365
""")


def places(session: Session, today: date) -> Sequence[Mapping[Any, Any]]:
    return session.execute(PLACES, {"today": today}).mappings().all()


def items(session: Session, today: date) -> dict[UUID, list[Item]]:
    found: dict[UUID, list[Item]] = {}
    for row in session.execute(ITEMS, {"today": today}):
        made = Item(
            source=row.source,
            age_d=row.age,
            weight=row.weight,
            severity=row.severity,
            proactive=row.proactive,
            band=row.band,
            by_child=row.by_child,
            public=row.public,
        )
        found.setdefault(row.place_id, []).append(made)
    return found


def newest(session: Session, place: Place, *, lock: bool = False) -> PlacePriority | None:
    """Of the last night."""
    wanted = (
        select(PlacePriority)
        .where(PlacePriority.place_id == place.id)
        .order_by(PlacePriority.run_on.desc())
        .limit(1)
    )
    return session.scalar(wanted.with_for_update() if lock else wanted)
