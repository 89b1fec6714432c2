"""The one actor there is until accounts exist: a lead who sees both boroughs and the halo."""

from uuid import UUID

from app.core.actor import Actor

DEMO_LEAD = Actor(
    id=UUID("00000000-0000-4000-8000-00000000d350"),
    role="cs_lead",
    label="Demo actor: contextual safeguarding lead, both boroughs",
    agency="AFC",
    all_boroughs=True,
    tiers=("H0", "H1", "P"),
)
