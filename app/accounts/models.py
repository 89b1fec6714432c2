"""Tables of accounts. What proves who somebody is lives apart from who they are."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ForeignKey, LargeBinary, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.schema import FetchedValue

from app.accounts.rules import State
from app.core.db import Model
from app.core.ids import new_id

SCHEMA = {"schema": "app"}


class User(Model):
    """A person with an account. No case content, ever."""

    __tablename__ = "user"
    __table_args__ = (SCHEMA,)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    ref: Mapped[str]
    username: Mapped[str]
    name: Mapped[str]
    email: Mapped[str | None]
    agency_code: Mapped[str]
    role: Mapped[str]
    borough_codes: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    state: Mapped[str] = mapped_column(default=State.INVITED)
    ends_on: Mapped[date]
    oidc_issuer: Mapped[str | None]
    oidc_subject: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    created_by: Mapped[UUID]
    updated_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    updated_by: Mapped[UUID]
    approved_at: Mapped[datetime | None]
    approved_by: Mapped[UUID | None]
    last_sign_in_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)
    is_synthetic: Mapped[bool] = mapped_column(default=False)


class Credential(Model):
    """Hashes and a sealed secret. Only sign-in itself may read them."""

    __tablename__ = "credential"
    __table_args__ = (SCHEMA,)

    user_id: Mapped[UUID] = mapped_column(ForeignKey(User.id), primary_key=True)
    password_hash: Mapped[str | None]
    totp_secret: Mapped[bytes | None]
    totp_last_step: Mapped[int] = mapped_column(default=0)
    recovery_hashes: Mapped[list[bytes]] = mapped_column(ARRAY(LargeBinary), default=list)
    changed_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())


class Passkey(Model):
    """A second factor that cannot be read out over a shoulder."""

    __tablename__ = "passkey"
    __table_args__ = (SCHEMA,)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[UUID] = mapped_column(ForeignKey(User.id))
    credential_id: Mapped[bytes]
    public_key: Mapped[bytes]
    sign_count: Mapped[int] = mapped_column(default=0)
    label: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    last_used_at: Mapped[datetime | None]
    removed_at: Mapped[datetime | None]


class Visit(Model):
    """One browser on its way in (`CODE`, `SETUP`) or signed in (`FULL`)."""

    __tablename__ = "session"
    __table_args__ = (SCHEMA,)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    token_hash: Mapped[bytes]
    user_id: Mapped[UUID] = mapped_column(ForeignKey(User.id))
    stage: Mapped[str]
    challenge: Mapped[bytes | None]
    return_to: Mapped[str | None]
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    idle_min: Mapped[int]
    absolute_until: Mapped[datetime]
    stepped_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class Invitation(Model):
    """A link that lets one person set up one account, once."""

    __tablename__ = "invitation"
    __table_args__ = (SCHEMA,)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[UUID] = mapped_column(ForeignKey(User.id))
    token_hash: Mapped[bytes]
    created_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class ApiToken(Model):
    """For a program that acts as one person, for at most a day."""

    __tablename__ = "api_token"
    __table_args__ = (SCHEMA,)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[UUID] = mapped_column(ForeignKey(User.id))
    token_hash: Mapped[bytes]
    scope: Mapped[str]
    label: Mapped[str | None]
    created_at: Mapped[datetime]
    created_by: Mapped[UUID]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]


class SignInFailure(Model):
    """A try that no success took back; `key` is a keyed hash of an account or a source."""

    __tablename__ = "sign_in_failure"
    __table_args__ = (SCHEMA,)

    attempt_id: Mapped[UUID] = mapped_column(primary_key=True)
    key: Mapped[bytes] = mapped_column(primary_key=True)
    at: Mapped[datetime]


class Grant(Model):
    """One record, or in an emergency the boroughs, beyond what the role opens; with an end."""

    __tablename__ = "access_grant"
    __table_args__ = (SCHEMA,)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    ref: Mapped[str]
    user_id: Mapped[UUID] = mapped_column(ForeignKey(User.id))
    agency_code: Mapped[str]
    kind: Mapped[str]
    object_type: Mapped[str | None]
    object_id: Mapped[UUID | None]
    purpose: Mapped[str | None]
    reason: Mapped[str]
    from_at: Mapped[datetime]
    until_at: Mapped[datetime]
    created_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    created_by: Mapped[UUID]
    approved_at: Mapped[datetime | None]
    approved_by: Mapped[UUID | None]
    revoked_at: Mapped[datetime | None]
    revoked_by: Mapped[UUID | None]
