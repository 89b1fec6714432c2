"""Who acts. An actor comes from a session, a job name or, until accounts exist, the demo."""

from dataclasses import dataclass
from uuid import UUID

NOBODY = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Actor:
    """What goes into the signed claims; `db_role` picks the database login."""

    id: UUID
    role: str
    label: str
    db_role: str = "cs_app"
    agency: str | None = None
    boroughs: tuple[str, ...] = ()
    all_boroughs: bool = False
    tiers: tuple[str, ...] = ()
    purpose: str | None = None
    job: str | None = None


def job_actor(job: str) -> Actor:
    """The worker or the command line, doing one named job; policies give it that job's rows."""
    return Actor(
        id=NOBODY,
        role="job",
        label=f"job {job}",
        db_role="cs_job",
        all_boroughs=True,
        tiers=("H0", "H1", "P", "C"),
        job=job,
    )
