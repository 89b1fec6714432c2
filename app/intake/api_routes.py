"""POST /api/v1/reports: what partner systems and other programs send."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Request, Response
from pydantic import BeforeValidator

from app.accounts.deps import Db, May, Source
from app.core.actor import NOBODY, Actor
from app.core.problems import documented
from app.intake import programs
from app.intake.limits import Counted
from app.intake.programs import ReceiptOut, SentIn

api = APIRouter(prefix="/api/v1/reports", tags=["reports"])

Sender = Annotated[Actor, Depends(May("report.send", open_to_all=True))]
NOT_A_KEY = "Send a UUID: a new one for each report, and the same when you send it again."


def _key(said: str) -> UUID:
    try:
        return UUID(said)
    except ValueError as wrong:
        raise ValueError(NOT_A_KEY) from wrong


SendingKey = Annotated[
    UUID, BeforeValidator(_key), Header(alias="Idempotency-Key", description=NOT_A_KEY)
]
AGAIN: dict[int | str, dict[str, Any]] = {
    200: {"model": ReceiptOut, "description": "Sent before with this key: the same receipt"}
}


@api.post("", status_code=201, responses=AGAIN | documented(422, 429))
def send(
    sent: SentIn,
    request: Request,
    response: Response,
    db: Db,
    actor: Sender,
    address: Source,
    key: SendingKey,
) -> ReceiptOut:
    """Tell the partnership about a place or online space that worries you.

    The rules are those of the public form. Without a session or token it is sent by nobody; with
    one, by the organisation of the account. The answer is the same for places that are known and
    for places that are not.
    """
    of, one = request.app.state, programs.sending_key(actor, key)
    # Who is signed in answers for what they send; others are counted by connection.
    counted = Counted(of.limits, address, one) if actor.id == NOBODY else None
    sending = programs.sending_of(actor, sent, one, synthetic=of.settings.demo)
    partners = of.partnership.codes
    with db.together(actor) as asks:
        received = programs.take(asks, of.keys, sent, sending, partners=partners, counted=counted)
    response.status_code = 200 if received.again else 201
    return programs.receipt_out(received, of.settings.base_url)
