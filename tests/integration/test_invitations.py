"""Invitations and the end of sessions, as an administrator makes them."""

from datetime import timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import ProgrammingError

from app.accounts import queries, service
from app.accounts.identity import identify, token_hash
from app.accounts.models import Invitation, User
from app.accounts.rules import State
from app.core import clock
from tests.people import SYSTEM, sign_in_as


@pytest.fixture
def admin(db):
    return sign_in_as(db, "administrator", agency="AFC")


@pytest.fixture
def kim(db):
    return sign_in_as(db, "practitioner")


def one(db, person):
    with db.read(SYSTEM) as session:
        return session.scalar(select(User).where(User.id == person.user_id))


@pytest.mark.asvs("6.4.1")
def test_an_invitation_ends_sessions_and_the_link_opens_the_account_once(db, admin, kim):
    with db.begin(admin.actor) as session:
        user = queries.user_by_id(session, kim.user_id)
        token = service.invite(session, user, now=clock.now())
        state = user.state

    with db.read(SYSTEM) as session:
        kept = session.scalar(select(Invitation).where(Invitation.user_id == kim.user_id))
    assert state == State.INVITED
    assert identify(db, kim.cookie) is None
    assert kept.token_hash == token_hash(token)
    assert kept.expires_at > clock.now() + timedelta(days=6)
    assert token.encode() not in kept.token_hash


def test_a_second_invitation_takes_the_first_back(db, admin, kim):
    for _ in range(2):
        with db.begin(admin.actor) as session:
            service.invite(session, queries.user_by_id(session, kim.user_id), now=clock.now())

    with db.read(SYSTEM) as session:
        still_open = select(Invitation).where(
            Invitation.user_id == kim.user_id, Invitation.used_at.is_(None)
        )
        assert len(session.scalars(still_open).all()) == 1


def test_nobody_invites_themselves_again(db, admin):
    with pytest.raises(ProgrammingError, match="may not invite"), db.begin(admin.actor) as session:
        service.invite(session, queries.user_by_id(session, admin.user_id), now=clock.now())


@pytest.mark.asvs("6.4.4")
def test_who_was_confirmed_must_be_confirmed_again(db, admin):
    lead = sign_in_as(db, "cs_lead", agency="AFC")
    with db.begin(admin.actor) as session:
        service.invite(session, queries.user_by_id(session, lead.user_id), now=clock.now())

    assert one(db, lead).approved_by is None


@pytest.mark.asvs("7.4.5")
def test_ending_sessions_signs_out_browsers_and_programs(db, admin, kim):
    with db.begin(SYSTEM) as session:
        session.execute(
            text("""
                insert into app.api_token (id, user_id, token_hash, scope, created_at, created_by,
                                           expires_at)
                values (gen_random_uuid(), :user, :hash, 'read', now(), :user, now() + '1 hour')
            """),
            {"user": kim.user_id, "hash": token_hash("a program")},
        )
    assert identify(db, "a program") is not None

    with db.begin(admin.actor) as session:
        ended = service.end_sessions(session, queries.user_by_id(session, kim.user_id))

    assert ended == 2
    assert identify(db, kim.cookie) is None
    assert identify(db, "a program") is None
