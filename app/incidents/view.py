"""An incident and its versions in words, as the pages show them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from geoalchemy2.shape import to_shape
from sqlalchemy.orm import Session

from app.accounts.permissions import ROLES
from app.core.actor import Actor
from app.incidents import history, when
from app.incidents.history import Content, Version
from app.incidents.models import Incident
from app.reference import gazetteer
from app.reference import queries as reference

YES_NO = {True: "Yes", False: "No"}
STATES = {"RECORDED": "Recorded", "CONFIRMED": "Confirmed", "WITHDRAWN": "Withdrawn"}
LISTS = {
    "source_agency": ("agency", "Source"),
    "discovered_by": ("discovered_by", "How it came to light"),
    "confidence": ("confidence", "How sure it is"),
    "child_count_band": ("child_count_band", "Children harmed or at risk"),
    "outcome_band": ("outcome_band", "What came of it"),
}
Places = Mapping[str, tuple[str, str]]


def near(session: Session, incident: Incident) -> str | None:
    """What the point of an incident is near, from the gazetteer: a street or a postcode."""
    if incident.geom is None:
        return None
    point = to_shape(incident.geom)
    return gazetteer.near(session, point.x, point.y).label


class Fact(NamedTuple):
    """A line of an incident."""

    key: str
    label: str
    words: str


class Difference(NamedTuple):
    """A line of two versions side by side."""

    label: str
    before: str
    after: str

    @property
    def differs(self) -> bool:
        return self.before != self.after


class Step(NamedTuple):
    """A version as the history tells it."""

    version: Version
    who: str
    changed: list[Difference]


@dataclass(frozen=True)
class Words:
    """What codes mean, and the places that this reader may see."""

    harms: Mapping[str, str]
    severities: Mapping[str, int]
    lists: Mapping[str, Mapping[str, str]]
    places: Places

    @classmethod
    def of(cls, session: Session, contents: Sequence[Content]) -> "Words":
        known = reference.harms(session)
        return cls(
            harms={harm.code: harm.label for harm in known},
            severities={harm.code: harm.severity for harm in known},
            lists={
                name: {code.code: code.label for code in reference.codes(session, kind)}
                for name, (kind, _) in LISTS.items()
            },
            places=history.places_in(session, contents),
        )

    def facts(self, one: Content) -> list[Fact]:
        """Line by line, always the same lines in the same order."""
        own = [one["place_id"]] if one["place_id"] else []
        others = (self.harms.get(code, code) for code in one["other_harm_codes"])
        point = one["point"]
        return [
            Fact("harm_code", "Harm", self.harms.get(one["harm_code"], one["harm_code"])),
            Fact("severity", "Severity of the harm", self._severity(one["harm_code"])),
            Fact("other_harm_codes", "Other harms", "; ".join(others)),
            Fact("when", "When", told_when(one)),
            Fact("places", "Places chosen", self._named([*own, *one["also_place_ids"]])),
            Fact("without", "Places taken out", self._named(one["without_place_ids"])),
            Fact("point", "Point", f"{point[0]:.0f}, {point[1]:.0f}" if point else ""),
            Fact("uncertainty_m", "May be off by", _metres(one["uncertainty_m"])),
            Fact("line_linked", "Linked to a county line", YES_NO[one["line_linked"]]),
            *(
                Fact(name, label, self.lists[name].get(one[name], one[name]))
                for name, (_, label) in LISTS.items()
            ),
            Fact("summary", "Summary", one["summary"] or ""),
            Fact("state", "State", STATES[one["state"]]),
        ]

    def _severity(self, harm: str) -> str:
        return f"{self.severities[harm]} of 5" if harm in self.severities else ""

    def _named(self, keys: Sequence[str]) -> str:
        seen = (self.places[key] for key in keys if key in self.places)
        return "; ".join(f"{name} ({ref})" for ref, name in seen)

    def beside(self, before: Content, after: Content) -> list[Difference]:
        """Both versions, line by line."""
        pairs = zip(self.facts(before), self.facts(after), strict=True)
        return [Difference(old.label, old.words, new.words) for old, new in pairs]


def told_when(one: Content) -> str:
    words = when.in_words(
        one["occurred_from"], one["occurred_to"], one["time_precision"], about=one["time_about"]
    )
    return words[:1].upper() + words[1:]


def _metres(number: int | None) -> str:
    return "" if number is None else f"{number:,} metres"


def who(session: Session, version: Version, actor: Actor) -> str:
    """A role and an organisation: the history is about the incident, not about colleagues."""
    if version.by == actor.id:
        return "You"
    role = ROLES.get(version.role or "")
    if role is None:
        return "The service"
    agencies = {code.code: code.label for code in reference.codes(session, "agency")}
    agency = agencies.get(version.agency_code or "", version.agency_code)
    label = role.label[:1].upper() + role.label[1:]
    return f"{label}, {agency}" if agency else label


def steps(session: Session, incident: Incident, actor: Actor) -> list[Step]:
    """The history, newest first, each version with what it changed."""
    found = history.versions(session, incident)
    words = Words.of(session, [one.content for one in found])
    told = []
    for number, one in enumerate(found):
        earlier = found[number + 1].content if number + 1 < len(found) else None
        changed = [d for d in words.beside(earlier, one.content) if d.differs] if earlier else []
        told.append(Step(one, who(session, one, actor), changed))
    return told


def compared(session: Session, before: Content, after: Content) -> list[Difference]:
    """For the pages with two versions side by side; empty lines on both sides are left out."""
    words = Words.of(session, [before, after])
    return [one for one in words.beside(before, after) if one.before or one.after]


def answers(session: Session, incident: Incident) -> dict[str, Any]:
    """What the form of a correction shows before anybody typed."""
    one = history.content(session, incident)
    boxes = when.period_boxed(one["occurred_from"], one["occurred_to"], one["time_precision"])
    plain = {name: one[name] for name in (*LISTS, "time_precision", "harm_code", "uncertainty_m")}
    others = {f"other_{code}": "yes" for code in one["other_harm_codes"]}
    ticks = {name: "yes" for name in ("time_about", "line_linked") if one[name]}
    return {"version": incident.version, "summary": one["summary"]} | boxes | plain | others | ticks


def facts(session: Session, incident: Incident) -> list[Fact]:
    """What is known, without empty lines; places have a list of their own on the page."""
    one = history.content(session, incident)
    told = Words.of(session, [one]).facts(one)
    return [fact for fact in told if fact.words and fact.key not in {"places", "state"}]
