"""What a run found out about one cluster, as it is stored in `app.cluster.evidence`.

Every number is for analysts and leads. Whoever reads a released table gets none of it.
Days are ISO dates, both included; boroughs are GSS codes. A part that was not worked out says so
in `status` and `why`; a key that is missing was not yet known to the run that stored it.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

Status = Literal["tested", "not enough data", "not tested"]
Significance = Literal["emerging", "persistent", "both", "chance", "not tested"]
NOT_YET = "This run did not test it."


class Part(BaseModel):
    """Read as stored: keys of a later version are passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)


class Tested(Part):
    """`why` is a sentence where the status is not `tested`."""

    status: Status = "not tested"
    why: str | None = NOT_YET


class Emerging(Tested):
    """Space-time permutation scan over the run's own clusters (analysis.md 4.4)."""

    p: float | None = None
    gumbel: float | None = None
    llr: float | None = None
    observed: int | None = None
    expected: float | None = None
    first_on: date | None = Field(default=None, alias="from")
    last_on: date | None = Field(default=None, alias="to")
    replicates: int | None = None


class Persistent(Tested):
    """More than elsewhere through the year: Gi*, or a Poisson scan where a baseline is given."""

    method: Literal["gi_star", "poisson_scan"] | None = None
    p: float | None = None
    q: float | None = None
    by: float | None = None
    z: float | None = None
    quarters_with: int | None = None
    quarters: int = 4
    observed: int | None = None
    expected: float | None = None
    category: str | None = None
    label: str | None = None


class Setting(Part):
    eps_m: float
    eps_days: int
    found: bool


class Stability(Tested):
    """In how many of the settings one reportable cluster holds half of the core."""

    found: int | None = None
    of: int | None = None
    settings: Sequence[Setting] = ()


class WithoutProactive(Tested):
    """Found still when proactive police work is left out."""

    found: bool | None = None
    left_out: int | None = None


class Aoristic(Tested):
    """Share of draws of each day from its interval in which it is found."""

    share: float | None = None
    draws: int | None = None
    survives: bool | None = None


class Sources(Part):
    """Members by code."""

    discovered_by: Mapping[str, int] = {}
    agencies: Mapping[str, int] = {}
    confidence: Mapping[str, int] = {}


class Rank(Part):
    """For the order of a list only; no part of what is found or how sure it is."""

    weight: float | None = None
    band: Literal["high", "medium", "low"] | None = None


class Contribution(Part):
    """`n` of `of`; `weight` is the share, 0 to 1."""

    kind: Literal["incidents", "reports", "agencies", "recency", "after_dark", "severity"]
    n: int
    of: int
    weight: float


class Month(Part):
    """`month` is YYYY-MM."""

    month: str
    n: int


class Span(Part):
    """R1: core incidents by borough, and how many each needs."""

    holds: bool = False
    core: Mapping[str, int] = {}
    needed: int | None = None


class Straddle(Part):
    """R2: share of the footprint by borough, 0 to 1."""

    holds: bool = False
    share: Mapping[str, float] = {}


class Flow(Tested):
    """R3: children harmed here who live in another borough."""

    holds: bool = False
    children: int | None = None
    elsewhere: int | None = None
    expected: float | None = None
    p: float | None = None
    q: float | None = None
    homes: Mapping[str, int] = {}


class Link(Part):
    """An edge between two places of a component. `shared` counts children."""

    a: str
    b: str
    shared: int
    p: float
    q: float


class Component(Part):
    """Linked contexts: hot spots by content id, other places by their id, online included."""

    id: str
    kind: Literal["cluster", "network"]
    clusters: Sequence[str] = ()
    places: Sequence[str] = ()
    online: Sequence[str] = ()
    boroughs: Sequence[str] = ()
    links: Sequence[Link] = ()


class Linked(Tested):
    """R4: the component holds clusters in two boroughs or more."""

    holds: bool = False
    component: Component | None = None


class Lineage(Part):
    """References of lineages (CL-...)."""

    continues: bool = False
    since: date | None = None
    split_from: str | None = None
    merged: Sequence[str] = ()


class Evidence(Part):
    """Everything of one cluster."""

    significance: Significance = "not tested"
    emerging: Emerging = Emerging()
    persistent: Persistent = Persistent()
    stability: Stability = Stability()
    without_proactive: WithoutProactive = WithoutProactive()
    aoristic: Aoristic = Aoristic()
    sources: Sources = Sources()
    rank: Rank = Rank()
    why_here: Sequence[Contribution] = ()
    months: Sequence[Month] = ()
    r1: Span = Span()
    r2: Straddle = Straddle()
    r3: Flow = Flow()
    r4: Linked = Linked()
    lineage: Lineage = Lineage()

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Self:
        return cls.model_validate(stored)
