"""Who a reference stands for: sealed apart, asked for, approved by another, read one at a time."""

import re
from datetime import date

import psycopg
import pytest

from app.core import clock
from app.core.errors import NotFoundError
from app.core.ids import random_id
from app.core.mail import RecordedMail
from app.vault import keeping
from app.vault.jobs import shred
from app.vault.keys import Vault
from app.vault.rules import Identity, blind
from tests import uses
from tests.dumps import dumped
from tests.people import HTML
from tests.uses import PLAN, REASON, WHO, World, posting

NAMES = ("Synthetic-Example", "Synthetic Kyle")


@pytest.fixture
def settings(settings, tmp_path):
    """With a folder of its own: what other tests sealed is not counted."""
    return settings.model_copy(update={"data_dir": tmp_path})


@pytest.fixture
def world(db, settings):
    return World(db, settings)


@pytest.fixture
def vault(settings):
    return Vault.of(settings)


def told(world, page):
    return world.lead.get(page, headers=HTML).text


def with_a_new_code(world, client):
    with world.superuser() as admin:
        admin.execute(
            "update app.session set stepped_at = clock_timestamp() where user_id = %s",
            (client.person.user_id,),
        )


def test_an_identity_is_asked_for_approved_by_another_and_read(world):
    page, keeper, ref = uses.asked_for(world)
    letters = RecordedMail()
    world.lead.app.state.mailer = letters
    with world.superuser() as admin:
        admin.execute(
            "update app.\"user\" set email = 'custodian@synthetic.invalid' where id = %s",
            (keeper.person.user_id,),
        )

    before = posting(world.lead, f"{page}/read")()
    own = posting(world.lead, f"/identity-requests/{ref}/approve")()
    approved = posting(keeper, f"/identity-requests/{ref}/approve")()
    state = told(world, page)
    read = posting(world.lead, f"{page}/read")()

    assert before.status_code == 404, "not approved yet"
    assert own.status_code == 409, "one's own request"
    assert approved.status_code == 303
    assert "about 23 hours are left" in state
    assert all(name in read.text for name in NAMES)
    assert [mail.to for mail in letters.sent] == ["custodian@synthetic.invalid"]
    assert not any(name in str(letters.sent) for name in NAMES)
    pages = told(world, page) + told(world, "/identity-requests")
    assert not any(name in pages for name in NAMES)


@pytest.mark.asvs("7.5.3")
def test_each_reading_needs_a_second_factor_of_its_own(world):
    page, keeper, ref = uses.asked_for(world)
    posting(keeper, f"/identity-requests/{ref}/approve")()
    read = posting(world.lead, f"{page}/read")

    first, second = read(), read()
    with_a_new_code(world, world.lead)
    third = read()

    assert [first.status_code, second.status_code, third.status_code] == [200, 401, 200]
    assert second.json()["type"] == "/problems/step-up-needed"


@pytest.mark.parametrize("end", ["a day later", "withdrawn", "ended by a custodian"])
def test_what_is_over_opens_nothing(world, end):
    page, keeper, ref = uses.asked_for(world)
    posting(keeper, f"/identity-requests/{ref}/approve")()

    if end == "a day later":
        with world.superuser() as admin:
            admin.execute(
                "update app.access_grant set from_at = now() - interval '25 hours', "
                "until_at = now() - interval '1 hour' where ref = %s",
                (ref,),
            )
    else:
        who, how = (world.lead, "withdraw") if end == "withdrawn" else (keeper, "close")
        assert posting(who, f"/identity-requests/{ref}/{how}")().status_code == 303

    assert posting(world.lead, f"{page}/read")().status_code == 404


def test_only_a_custodian_enters_and_decides(world):
    page, _, ref = uses.asked_for(world)
    other = world.as_("cs_lead", stepped=True)
    child = page.split("/")[2]
    posting(other, f"/children/{child}", purpose="PLAN")()

    entered = posting(other, f"{page}/enter", **WHO)()
    decided = posting(other, f"/identity-requests/{ref}/approve")()

    assert [entered.status_code, decided.status_code] == [403, 403]


def test_the_grants_page_and_bare_sql_do_not_go_round_the_custodian(world):
    _, _, ref = uses.asked_for(world)
    auditor = world.as_("auditor")
    by_page = posting(auditor, f"/admin/grants/{ref}/approve")()

    with (
        pytest.raises(psycopg.errors.InsufficientPrivilege),
        world.db.cursor(world.as_("auditor").person.actor) as cursor,
    ):
        cursor.execute(
            "update app.access_grant set approved_at = now(), approved_by = sec.actor() "
            "where ref = %s",
            (ref,),
        )

    assert by_page.status_code == 409


def test_the_duty_is_confirmed_by_an_auditor_and_never_by_a_lead(world):
    person, ref = world.user("cs_lead")
    other = world.as_("cs_lead", stepped=True)
    asked = posting(
        world.lead,
        "/admin/grants/new",
        person=ref,
        kind="CUSTODIAN",
        record=ref,
        purpose="PLAN",
        reason=REASON,
        until_on=clock.today().isoformat(),
    )()
    where = asked.headers["location"]

    by_lead = posting(other, f"{where}/approve")()
    by_auditor = posting(world.as_("auditor"), f"{where}/approve")()

    assert [asked.status_code, by_lead.status_code, by_auditor.status_code] == [303, 409, 303]
    assert person.user_id


def test_a_practitioner_asks_about_a_child_that_a_grant_names_and_no_other(world):
    page, keeper = uses.identified(world)
    child = page.split("/")[2]
    worker = world.as_("practitioner")
    posting(worker, f"/children/{child}", purpose="PLAN")()

    without = worker.get(page, headers=HTML).text
    refused = posting(worker, page, reason=REASON)()
    with world.superuser() as admin:
        admin.execute(
            """
            insert into app.access_grant (id, ref, user_id, agency_code, kind, object_type,
                object_id, purpose, reason, until_at, created_by, approved_at, approved_by)
            select gen_random_uuid(), 'GR-TEST', %s, 'AFC', 'CHILD_LINK', 'child', id, 'PLAN',
                'Synthetic', now() + interval '1 day', %s, now(), gen_random_uuid()
            from app.child where ref = %s
            """,
            (worker.person.user_id, keeper.person.user_id, child),
        )
    asked = posting(worker, page, reason=REASON)()

    assert "you need a grant for this child" in without
    assert [refused.status_code, asked.status_code] == [409, 303]


@pytest.mark.parametrize(
    ("role", "status"),
    [("partner", 403), ("vca_member", 403), ("administrator", 403), ("auditor", 404)],
)
def test_other_roles_have_no_page_of_identities(world, role, status):
    page, _ = uses.identified(world)
    client = world.as_(role)

    answers = [client.get(page), client.get("/children"), client.get("/children/known")]

    assert all(answer.status_code in {403, 404} for answer in answers)
    assert answers[1].status_code == status


def test_whoever_is_known_is_told_by_yes_or_no(world):
    uses.identified(world)

    def asked(surname, born="2012-02-03"):
        answers = {"surname": surname, "born_on": born, "purpose": "PLAN"}
        return posting(world.lead, "/children/known", **answers)().text

    assert "Known: yes." in asked("synthetic example")
    assert "Known: no." in asked("Synthetic-Example", "2012-02-04")
    assert "Known: no." in asked("Synthetic-Exampl")
    with world.superuser() as admin:
        admin.execute(
            "insert into vault.question (actor) select %s from generate_series(1, 20)",
            (world.lead.person.user_id,),
        )
    assert "You have asked 20 times within an hour" in asked("Synthetic-Example")


def test_a_reference_opened_twice_is_noticed(world):
    _, keeper = uses.identified(world)
    ref = world.child()
    posting(keeper, f"/children/{ref}", purpose="PLAN")()

    warned = posting(keeper, f"/children/{ref}/identity/enter", **WHO)()
    entered = posting(keeper, f"/children/{ref}/identity/enter", another="yes", **WHO)()

    assert warned.status_code == 422
    assert "is held already" in warned.text
    assert entered.status_code == 303


@pytest.mark.asvs("14.2.4")
def test_no_name_is_in_the_database_the_audit_or_a_log(world, capfd):
    page, keeper, ref = uses.asked_for(world)
    posting(keeper, f"/identity-requests/{ref}/approve")()
    posting(world.lead, f"{page}/read")()

    kept = dumped(world.db).decode()
    said = "".join(capfd.readouterr())

    assert "child_identity.read" in kept
    assert not re.search("Synthetic-Example|Synthetic Kyle|2012-02-03", kept + said)


@pytest.mark.asvs("13.3.2")
def test_keys_are_files_of_their_own_that_nobody_else_reads(world, vault):
    uses.identified(world)

    files = list(vault.folder.iterdir())

    assert len(files) == 1
    assert {path.stat().st_mode & 0o777 for path in [*files, vault.master_file]} == {0o600}
    assert vault.folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.asvs("11.3.3")
def test_a_box_is_bound_to_its_child(world, vault):
    uses.identified(world)
    uses.identified(world)
    with world.superuser() as admin:
        one, other = admin.execute(
            "select child_id, sealed, key_id, key_version from vault.identity"
        ).fetchall()

    assert vault.open(one[0], *one[1:]).surname == WHO["surname"]
    with pytest.raises(NotFoundError):
        vault.open(other[0], *one[1:])


def test_what_is_entered_anew_closes_what_was_there(world, vault):
    page, keeper = uses.identified(world)
    (before,) = vault.held()

    posting(keeper, f"{page}/enter", another="yes", **(WHO | {"surname": "Synthetic-Other"}))()
    shred(world.db, vault)

    (after,) = vault.held()
    assert before != after


def test_keys_are_rotated_and_what_was_sealed_still_opens(world, vault):
    page, keeper, ref = uses.asked_for(world)
    before = {path.name: path.read_text() for path in vault.folder.iterdir()}

    done = [keeping.rotate(world.db, vault, blind=True) for _ in range(2)]
    after = {path.name: path.read_text() for path in vault.folder.iterdir()}
    posting(keeper, f"/identity-requests/{ref}/approve")()
    read = posting(world.lead, f"{page}/read")()

    assert [each["rewrapped"] for each in done] == [1, 1]
    assert [each["blinded"] for each in done] == [1, 1]
    assert before.keys() == after.keys()
    assert before != after
    assert NAMES[0] in read.text
    assert keeping.status(world.db, vault) == {
        "identities": 1,
        "keys": 1,
        "without_key": 0,
        "without_identity": 0,
        "verified": True,
    }
    test_whoever_is_known_is_told_by_yes_or_no(world)


def test_the_index_tells_spellings_together_and_children_apart():
    key, day = b"k" * 32, date(2012, 2, 3)

    assert blind(key, "O'Synthetic-Ä", day) == blind(key, "o synthetic a", day)
    assert blind(key, "Synthetic", day) != blind(key, "Synthetic", date(2012, 2, 4))
    assert blind(key, "Synthetic", day) != blind(b"l" * 32, "Synthetic", day)


def test_boxes_of_short_and_long_names_have_one_length(vault):
    boxes = [
        vault.seal(random_id(), Identity(name, name, date(2012, 2, 3))).box
        for name in ("S", "S" * 60)
    ]

    assert len({len(box) for box in boxes}) == 1


@pytest.mark.asvs("16.3.3")
def test_opening_a_decoy_is_told_at_once(world, vault):
    keeping.decoys(world.db, uses.KINGSTON, 1, agency="AFC")
    with world.superuser() as admin:
        (ref,) = admin.execute(
            "select ref from app.child where id in (select child_id from vault.decoy)"
        ).fetchone()

    world.lead.get(f"/api/v1/children/{ref}", headers=PLAN)

    with world.superuser() as admin:
        jobs = admin.execute("select task_name from queue.procrastinate_jobs").fetchall()
        events = admin.execute(
            "select count(*) from audit.event where action = 'child.decoy'"
        ).fetchone()
    assert ("vault:decoy",) in jobs
    assert events == (1,)
