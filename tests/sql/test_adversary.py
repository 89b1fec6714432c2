"""What somebody who can put SQL into a request of a signed-in person gains: nothing they lacked.

Claims are signed and live, as those of an injected statement are. Each try is one the pages do not
offer, so that only the database stands in its way.
"""

import psycopg
import pytest
from sqlalchemy.exc import DBAPIError

from app.core.ids import random_id
from tests.people import SYSTEM, browser, sign_in_as

REFUSED = "somebody else must do this"
ASKED = """
    insert into app.access_grant (id, ref, user_id, agency_code, kind, reason, from_at, until_at,
                                  created_by, object_type, object_id)
    values (gen_random_uuid(), 'GR-' || gen_random_uuid(), %(to)s, %(agency)s, %(kind)s,
            'A reason of twenty characters', now() + %(from)s::interval,
            now() + %(from)s::interval + interval '4 hours', %(by)s,
            case %(kind)s when 'BREAK_GLASS' then null else 'place' end,
            case %(kind)s when 'BREAK_GLASS' then null else gen_random_uuid() end)
"""
CONFIRM = "state = 'ACTIVE', approved_at = now(), approved_by = %(me)s"


def outcome(db, actor, sql, **given):
    """`done`, or the words of the refusal."""
    try:
        with db.cursor(actor) as cursor:
            cursor.execute(sql, given)
            return "done" if cursor.rowcount else "no row"
    except psycopg.Error as refused:
        return refused.diag.message_primary
    except DBAPIError as refused:
        return str(refused.orig)


def change(db, actor, whom, assignments, **given):
    """One update of another account, said to be the actor's as the service says it."""
    sql = f'update app."user" set {assignments} where id = %(whom)s'
    return outcome(db, actor, sql, whom=whom, me=actor.id, **given)


@pytest.fixture
def world(db):
    return {
        role: sign_in_as(db, role, agency="AFC")
        for role in ("administrator", "auditor", "cs_lead", "partner", "practitioner")
    }


@pytest.mark.parametrize(
    "fact",
    [
        "email = 'of-another@example.org'",
        "oidc_issuer = 'https://login.example', oidc_subject = 'of another'",
        "agency_code = 'LA_RICHMOND'",
        "role = 'police_analyst'",
    ],
)
def test_who_a_confirmed_lead_is_is_not_changed_without_a_second_person(db, world, fact):
    lead, administrator = world["cs_lead"].user_id, world["administrator"].actor
    assert change(db, administrator, lead, f"updated_by = %(me)s, {fact}") == REFUSED
    again = "state = 'WAITING', approved_at = null, approved_by = null"
    assert change(db, administrator, lead, f"updated_by = %(me)s, {fact}, {again}") == "done"
    assert change(db, administrator, lead, CONFIRM) == REFUSED


def test_an_administrator_makes_no_lead_alone_whatever_they_say_who_changed_it(db, world):
    partner, administrator = world["partner"].user_id, world["administrator"].actor
    raised = "role = 'cs_lead', state = 'WAITING', approved_at = null, approved_by = null"
    assert (
        change(db, administrator, partner, f"{raised}, updated_by = %(other)s", other=random_id())
        == REFUSED
    )
    assert change(db, administrator, partner, f"{raised}, updated_by = %(me)s") == "done"
    assert change(db, administrator, partner, CONFIRM) == REFUSED
    # Nor does a second administrator: it takes an auditor.
    another = sign_in_as(db, "administrator").actor
    assert change(db, another, partner, CONFIRM) == REFUSED
    assert change(db, world["auditor"].actor, partner, CONFIRM) == "done"


@pytest.mark.parametrize(
    "fact",
    [
        "email = 'of-the-auditor@example.org'",
        "role = 'vca_member', approved_at = null, approved_by = null",
        "state = 'DISABLED'",
        "ends_on = ends_on + 1",
        "name = 'Another'",
        "approved_at = null, approved_by = null",
    ],
)
def test_an_auditor_confirms_and_changes_nothing_else(db, world, fact):
    partner = world["partner"].user_id
    assert change(db, world["auditor"].actor, partner, f"{fact}, updated_by = %(me)s") == REFUSED


@pytest.mark.parametrize(
    "fact",
    [
        "username = 'hijacked'",
        "created_by = %(me)s",
        "last_sign_in_at = now() + interval '1 year'",
        "is_synthetic = not is_synthetic",
    ],
)
def test_some_facts_of_an_account_stay_what_they_were(db, world, fact):
    partner, administrator = world["partner"].user_id, world["administrator"].actor
    assert change(db, administrator, partner, f"{fact}, updated_by = %(me)s") == REFUSED


def test_a_disabled_account_comes_back_by_an_invitation_only(db, world):
    lead, administrator = world["cs_lead"].user_id, world["administrator"].actor
    assert change(db, administrator, lead, "state = 'DISABLED', updated_by = %(me)s") == "done"
    for state in ("ACTIVE", "WAITING", "INVITED"):
        assert change(db, administrator, lead, f"state = '{state}'") == REFUSED
    invite = "select app.invite(%(whom)s, gen_random_uuid(), '\\x01', now() + %(for)s::interval)"
    long = outcome(db, administrator, invite, **{"whom": lead, "for": "30 days"})
    assert long == "an invitation lasts for seven days"
    assert outcome(db, administrator, invite, **{"whom": lead, "for": "7 days"}) == "done"
    with db.cursor(SYSTEM) as cursor:
        found = cursor.execute('select state, approved_by from app."user" where id = %s', [lead])
        assert found.fetchone() == ("INVITED", None)


def grant(db, actor, *, to, kind, starts="0 hours"):
    asked = {"to": to, "agency": actor.agency, "kind": kind, "from": starts, "by": actor.id}
    return outcome(db, actor, ASKED, **asked)


def test_emergency_access_begins_now_and_for_oneself(db, world):
    me, lead = world["practitioner"].actor, world["cs_lead"].actor
    assert grant(db, me, to=me.id, kind="BREAK_GLASS") == "done"
    assert grant(db, me, to=me.id, kind="BREAK_GLASS", starts="4 hours") == REFUSED
    assert grant(db, lead, to=me.id, kind="BREAK_GLASS") == REFUSED


def test_each_role_asks_for_its_own_kinds_of_grants(db, world):
    me, lead = world["practitioner"].actor, world["cs_lead"].actor
    police = sign_in_as(db, "police_analyst", agency="MPS_SWBCU").actor
    assert grant(db, me, to=me.id, kind="CASE") == REFUSED
    assert grant(db, police, to=me.id, kind="CASE") == REFUSED
    assert grant(db, lead, to=me.id, kind="INTEL_C") == REFUSED
    assert grant(db, police, to=me.id, kind="INTEL_C") == "done"
    assert grant(db, lead, to=me.id, kind="CASE") == "done"


@pytest.mark.asvs("2.3.5")
def test_a_grant_is_approved_by_whom_its_kind_names(db, world):
    lead, to = world["cs_lead"].actor, world["practitioner"].user_id
    police = sign_in_as(db, "police_analyst", agency=lead.agency).actor
    assert grant(db, lead, to=to, kind="CASE") == "done"
    approve = "update app.access_grant set approved_at = now(), approved_by = %(me)s"
    assert outcome(db, police, approve, me=police.id) == REFUSED
    assert outcome(db, lead, approve, me=lead.id) in (REFUSED, "no row")
    revoke = "update app.access_grant set revoked_at = now(), revoked_by = %(other)s"
    assert outcome(db, lead, revoke, other=random_id()) == REFUSED
    auditor = world["auditor"].actor
    assert outcome(db, auditor, approve, me=auditor.id) == "done"


def test_linking_a_place_does_not_tell_how_many_incidents_it_has(db, world):
    link = "select app.link_incidents('{}', array[gen_random_uuid()])"
    with db.cursor(world["partner"].actor) as cursor:
        assert cursor.execute(link).fetchone() == (0,)
    with psycopg.connect(db.logins.dsn("cs_app"), autocommit=True) as nobody:
        for call in (link, link.replace("link_incidents", "relink")):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                nobody.execute(call)


def test_a_place_tells_who_made_and_changed_it_whatever_the_statement_says(db, settings, world):
    maker, other = world["cs_lead"], world["practitioner"].user_id
    shop = {"type_code": "TAKEAWAY_SHOP", "name": "A shop", "longitude": -0.3, "latitude": 51.41}
    with browser(db, settings, maker) as client:
        ref = client.post("/api/v1/places", json=shop).json()["ref"]
    me = sign_in_as(db, "practitioner").actor

    done = outcome(
        db,
        me,
        """update app.place set name = 'Another', updated_by = %(other)s, created_by = %(other)s,
               is_synthetic = true where ref = %(ref)s""",
        other=other,
        ref=ref,
    )

    said = "select name, created_by, updated_by, is_synthetic from app.place where ref = %s"
    with db.cursor(me) as cursor:
        found = cursor.execute(said, [ref]).fetchone()
    assert (done, found) == ("done", ("Another", maker.user_id, me.id, False))


def test_what_one_leaves_in_a_connection_the_next_does_not_find(db, world):
    db.pool_size = 1
    left = """
        select pg_backend_pid(), set_config('search_path', 'pg_catalog', false),
               set_config('TimeZone', 'Asia/Tokyo', false),
               set_config('default_transaction_read_only', 'on', false),
               pg_advisory_lock(72110420)
    """
    with db.cursor(world["partner"].actor) as cursor:
        before = cursor.execute(left).fetchone()[0]

    found = """
        select pg_backend_pid(), current_setting('search_path'), current_setting('TimeZone'),
               current_setting('default_transaction_read_only'), current_setting('jit'),
               (select count(*) from pg_locks where locktype = 'advisory')
    """
    with db.cursor(world["cs_lead"].actor) as cursor:
        pid, path, zone, read_only, jit, locks = cursor.execute(found).fetchone()
    assert pid == before
    assert (path, read_only, jit, locks) == ("public, queue", "off", "off", 0)
    assert zone != "Asia/Tokyo"
