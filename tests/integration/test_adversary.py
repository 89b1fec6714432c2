"""Ways in that were tried against the running application, each kept shut."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from app.accounts.identity import identify, token_hash
from app.accounts.secrets import factors_of
from app.core import clock
from app.core.actor import NOBODY
from app.core.ids import new_id
from app.demo import accounts
from tests.entry import CHEAP
from tests.people import SYSTEM, browser, csrf, sign_in_as


def execute(db, sql, **given):
    with db.begin(SYSTEM) as session:
        return session.execute(text(sql), given)


@pytest.fixture
def demo(db, settings, tmp_path):
    folder = settings.model_copy(update={"data_dir": tmp_path})
    accounts.ensure(db, folder, factors_of(folder, CHEAP))
    with db.begin(SYSTEM) as session:
        rows = session.execute(text('select username, id from app."user"'))
        return {row.username: row.id for row in rows}


def made_by(db, person, by, *, approved_by=NOBODY):
    """As if an account of the demonstration had made, changed or confirmed this one."""
    execute(
        db,
        'update app."user" set updated_by = :by, approved_by = :yes where id = :id',
        by=by,
        yes=approved_by,
        id=person.user_id,
    )
    return person


def test_nobody_whom_a_demonstration_account_let_in_stays_once_the_service_is_real(
    db, settings, demo
):
    administrator, auditor = demo["demo-administrator"], demo["demo-auditor"]
    own = made_by(db, sign_in_as(db, "administrator"), administrator)
    further = made_by(db, sign_in_as(db, "practitioner"), own.user_id)
    lead = made_by(db, sign_in_as(db, "cs_lead", agency="AFC"), NOBODY, approved_by=auditor)
    real = sign_in_as(db, "practitioner")

    with browser(db, settings.model_copy(update={"demo": False})):
        pass  # a start without the launcher

    assert [identify(db, who.cookie) for who in (own, further, lead)] == [None, None, None]
    assert identify(db, real.cookie) is not None


def test_what_demonstration_accounts_gave_to_others_ends_with_them(db, demo):
    real = sign_in_as(db, "practitioner")
    give_token(db, real, scope="read", by=demo["demo-administrator"])
    execute(
        db,
        """
        insert into app.access_grant (id, ref, user_id, agency_code, kind, object_type, object_id,
            reason, until_at, created_by, approved_at, approved_by)
        values (:id, 'GR-TEST', :to, 'AFC', 'CASE', 'place', :id, 'For a test of the start.',
                now() + interval '1 day', :lead, now(), :auditor)
        """,
        id=new_id(),
        to=real.user_id,
        lead=demo["demo-lead"],
        auditor=demo["demo-auditor"],
    )
    assert identify(db, real.cookie).actor.named

    accounts.close(db)

    assert identify(db, "a program") is None
    assert not identify(db, real.cookie).actor.named


def give_token(db, person, *, scope, by=NOBODY):
    execute(
        db,
        """
        insert into app.api_token (id, user_id, token_hash, scope, created_by, expires_at)
        values (:id, :user, :hash, :scope, :by, :until)
        """,
        id=new_id(),
        user=person.user_id,
        hash=token_hash("a program"),
        scope=scope,
        by=by,
        until=clock.now() + timedelta(hours=1),
    )


@pytest.mark.parametrize("scope", ["read", "write"])
@pytest.mark.parametrize(
    "path",
    ["/account/sign-out-everywhere", "/account/sessions/{}/end", "/account/confirm", "/sign-out"],
)
def test_a_token_acts_on_nobodys_sessions(db, settings, scope, path):
    person = sign_in_as(db, "practitioner")
    give_token(db, person, scope=scope)
    session_id = identify(db, person.cookie).session_id
    with browser(db, settings) as program:
        answer = program.post(
            path.format(session_id),
            data={"csrf": csrf(program), "code": "000000"},
            headers={"authorization": "Bearer a program"},
        )

    assert answer.status_code == 403
    assert identify(db, person.cookie) is not None
    with db.read(SYSTEM) as session:
        counted = session.scalar(text("select count(*) from app.sign_in_failure"))
    assert counted == 0
