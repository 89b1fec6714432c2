"""Tables of assessments. Which place it is, its boroughs and tier follow by trigger."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import ForeignKey, Text
from sqlalchemy import Uuid as UuidType
from sqlalchemy.dialects.postgresql import ARRAY, BIT, JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.schema import FetchedValue

from app.core.db import BNG, Model
from app.core.ids import random_id
from app.places.models import Part, Record, StateChange

OF_ASSESSMENT = "app.context_assessment.id"
OF_PLACE = "app.place.id"


class Assessment(Record, Model):
    """A location or neighbourhood assessment of one place."""

    __tablename__ = "context_assessment"
    __table_args__ = ({"schema": "app"},)

    place_id: Mapped[UUID] = mapped_column(ForeignKey(OF_PLACE))
    state: Mapped[str] = mapped_column(default="DRAFT")
    assessor_user_id: Mapped[UUID]
    prompted_by: Mapped[str] = mapped_column(default="REPORT")
    prompted_text: Mapped[str | None]
    boundary: Mapped[WKBElement | None] = mapped_column(
        Geometry("POLYGON", srid=BNG, spatial_index=False)
    )
    boundary_reason: Mapped[str | None]
    scope: Mapped[str | None]
    managed_by: Mapped[str | None]
    hours_of_concern: Mapped[str | None] = mapped_column(BIT(168))
    harm_codes: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    child_count_band: Mapped[str] = mapped_column(default="NOT_KNOWN")
    previous_responses: Mapped[str | None]
    what_works: Mapped[str | None]
    policing_history: Mapped[str | None]
    consents: Mapped[str | None]
    slots_reason: Mapped[str | None]
    no_voice_reason: Mapped[str | None]
    voice_due_on: Mapped[date | None]
    limits: Mapped[str | None]
    started_on: Mapped[date | None]
    due_on: Mapped[date | None]
    d1: Mapped[int | None]
    d2: Mapped[int | None]
    d3: Mapped[int | None]
    d1_known: Mapped[int] = mapped_column(default=0)
    d2_known: Mapped[int] = mapped_column(default=0)
    d3_known: Mapped[int] = mapped_column(default=0)
    approved_by: Mapped[UUID | None]
    approved_at: Mapped[datetime | None]
    supersedes_id: Mapped[UUID | None]
    controller: Mapped[str] = mapped_column(server_default=FetchedValue())
    regime: Mapped[str] = mapped_column(server_default=FetchedValue())


class AssessmentChange(StateChange, Model):
    """How an assessment came where it is."""

    __tablename__ = "context_assessment_state_change"
    __table_args__ = ({"schema": "app"},)


class Method(Part, Model):
    """How somebody looked or asked: numbers of people, never who."""

    __tablename__ = "assessment_method"
    __table_args__ = ({"schema": "app"},)

    place_id: Mapped[UUID] = mapped_column(server_default=FetchedValue())
    assessment_id: Mapped[UUID] = mapped_column(ForeignKey(OF_ASSESSMENT))
    method_code: Mapped[str]
    planned: Mapped[bool] = mapped_column(default=True)
    held_on: Mapped[date | None]
    day_part: Mapped[str | None]
    after_dark: Mapped[bool | None]
    n_children: Mapped[int | None]
    n_adults: Mapped[int | None]
    note: Mapped[str | None]


class Answer(Part, Model):
    """One indicator as one view sees it; without a rating it is not known."""

    __tablename__ = "assessment_answer"
    __table_args__ = ({"schema": "app"},)

    place_id: Mapped[UUID] = mapped_column(server_default=FetchedValue())
    assessment_id: Mapped[UUID] = mapped_column(ForeignKey(OF_ASSESSMENT))
    indicator_code: Mapped[str]
    view: Mapped[str]
    rating: Mapped[int | None]
    confidence: Mapped[str] = mapped_column(default="M")
    note: Mapped[str | None]
    evidence_ids: Mapped[list[UUID]] = mapped_column(ARRAY(UuidType), default=list)


class Sign(Part, Model):
    """One sentence of the panel: of an assessment or of a review."""

    __tablename__ = "signs_panel"
    __table_args__ = ({"schema": "app"},)

    place_id: Mapped[UUID] = mapped_column(server_default=FetchedValue())
    assessment_id: Mapped[UUID | None] = mapped_column(ForeignKey(OF_ASSESSMENT))
    review_id: Mapped[UUID | None]
    column_code: Mapped[str]
    position: Mapped[int] = mapped_column(default=0)
    body: Mapped[str]
    view: Mapped[str]
    evidence_ids: Mapped[list[UUID]] = mapped_column(ARRAY(UuidType), default=list)


class Scale(Part, Model):
    """0 to 10 by one party: of an assessment or of a review. Never averaged."""

    __tablename__ = "safety_scale"
    __table_args__ = ({"schema": "app"},)

    place_id: Mapped[UUID] = mapped_column(server_default=FetchedValue())
    assessment_id: Mapped[UUID | None] = mapped_column(ForeignKey(OF_ASSESSMENT))
    review_id: Mapped[UUID | None]
    party: Mapped[str]
    n_people: Mapped[int]
    score: Mapped[int]
    why: Mapped[str | None]
    one_point: Mapped[str | None]
    on_date: Mapped[date]


class Weighting(Part, Model):
    """100 points of one rater over seven contexts; others see it once all have rated."""

    __tablename__ = "context_weighting"
    __table_args__ = ({"schema": "app"},)

    place_id: Mapped[UUID] = mapped_column(ForeignKey(OF_PLACE))
    subject_kind: Mapped[str] = mapped_column(default="PLACE")
    session_id: Mapped[UUID]
    rater_id: Mapped[UUID]
    rater_kind: Mapped[str]
    points: Mapped[dict[str, Any]] = mapped_column(JSONB)
    must_change_first: Mapped[str]
    rationale: Mapped[str]
    all_rated: Mapped[bool] = mapped_column(default=False)


class SafetyMap(Part, Model):
    """What children drew: one colour of one sheet."""

    __tablename__ = "safety_map"
    __table_args__ = ({"schema": "app"},)

    place_id: Mapped[UUID] = mapped_column(ForeignKey(OF_PLACE))
    assessment_id: Mapped[UUID | None] = mapped_column(ForeignKey(OF_ASSESSMENT))
    session_on: Mapped[date]
    sheet_id: Mapped[UUID] = mapped_column(default=random_id)
    group_size: Mapped[int]
    area_label: Mapped[str]
    drawing: Mapped[WKBElement] = mapped_column(
        Geometry("MULTIPOLYGON", srid=BNG, spatial_index=False)
    )
    colour: Mapped[str]
    after_dark: Mapped[bool] = mapped_column(default=False)
    note: Mapped[str | None]
    state: Mapped[str] = mapped_column(default="COLLECTED")


class SafetyMapChange(StateChange, Model):
    """How a drawing came where it is."""

    __tablename__ = "safety_map_state_change"
    __table_args__ = ({"schema": "app"},)
