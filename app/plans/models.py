"""Tables of plans. Which place it is, its boroughs and tier follow by trigger."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.schema import FetchedValue

from app.core.db import Model
from app.places.models import Part, Record, StateChange


class Plan(Record, Model):
    """What is to change in a context, and who does what."""

    __tablename__ = "context_plan"
    __table_args__ = ({"schema": "app"},)

    place_id: Mapped[UUID] = mapped_column(ForeignKey("app.place.id"))
    assessment_id: Mapped[UUID | None]
    conference_id: Mapped[UUID | None]
    state: Mapped[str] = mapped_column(default="DRAFT")
    agreed_on: Mapped[date | None]
    active_on: Mapped[date | None]
    equality_check: Mapped[str | None]
    consultation: Mapped[str | None]
    summary_plain: Mapped[str | None]
    shown_on: Mapped[date | None]  # to the children who took part
    ring_m: Mapped[int | None]  # of displacement, around the place
    measures_hash: Mapped[str | None]  # written by trigger when it is agreed
    controller: Mapped[str] = mapped_column(server_default=FetchedValue())
    regime: Mapped[str] = mapped_column(server_default=FetchedValue())


class PlanChange(StateChange, Model):
    """How a plan came where it is."""

    __tablename__ = "context_plan_state_change"
    __table_args__ = ({"schema": "app"},)


class Goal(Part, Model):
    """An indicator, turned into what will be so."""

    __tablename__ = "plan_goal"
    __table_args__ = ({"schema": "app"},)

    place_id: Mapped[UUID] = mapped_column(server_default=FetchedValue())
    plan_id: Mapped[UUID] = mapped_column(ForeignKey("app.context_plan.id"))
    goal_code: Mapped[str]
    position: Mapped[int] = mapped_column(default=0)
    body: Mapped[str]
    indicator_code: Mapped[str]
    result: Mapped[str | None]


class Measure(Part, Model):
    """How change is seen; frozen once the plan is agreed."""

    __tablename__ = "plan_measure"
    __table_args__ = ({"schema": "app"},)

    place_id: Mapped[UUID] = mapped_column(server_default=FetchedValue())
    goal_id: Mapped[UUID] = mapped_column(ForeignKey("app.plan_goal.id"))
    kind: Mapped[str]
    is_change: Mapped[bool]
    body: Mapped[str]
    unit: Mapped[str] = mapped_column(default="")
    direction: Mapped[str]
    baseline: Mapped[Decimal | None]
    baseline_n: Mapped[int | None]
    baseline_on: Mapped[date | None]
    target: Mapped[Decimal | None]
    due_on: Mapped[date | None]
    method_code: Mapped[str | None]
    design: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    design_hash: Mapped[str | None]


class Action(Record, Model):
    """Who does what by when. Its owner sees this row, and no other of the plan."""

    __tablename__ = "plan_action"
    __table_args__ = ({"schema": "app"},)

    place_id: Mapped[UUID] = mapped_column(ForeignKey("app.place.id"))
    plan_id: Mapped[UUID | None] = mapped_column(ForeignKey("app.context_plan.id"))
    goal_id: Mapped[UUID | None] = mapped_column(ForeignKey("app.plan_goal.id"))
    meeting_id: Mapped[UUID | None]
    goal_text: Mapped[str | None] = mapped_column(server_default=FetchedValue())
    response_code: Mapped[str]
    kind: Mapped[str]
    body: Mapped[str]
    owner_agency: Mapped[str]
    owner_user_id: Mapped[UUID | None]
    due_on: Mapped[date]
    state: Mapped[str] = mapped_column(default="OPEN")
    evidence: Mapped[str | None]
    help_wanted: Mapped[bool] = mapped_column(default=False)
    done_by: Mapped[UUID | None]
    done_at: Mapped[datetime | None]
    confirmed_by: Mapped[UUID | None]
    confirmed_at: Mapped[datetime | None]
    reminded_on: Mapped[date | None]  # its owner, by e-mail, last
    controller: Mapped[str] = mapped_column(server_default=FetchedValue())
    regime: Mapped[str] = mapped_column(server_default=FetchedValue())


class ActionChange(StateChange, Model):
    """How an action came where it is."""

    __tablename__ = "plan_action_state_change"
    __table_args__ = ({"schema": "app"},)
