"""What every page of an assessment shows, and the page for two people who wrote the same."""

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import Request, Response
from sqlalchemy.orm import Session

from app.assessments import locking, view, writing
from app.assessments.locking import Clash
from app.assessments.reading import Whole
from app.assessments.rules import OPEN
from app.core import clock
from app.core import pages as html
from app.core.actor import Actor
from app.places import life_queries


def writes(actor: Actor) -> bool:
    """The police read and comment; what they know comes in as intelligence."""
    return actor.role in {"practitioner", "cs_lead"}


def told(session: Session, actor: Actor, whole: Whole) -> dict[str, Any]:
    made = whole.assessment
    people = {made.assessor_user_id, made.approved_by}
    names = life_queries.names_of(session, {one for one in people if one is not None})
    own = actor.works_in(made.borough_codes)
    return {
        "assessment": made,
        "place": whole.place,
        "is_online": whole.is_online,
        "state": view.STATES[made.state],
        "writing": own and writes(actor) and made.state in OPEN,
        "assessor": names.get(made.assessor_user_id, "a colleague"),
        "approver": names.get(made.approved_by, "a colleague") if made.approved_by else "",
        "voice": view.voice(whole),
        "heading": view.SHORT,
    }


def clash_page(
    request: Request, whole: Whole, page: str, sent: Mapping[str, str], clashes: Sequence[Clash]
) -> Response:
    """Both versions side by side; nothing of either is lost, and the other is told, too."""
    first = clashes[0]
    who = writing.role_of(whole.assessment, first.by)
    at = clock.london(first.at)
    kept = {name: said for name, said in sent.items() if name not in {"csrf", "over"}}
    for clash in clashes:
        view_ = clash.what.rpartition(":")[2] if clash.what.startswith("item:") else ""
        kept[f"seen_{view_}" if view_ else "seen"] = locking.seal(clash.now)
    return html.render(
        request,
        "assessments/clash.html",
        status=409,
        page_title=f"Changed by {who} at {at:%H:%M}. Compare and save again.",
        assessment=whole.assessment,
        place=whole.place,
        page=page,
        compared=view.compared(clashes),
        sent=kept,
    )
