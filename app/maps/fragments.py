"""Every condition that filters of the map can add to a question; app/maps/conditions.py chooses.

They name `place`, `incident`, `report` and `cluster`, tables of the schema app; values are bound.
"""

OPEN = "place.state <> 'CLOSED' and place.state <> 'DORMANT'"
STAGE = "place.state = any (cast(:states as text[]))"
TYPE = "place.type_code = cast(:type as text)"
TYPE_GROUP = """place.type_code in (
    select code from reference.place_type where group_code = cast(:type as text))"""
LEVEL = "place.level = cast(:level as text)"
BOROUGH = "cast(:borough as text) = any (place.borough_codes)"
OUTSIDE = "not place.borough_codes && cast(:partners as text[])"
WORDS = """(place.name ilike cast(:q_like as text) or place.ref = cast(:q_ref as text)
    or place.description ilike cast(:q_like as text)
    or place.id in (select other.place_id from app.place_alias as other
                    where other.removed_at is null and other.name ilike cast(:q_like as text)))"""
# Partners read no descriptions and no former names: what they do not see they cannot search.
NAME = "(place.name ilike cast(:q_like as text) or place.ref = cast(:q_ref as text))"
# The function counts for those who may know, and says nothing to others. All places at once: to
# ask of each took a second at 200,000 of them. In `near` are those of a tile or a view: they alone.
WITH_CHILDREN = """
    select app.places_with_children(cast(:fewest_children as int), cast(:most_children as int))"""
CHILDREN = f"place.id in ({WITH_CHILDREN})"
NO_CHILDREN = "place.id not in (select app.places_with_children(1, 1000000))"
CHILDREN_NEAR = """near.id in (
    select app.places_with_children(cast(:fewest_children as int), cast(:most_children as int),
                                    array(select id from near)))"""
NO_CHILDREN_NEAR = """near.id not in (
    select app.places_with_children(1, 1000000, array(select id from near)))"""
NO_HOMES = "place.sensitivity <> 'RESIDENTIAL'"
OWN_HARM = "cast(:harm as text) = any (place.harm_codes)"
OWN_HARM_GROUP = """place.harm_codes && array(
    select code::text from reference.harm where group_code = cast(:harm as text))"""

OWN_DARK = "place.after_dark_concern"
OWN_HOURS = "position(B'1' in place.week_grid & cast(:hours as bit(168))) > 0"

NONE = "false"
WINDOW = """incident.occurred_from >= cast(:first_at as timestamptz)
    and incident.occurred_from < cast(:past_at as timestamptz)"""
HARM = "incident.harm_code = cast(:harm as text)"
HARM_GROUP = """incident.harm_code in (
    select code from reference.harm where group_code = cast(:harm as text))"""
AGENCY = "incident.source_agency = cast(:agency as text)"
REPORTED = "incident.discovered_by in ('PUBLIC_REPORT', 'PARTNER_REPORT')"
UNPROMPTED = "incident.discovered_by not in ('PROACTIVE_PATROL', 'STOP_SEARCH')"
PART = "incident.day_part = cast(:part as text)"
AFTER_DARK = "incident.after_dark"
DAY = "incident.day_type = cast(:day as text)"
INCIDENT_BOROUGH = "cast(:borough as text) = any (incident.borough_codes)"
INCIDENT_OUTSIDE = "not incident.borough_codes && cast(:partners as text[])"

REPORT_WINDOW = """report.created_at >= cast(:first_at as timestamptz)
    and report.created_at < cast(:past_at as timestamptz)"""
REPORT_HARM = "cast(:harm as text) = any (report.harm_codes)"
REPORT_HARM_GROUP = """report.harm_codes && array(
    select code::text from reference.harm where group_code = cast(:harm as text))"""
REPORT_AGENCY = "report.agency_code = cast(:agency as text)"

REPORT_PART = "cast(:part as text) = any (report.day_parts)"
CLUSTER_NAME = "cluster.name ilike cast(:q_like as text)"

AT_INCIDENTS = """place.id in (
    select link.place_id from app.incident_place as link
    join app.incident on incident.id = link.incident_id
    where incident.deleted_at is null and incident.state <> 'WITHDRAWN'"""
OF_REPORTS = """place.id in (
    select decided.place_id from app.report_outcome as decided
    join app.report on report.id = decided.report_id
    where decided.undone_at is null and decided.place_id is not null
      and report.deleted_at is null"""

# All places at once, each with its number: for an order by it.
N_INCIDENTS = """left join (
    select link.place_id, count(*) as n_incidents from app.incident_place as link
    join app.incident on incident.id = link.incident_id
    where incident.deleted_at is null and incident.state <> 'WITHDRAWN'"""
N_REPORTS = """left join (
    select decided.place_id, count(distinct decided.report_id) as n_reports
    from app.report_outcome as decided
    join app.report on report.id = decided.report_id
    where decided.undone_at is null and report.deleted_at is null"""
BY_PLACE = " group by 1) as counted on counted.place_id = place.id"
