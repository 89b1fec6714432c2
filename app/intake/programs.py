"""Reports that programs send: the form's questions and rules, without its screens."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date
from typing import Annotated
from uuid import UUID

import orjson
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from app.core import clock
from app.core.actor import NOBODY, Actor
from app.core.errors import InvalidError
from app.core.types import Text
from app.core.working_days import due_on
from app.reference import gazetteer
from app.reference.gazetteer import Verdict
from app.reports.receipts import spelled
from app.reports.schemas import Received, ReportIn
from app.reports.sealing import Keys
from app.reports.service import Sending, receive

UNKNOWN = "We could not find this postcode. Check it or give a point."
TOO_FAR = "This point is too far away. Describe where it is in words."
CHANGE = "Change the fields named below."
OF_A_POSTCODE_M = 100
COORDINATES = ("longitude", "latitude", "easting", "northing", "pin_accuracy_m")


class SentIn(ReportIn):
    """A report as a program sends it; where it is may be a postcode instead of a point."""

    postcode: Annotated[Text, Field(max_length=10)] | None = None


class ReceiptOut(BaseModel):
    """All that a sender is told, whatever is known of the place."""

    receipt: str = Field(description="24 letters and numbers, the only way back. Keep it.")
    status_url: str
    read_by: date
    what_happens_next: str


def receipt_out(received: Received, base_url: str) -> ReceiptOut:
    day = due_on(clock.now())
    shown = f"{day:%A} {day.day} {day:%B %Y}"
    return ReceiptOut(
        receipt=spelled(received.receipt),
        status_url=f"{base_url.rstrip('/')}/report/status",
        read_by=day,
        what_happens_next=f"A person reads this report by {shown}. "
        "With the receipt, messages about it can be read and answered at the status page.",
    )


def sending_key(actor: Actor, key: UUID) -> bytes:
    """Each sender has keys of its own: nobody meets another's report by its key."""
    return b"program " + actor.id.bytes + key.bytes


def sending_of(
    actor: Actor, sent: SentIn, key: bytes, quarantine: Sequence[str], *, synthetic: bool
) -> Sending:
    return Sending(
        key=key,
        body=orjson.dumps(sent.model_dump(mode="json"), option=orjson.OPT_SORT_KEYS),
        channel="WEB" if actor.id == NOBODY else "PARTNER_ACCOUNT",
        quarantine=quarantine,
        is_synthetic=synthetic,
    )


def take(
    session: Session, keys: Keys, sent: SentIn, sending: Sending, partners: Collection[str]
) -> Received:
    """
    Place it and receive it.

    Raises
    ------
    InvalidError
        In the words of the form, one a field.
    """
    report, outside = _placed(session, _found(session, sent), partners)
    return receive(session, keys, report, replace(sending, out_of_area_lad=outside))


def _found(session: Session, sent: SentIn) -> SentIn:
    """With the point of its postcode, where that is all that is given."""
    if sent.where_kind == "ONLINE" or not sent.postcode or sent.longitude or sent.easting:
        return sent
    named = gazetteer.find(session, sent.postcode)
    for place in named:
        if place.kind == "POSTCODE" and place.exact:
            point = {"easting": place.easting_m, "northing": place.northing_m}
            near = {"pin_accuracy_m": sent.pin_accuracy_m or OF_A_POSTCODE_M}
            words = {"where_text": sent.where_text or place.label}
            return sent.model_copy(update=point | near | words)
    raise InvalidError(CHANGE, {"postcode": UNKNOWN})


def _placed(
    session: Session, sent: SentIn, partners: Collection[str]
) -> tuple[ReportIn, str | None]:
    """Whose it is, when not ours; a pin that is too far away is dropped and the words are kept."""
    if wrong := sent.problems():
        raise InvalidError(CHANGE, wrong)
    point = sent.point()
    if point is None:
        return sent, None
    reach = gazetteer.reach(session, point.x, point.y, sorted(partners))
    if reach.verdict is Verdict.OUTSIDE:
        return sent, reach.lad_code
    if reach.verdict is Verdict.INSIDE:
        return sent, None
    if not (sent.where_text or sent.line or sent.from_text or sent.to_text):
        raise InvalidError(CHANGE, {"longitude": TOO_FAR})
    return sent.model_copy(update=dict.fromkeys(COORDINATES)), None
