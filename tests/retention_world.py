"""One record under every rule of retention, all with the same day of the past; synthetic."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from app.core.ids import new_reference, random_id
from tests.sql.world import (
    ME,
    SOMEBODY,
    cluster_values,
    insert,
    lineage_values,
    run_values,
    user_values,
)

AT = datetime(2020, 3, 10, 12, tzinfo=UTC)
DAY = AT.date()
CANARY = "zqcanary"
# rule: (kind, the last day on which it is kept), counted by hand
LAST = {
    "report_untriaged": ("report", date(2020, 6, 8)),
    "report_rejected": ("report", date(2020, 6, 8)),
    "report_nfa": ("report", date(2020, 9, 10)),
    "report_no_place": ("report", date(2021, 3, 10)),
    "report_linked": ("report", date(2022, 3, 10)),
    "incident": ("incident", date(2026, 3, 10)),
    "deleted": ("incident", date(2020, 6, 8)),
    "intelligence": ("intelligence", date(2020, 3, 10)),
    "context_work": ("context_work", date(2026, 3, 10)),
    "place": ("place", date(2026, 3, 10)),
    "meeting_drb": ("meeting", date(2020, 4, 9)),
    "meeting_marve": ("meeting", date(2021, 3, 10)),
    "meeting_missing": ("meeting", date(2021, 3, 10)),
    "meeting": ("meeting", date(2026, 3, 10)),
    "child": ("child", date(2020, 6, 8)),
    "child_place_link": ("child_place_link", date(2022, 3, 10)),
    "child_incident_link": ("child_incident_link", date(2022, 3, 10)),
    "cluster_run": ("cluster_run", date(2026, 3, 10)),
    "cluster_lineage": ("cluster_lineage", date(2026, 3, 10)),
    "access_grant": ("access_grant", date(2027, 3, 10)),
    "legal_hold": ("legal_hold", date(2027, 3, 10)),
    "user": ("user", date(2027, 3, 10)),
}
OUTCOMES = {
    "report_untriaged": [],
    "report_rejected": ["REJECTED_ABUSIVE"],
    "report_nfa": ["NFA"],
    "report_no_place": ["REFERRED_SPA"],
    "report_linked": ["LINKED_PLACE"],
}
REPORT = """
    insert into app.report (id, ref, agency_code, created_by, updated_by, channel, danger_answer,
        where_kind, when_kind, geom, outcome_codes, created_at, decided_at, redacted, provenance,
        state, is_synthetic)
    values (%(id)s, %(ref)s, 'PUBLIC', %(by)s, %(by)s, 'WEB', 'NO', 'PLACE', 'OFTEN',
        ST_SetSRID(ST_MakePoint(518000, 169300), 27700), %(outcomes)s, %(at)s,
        case when %(outcomes)s::text[] <> '{}' then %(at)s::timestamptz end,
        convert_to(%(canary)s, 'UTF8'), jsonb_build_object('x', %(canary)s::text),
        case when %(outcomes)s::text[] <> '{}' then 'CLOSED' else 'QUARANTINED' end, true)
"""
WORDS = """
    insert into app.report_original (report_id, sealed, mailbox_key, match_hash)
        values (%(id)s, convert_to(%(canary)s, 'UTF8'), %(seed)s, %(seed)s);
    insert into app.report_contact (report_id, sealed, expires_on)
        values (%(id)s, convert_to(%(canary)s, 'UTF8'), '2020-04-09');
    insert into app.report_message (id, report_id, direction, sealed, sealed_for_reporter, by)
        values (%(id)s, %(id)s, 'IN', convert_to(%(canary)s, 'UTF8'), %(seed)s, %(by)s);
    insert into app.report_outcome (id, report_id, code, place_id, note, created_by)
        select gen_random_uuid(), %(id)s, code, %(place)s, %(canary)s, %(by)s
        from unnest(%(outcomes)s::text[]) as code;
    update app.report_state_change set reason = %(canary)s where report_id = %(id)s;
    insert into intake.submission (idem, body, receipt, report_id)
        values (%(seed)s, %(seed)s, %(seed)s, %(id)s)
"""
OPEN_PLACE = """
    select id from app.place where state <> 'CLOSED' and sensitivity = 'PUBLIC_REALM'
    order by id desc limit 1
"""
INTELLIGENCE = """
    update app.intel_item set expires_on = %(expires)s, created_at = %(at)s, body = %(canary)s,
        valid_from_on = '2019-03-10', valid_to_on = null, review_due = null
    where id = %(id)s
"""
MEETINGS = {"meeting_drb": "DRB", "meeting_marve": "MARVE", "meeting_missing": "MISSING"}
PLACE = """
    insert into app.place (id, ref, agency_code, purpose_code, created_by, updated_by, type_code,
        name, sensitivity, geom_kind, state, close_code, closed_at, created_at, label_expires_on,
        geom, is_synthetic, tier)
    values (%(id)s, %(ref)s, 'AFC', 'PLAN', %(by)s, %(by)s, 'PARK', %(canary)s, 'PUBLIC_REALM',
        'P', 'CLOSED', 'SAFER', %(at)s, %(at)s, '2020-09-01',
        ST_SetSRID(ST_MakePoint(518000, 169300), 27700), true, 'H0')
"""
CHILD = """
    insert into app.child (id, ref, agency_code, borough_codes, purpose_code, created_by,
        updated_by, created_at, home_lad_code, age_band, age_band_as_of, is_synthetic, state, tier)
    values (%(id)s, %(ref)s, 'AFC', '{E09000021}', 'PLAN', %(by)s, %(by)s, %(at)s, 'E09000021',
        'A13_15', '2020-01-01', true, 'OPEN', 'H1')
"""
GRANT = """
    insert into app.access_grant (id, ref, user_id, agency_code, kind, object_type, object_id,
        purpose, reason, from_at, until_at, created_at, created_by)
    values (%(id)s, %(ref)s, %(user)s, 'AFC', 'CASE', 'place', %(id)s, 'PLAN',
        %(canary)s || ' synthetic reason of it', %(at)s::timestamptz - interval '1 day', %(at)s,
        %(at)s, %(by)s)
"""
HOLD = """
    insert into app.legal_hold (id, ref, object_ids, reason, agency_code, created_at, created_by,
        ended_at, ended_by)
    values (%(id)s, %(ref)s, '{}', %(canary)s, 'AFC', %(at)s, %(by)s, %(at)s, %(by)s)
"""


@dataclass(frozen=True)
class Ours:
    """The record of each rule, by its key, and incidents that are young."""

    keys: dict[str, UUID]
    incidents: list[UUID]


def aged(world: Any) -> Ours:
    """Of a loaded demonstration, changed and added to by the owner of the database."""
    keys: dict[str, UUID] = {}
    with world.superuser() as admin, admin.transaction():
        _reports(admin, keys)
        incidents = _incidents(admin, keys)
        _intelligence(admin, keys)
        _places(admin, keys)
        _meetings(admin, keys)
        _children(admin, keys, incidents)
        _clusters(admin, keys)
        _people(admin, keys)
    return Ours(keys, incidents)


def _given(**more: Any) -> dict[str, Any]:
    return {"at": AT, "canary": CANARY, "by": SOMEBODY, "id": random_id()} | more


def _reports(admin: Any, keys: dict[str, UUID]) -> None:
    ((place,),) = admin.execute(OPEN_PLACE).fetchall()
    for rule, outcomes in OUTCOMES.items():
        given = _given(ref=new_reference("RP"), outcomes=outcomes)
        given |= {"seed": given["id"].bytes, "place": None}
        if rule == "report_linked":
            given["place"] = place
        admin.execute(REPORT, given)
        for statement in WORDS.split(";"):
            admin.execute(statement, given)
        keys[rule] = given["id"]


def _incidents(admin: Any, keys: dict[str, UUID]) -> list[UUID]:
    found = admin.execute("""
        select i.id from app.incident as i
        where place_id is null and not exists (
            select from app.child_incident_link as l where l.incident_id = i.id)
          and not exists (select from app.incident_place as p where p.incident_id = i.id)
        order by i.id limit 6
    """).fetchall()
    incidents = [row[0] for row in found]
    for key in incidents[:2]:
        admin.execute(
            "update app.incident set occurred_from = %(at)s, occurred_to = %(at)s, "
            "retain_until = null, summary = %(canary)s where id = %(id)s",
            _given(id=key),
        )
    admin.execute("update app.incident set deleted_at = %s where id = %s", (AT, incidents[1]))
    keys["incident"], keys["deleted"] = incidents[:2]
    return incidents[2:]


def _intelligence(admin: Any, keys: dict[str, UUID]) -> None:
    ((key,),) = admin.execute("select id from app.intel_item order by id limit 1").fetchall()
    admin.execute(INTELLIGENCE, _given(id=key, expires=DAY))
    keys["intelligence"] = key


def _places(admin: Any, keys: dict[str, UUID]) -> None:
    given = _given(ref=new_reference("PL"))
    admin.execute(PLACE, given)
    keys["place"] = given["id"]
    ((worked,),) = admin.execute(
        "select place_id from app.context_assessment order by place_id limit 1"
    ).fetchall()
    admin.execute(
        "update app.place set state = 'CLOSED', close_code = 'SAFER', closed_at = %s, "
        "merged_into_id = null where id = %s",
        (AT, worked),
    )
    admin.execute(
        "update app.context_assessment set limits = %s where place_id = %s", (CANARY, worked)
    )
    keys["context_work"] = worked


def _meetings(admin: Any, keys: dict[str, UUID]) -> None:
    kinds = MEETINGS | {"meeting": "CONTEXT_CONFERENCE"}
    for rule, kind in kinds.items():
        ((key,),) = admin.execute(
            "select id from app.meeting where kind = %s order by id limit 1", (kind,)
        ).fetchall()
        admin.execute(
            "update app.meeting set held_at = %s, place_ids = '{}', minutes = %s where id = %s",
            (AT, CANARY, key),
        )
        keys[rule] = key


def _children(admin: Any, keys: dict[str, UUID], incidents: list[UUID]) -> None:
    """One without a link; one with two, which goes with the last of them."""
    alone, linked = _given(ref=new_reference("CH")), _given(ref=new_reference("CH"))
    for given in (alone, linked):
        admin.execute(CHILD, given)
    ((place,),) = admin.execute(OPEN_PLACE).fetchall()
    link = random_id()
    admin.execute(
        "insert into app.child_place_link (id, child_id, place_id, role, from_on, confidence, "
        "source_agency, basis, created_at, created_by, is_synthetic) "
        "values (%s, %s, %s, 'frequents', '2020-03-01', 'HIGH', 'AFC', %s, %s, %s, true)",
        (link, linked["id"], place, CANARY, AT, SOMEBODY),
    )
    admin.execute(
        "insert into app.child_incident_link (child_id, incident_id, role, created_at, created_by, "
        "is_synthetic) values (%s, %s, 'harmed_here', %s, %s, true)",
        (linked["id"], incidents[0], AT, SOMEBODY),
    )
    keys["child"], keys["child_place_link"] = alone["id"], link
    keys["child_incident_link"] = linked["id"]


def _clusters(admin: Any, keys: dict[str, UUID]) -> None:
    """Two runs of a kind: the newer stays for ever, and so does what it found."""
    run, newer, lineage = random_id(), random_id(), random_id()
    done = {"state": "DONE", "requested_at": AT, "finished_at": AT}
    insert(admin, "app.cluster_run", run_values(run) | done)
    later = {"finished_at": AT + timedelta(days=1)}
    insert(admin, "app.cluster_run", run_values(newer) | done | later)
    seen = {"last_seen_on": DAY}
    insert(admin, "app.cluster_lineage", lineage_values(lineage) | seen)
    insert(admin, "app.cluster", cluster_values(random_id(), run, lineage, 1, ["E09000021"]))
    keys["cluster_run"], keys["cluster_lineage"] = run, lineage


def _people(admin: Any, keys: dict[str, UUID]) -> None:
    user = random_id()
    values = user_values(user, 77, "AFC", ME)
    values |= {"state": "DISABLED", "updated_at": AT, "ends_on": "2020-12-01", "name": CANARY}
    insert(admin, "app.user", values)
    for rule, prefix, statement in (("access_grant", "GR", GRANT), ("legal_hold", "LH", HOLD)):
        given = _given(ref=new_reference(prefix), user=user)
        admin.execute(statement, given)
        keys[rule] = given["id"]
    keys["user"] = user
