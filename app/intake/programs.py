"""Reports that programs send: the form's questions and rules, without its screens."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date
from typing import Annotated
from uuid import UUID

import orjson
from pydantic import BaseModel, Field

from app.core import clock
from app.core.actor import NOBODY, Actor
from app.core.errors import InvalidError
from app.core.together import Asked, Row, Together
from app.core.types import Text
from app.core.working_days import due_on
from app.intake.limits import Counted
from app.reference import gazetteer
from app.reference.gazetteer import Reach, Verdict
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


def sending_of(actor: Actor, sent: SentIn, key: bytes, *, synthetic: bool) -> Sending:
    return Sending(
        key=key,
        body=orjson.dumps(sent.model_dump(mode="json"), option=orjson.OPT_SORT_KEYS),
        channel="WEB" if actor.id == NOBODY else "PARTNER_ACCOUNT",
        is_synthetic=synthetic,
    )


def take(
    asks: Together,
    keys: Keys,
    sent: SentIn,
    sending: Sending,
    *,
    partners: Collection[str],
    counted: Counted | None,
) -> Received:
    """
    Count it, place it and receive it: two round trips, the first for what must be known before.

    Raises
    ------
    TooManyError
        As `limits.count_sending`, whatever else is wrong with it.
    InvalidError
        In the words of the form, one a field.
    """
    group = _where(sent, sorted(partners))
    first = asks.ask(*([[counted.asked]] if counted else ()), group)
    waits = counted.waits(int(first.pop(0)[0] or 0)) if counted else ()
    if _has_postcode_only(sent):
        sent = _at_postcode(sent, first[0])
        group = _where(sent, sorted(partners))
        first = asks.ask(group)
    report, outside = _placed(sent, gazetteer.reached(first[0]) if group else None)
    return receive(asks, keys, report, replace(sending, out_of_area_lad=outside, quarantine=waits))


def _where(sent: SentIn, partners: Sequence[str]) -> list[Asked]:
    """The question of where it is; none when nothing was said that could be found."""
    if _has_postcode_only(sent):
        return [gazetteer.coded(sent.postcode or "")]
    point = None if sent.problems() else sent.point()
    return [] if point is None else [gazetteer.reaching(point.x, point.y, partners)]


def _has_postcode_only(sent: SentIn) -> bool:
    if sent.where_kind == "ONLINE" or not sent.postcode:
        return False
    return not (sent.longitude or sent.easting)


def _at_postcode(sent: SentIn, found: Row) -> SentIn:
    """With the point of its postcode."""
    label, easting_m, northing_m = found
    if easting_m is None or northing_m is None:
        raise InvalidError(CHANGE, {"postcode": UNKNOWN})
    point = {"easting": float(easting_m), "northing": float(northing_m)}
    near = {"pin_accuracy_m": sent.pin_accuracy_m or OF_A_POSTCODE_M}
    return sent.model_copy(update=point | near | {"where_text": sent.where_text or label})


def _placed(sent: SentIn, reach: Reach | None) -> tuple[ReportIn, str | None]:
    """Whose it is, when not ours; a pin that is too far away is dropped and the words are kept."""
    if wrong := sent.problems():
        raise InvalidError(CHANGE, wrong)
    if reach is None or reach.verdict is Verdict.INSIDE:
        return sent, None
    if reach.verdict is Verdict.OUTSIDE:
        return sent, reach.lad_code
    if not (sent.where_text or sent.line or sent.from_text or sent.to_text):
        raise InvalidError(CHANGE, {"longitude": TOO_FAR})
    return sent.model_copy(update=dict.fromkeys(COORDINATES)), None
