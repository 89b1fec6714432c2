"""Missing episodes: read and written with a purpose only; every read leaves a trace."""

from datetime import datetime
from typing import Annotated

from pydantic import Field
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.audit import service as audit
from app.core import clock
from app.core.actor import Actor
from app.core.errors import InvalidError, NotFoundError, RuleBrokenError, StaleError
from app.core.types import Instant, StrictModel, Text
from app.incidents import queries, rules
from app.incidents.models import Incident, MissingEpisode
from app.incidents.rules import LONDON

ABSENT = "There is no missing episode of this incident."
BECAUSE = text("select set_config('cs.reason', :why, true)")
TIMES = (
    "missing_from_at",
    "returned_at",
    "rhi_offered_at",
    "rhi_held_at",
    "manager_decision_at",
)
ORDER = {
    "returned_at": "The return is before the child went missing.",
    "rhi_offered_at": "The interview was offered before the child went missing.",
    "rhi_held_at": "The interview was held before the child went missing.",
    "manager_decision_at": "The decision is before the child went missing.",
}


class EpisodeIn(StrictModel):
    """What the panel needs to know: times and answers, and nothing about the child."""

    version: Annotated[int, Field(ge=0)] = 0
    missing_from_at: Instant
    returned_at: Instant | None = None
    rhi_offered_at: Instant | None = None
    rhi_held_at: Instant | None = None
    rhi_declined: bool | None = None
    manager_decision_at: Instant | None = None
    location_captured: bool = False
    repeat_of: Annotated[Text, Field(max_length=20)] | None = None

    def times(self) -> dict[str, datetime | None]:
        return {name: _zoned(getattr(self, name)) for name in TIMES}


def _zoned(at: datetime | None) -> datetime | None:
    return at if at is None or at.tzinfo else at.replace(tzinfo=LONDON)


def find(session: Session, incident: Incident) -> MissingEpisode | None:
    """Read with the purpose of the claims; nothing to find looks like what may not be seen."""
    audit.record(session, "missing_episode.read", "incident", incident.ref)
    return session.scalar(select(MissingEpisode).where(MissingEpisode.incident_id == incident.id))


def of_missing_child(session: Session, ref: str) -> Incident:
    """An incident that a missing episode may be told of.

    Raises
    ------
    NotFoundError
        It is of another harm, or not there.
    """
    incident = queries.find(session, ref)
    if incident.harm_code not in rules.EPISODES:
        raise NotFoundError(ABSENT)
    return incident


def check(
    session: Session, incident: Incident, wanted: EpisodeIn
) -> tuple[dict[str, str], Incident | None]:
    """What is wrong by field, and the earlier incident that this one repeats."""
    errors = {}
    times = wanted.times()
    begin, now = times["missing_from_at"], clock.now()
    for name, at in times.items():
        if at is not None and at > now:
            errors[name] = "This is in the future."
        elif at is not None and begin is not None and at < begin:
            errors[name] = ORDER[name]
    if wanted.rhi_declined and wanted.rhi_held_at:
        errors["rhi_held_at"] = "The interview was either held or declined."
    earlier = _earlier(session, incident, wanted.repeat_of)
    if wanted.repeat_of and earlier is None:
        errors["repeat_of"] = "Give the reference of another incident of a missing child."
    return errors, earlier


def save(session: Session, actor: Actor, incident: Incident, wanted: EpisodeIn) -> MissingEpisode:
    """Record or correct the one episode of this incident. Earlier versions are kept."""
    errors, earlier = check(session, incident, wanted)
    if errors:
        raise InvalidError("Change the fields named below.", errors)
    if incident.state == rules.State.WITHDRAWN:
        raise RuleBrokenError("This incident was withdrawn and can no longer be changed.")
    found = session.scalar(
        select(MissingEpisode)
        .where(MissingEpisode.incident_id == incident.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if (found.version if found else 0) != wanted.version:
        raise StaleError("Somebody changed this episode first. Compare and save again.")
    episode = found or _begun(session, actor, incident)
    session.execute(BECAUSE, {"why": ""})
    given = wanted.times() | wanted.model_dump(include={"rhi_declined", "location_captured"})
    given |= {"repeat_of_id": earlier.id if earlier else None}
    for name, value in given.items():
        setattr(episode, name, value)
    if found:
        episode.version += 1
    episode.updated_by = actor.id
    session.add(episode)
    verb = "update" if found else "create"
    audit.record(session, f"missing_episode.{verb}", "incident", incident.ref)
    session.refresh(episode)
    return episode


def _begun(session: Session, actor: Actor, incident: Incident) -> MissingEpisode:
    return MissingEpisode(
        incident_id=incident.id,
        agency_code=actor.agency or "OTHER",
        created_by=actor.id,
        kind=rules.EPISODES[incident.harm_code],
    )


def _earlier(session: Session, incident: Incident, ref: str | None) -> Incident | None:
    """The incident, not its episode: a purpose given for one episode opens no other."""
    if not ref:
        return None
    try:
        found = of_missing_child(session, ref)
    except NotFoundError:
        return None
    return None if found.id == incident.id else found


def repeats(session: Session, episode: MissingEpisode) -> str | None:
    """Reference of the incident that this one repeats, if the reader may see it."""
    return session.scalar(select(Incident.ref).where(Incident.id == episode.repeat_of_id))


def given_reason(session: Session, incident: Incident) -> None:
    audit.record(session, "missing_episode.purpose", "incident", incident.ref)
