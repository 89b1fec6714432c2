"""How the priority of a place is said. Pure; it is worked out at night, in app/priority.

An aid for staff, and a person decides: a band in words, how sure it is, and the number only beside
what it is made of. No partner, VCA or public answer holds any of it.
"""

from dataclasses import dataclass
from datetime import date

TERM_WORDS = {
    "severity": "How serious the harm is",
    "recency": "How much was said, and how lately",
    "reach": "How many children",
    "guardians": "How few caring adults are there",
    "surroundings": "The place itself, and the system around it",
}
BANDS = (("LOW", 25.0), ("MEDIUM", 50.0), ("HIGH", 75.0))  # below; then URGENT
BAND_WORDS = {"LOW": "Low", "MEDIUM": "Medium", "HIGH": "High", "URGENT": "Urgent"}
SURE_WORDS = {"L": "low confidence", "M": "medium confidence", "H": "high confidence"}
MAINLY_LOOKED_FOR = "Listed mainly because police were looking here."


@dataclass(frozen=True, slots=True)
class Standing:
    """The priority of one place as its page says it."""

    run_on: date
    p: float
    p_without_proactive: float
    band: str
    confidence: str
    voice_items: int
    terms: dict[str, float | None]
    band_override: str | None = None
    override_reason: str | None = None
    override_expires_on: date | None = None
    override_role: str | None = None

    @property
    def words(self) -> str:
        return words(self.band_override or self.band, self.confidence)

    @property
    def looked_for(self) -> str:
        return looked_for(self.p, self.p_without_proactive)

    @property
    def made_of(self) -> list[tuple[str, str]]:
        """Each term in words, out of 100; what is not known says so."""
        return [
            (said, "Not known" if (term := self.terms.get(name)) is None else f"{100 * term:.0f}")
            for name, said in TERM_WORDS.items()
        ]


def band(p: float) -> str:
    """Lower edges belong to the band above.

    >>> band(24.9), band(25.0), band(74.9), band(75.0)
    ('LOW', 'MEDIUM', 'HIGH', 'URGENT')
    """
    return next((name for name, below in BANDS if p < below), "URGENT")


def words(band_now: str, confidence: str) -> str:
    """As it stands on a page.

    >>> words("HIGH", "L")
    'High, low confidence'
    """
    return f"{BAND_WORDS[band_now]}, {SURE_WORDS[confidence]}"


def looked_for(p: float, without: float) -> str:
    """Said when the band falls without what police went looking for."""
    return MAINLY_LOOKED_FOR if band(without) != band(p) else ""
