"""Who acts. An actor comes from a session, a token or a job name, never from a request's words."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

NOBODY = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Actor:
    """What goes into the signed claims; `db_role` picks the database login.

    `named` holds the records that live grants open, by object. `purpose` opens one record, the
    one with the reference `purpose_for`, or any (`*`) where a list was asked for with a reason.
    `emergency` says that a live emergency grant widens the boroughs. `view` is what the permission
    file lets this role see of the object that was asked for. `patient` is a person's work that the
    worker does: it has minutes where a page has seconds. `map_version` is what they may have seen
    of the map, their own changes among it: a replica that has less does not answer them.
    """

    id: UUID
    role: str
    label: str
    db_role: str = "cs_app"
    agency: str | None = None
    boroughs: tuple[str, ...] = ()
    all_boroughs: bool = False
    tiers: tuple[str, ...] = ()
    named: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    purpose: str | None = None
    purpose_for: str = ""
    stepped_at: datetime | None = None
    emergency: bool = False
    regime: str = "UK_GDPR"
    job: str | None = None
    view: str = "full"
    patient: bool = False
    map_version: str | None = field(default=None, compare=False)

    def works_in(self, borough_codes: Iterable[str]) -> bool:
        """May change records there, where the role changes any: a grant opens reading only."""
        wide = self.all_boroughs or self.emergency
        return wide or not set(self.boroughs).isdisjoint(borough_codes)


# Somebody without an account: the public form, its mailbox, programs without a token.
PUBLIC = Actor(id=NOBODY, role="public", label="public reporter", db_role="cs_public")


def job_actor(job: str, db_role: str = "cs_job") -> Actor:
    """The worker or the command line, doing one named job; policies give it that job's rows."""
    return Actor(
        id=NOBODY,
        role="job",
        label=f"job {job}",
        db_role=db_role,
        all_boroughs=True,
        tiers=("H0", "H1", "P", "C"),
        job=job,
    )
