"""Two other boroughs, of the example in docs/examples: a database, people and records."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

from sqlalchemy import text

from app.briefings import building as briefings
from app.clusters import service as clusters
from app.clusters.schemas import RunIn
from app.core import clock
from app.core.actor import Actor
from app.core.ids import new_id, new_reference
from app.core.partnership import partnership
from app.core.settings import Settings
from app.places.queries import partner_codes
from app.releases import building as releases
from tests.people import HTML, browser, send, sign_in_as

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = ROOT / "docs" / "examples" / "partnership" / "hackney-and-islington.toml"
HACKNEY, ISLINGTON = "E09000012", "E09000019"
BORDER = (532_975.0, 184_742.0)  # Hackney to the east, Islington to the west
QUARTER = "2026-Q1"
ROLES = (
    "partner",
    "practitioner",
    "police_analyst",
    "cs_lead",
    "vca_member",
    "auditor",
    "administrator",
)
INCIDENT = text("""
    insert into app.incident (id, ref, agency_code, tier, purpose_code, created_by, updated_by,
        occurred_from, occurred_to, time_precision, geom, harm_code, source_agency, state,
        uncertainty_m, is_synthetic)
    select :id, :ref, :agency, 'H1', 'PLAN', sec.actor(), sec.actor(), :at, :at, 'DAY',
        ST_SetSRID(ST_MakePoint(:x, :y), 27700), 'ROBBERY', :agency, 'RECORDED', 0, true
""")
# A page that is one more example of another is not looked at again.
ONE_MORE = re.compile(r"[A-Z]{2}-[0-9A-Z]{3}-[0-9A-Z]{4}|[0-9a-f-]{36}|\b[0-9A-Z]{10}\b|\d+")
LINK = re.compile(r'(?:href|action|src)="(/[^"#]*)')
LEFT_OUT = re.compile(r"^/(static|basemap|tiles|sign-out|exit|csp-report)|\.(png|svg|pbf)(\?|$)")


@dataclass
class House:
    """The service of the other partnership, with its people."""

    db: Any
    settings: Settings
    people: dict[str, Any] = field(default_factory=dict)

    def as_(self, role: str) -> Any:
        if role not in self.people:
            person = sign_in_as(
                self.db, role, boroughs=(HACKNEY, ISLINGTON), agency="HI_SAFEGUARDING"
            )
            self.people[role] = browser(self.db, self.settings, person, headers=HTML)
            self.people[role].person = person
        return self.people[role]

    @property
    def lead(self) -> Actor:
        return self.as_("cs_lead").person.actor

    def propose(self, **differs: Any) -> str:
        shape = {"type_code": "CANAL", "name": "The lock of the tests", "easting": BORDER[0] + 300}
        given = shape | {"northing": BORDER[1], "description": "Synthetic"} | differs
        headers = {"Accept": "application/json"}
        answer = self.as_("cs_lead").post("/api/v1/places", json=given, headers=headers)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["ref"])

    def incidents(self) -> None:
        """Twelve on both sides of the border, of the last six weeks."""
        noon = clock.now().replace(hour=12)
        with self.db.begin(self.lead) as session:
            for n in range(12):
                given = {"id": new_id(), "ref": new_reference("IC"), "at": noon - timedelta(3 * n)}
                side = 60 if n % 2 else -60
                given |= {"x": BORDER[0] + side + n, "y": BORDER[1] + n}
                agency = ("LA_HACKNEY", "LA_ISLINGTON")[n % 2]
                session.execute(INCIDENT, given | {"agency": agency})

    def run(self) -> None:
        with self.db.begin(self.lead) as session:
            wanted = RunIn(source="partnership", replicates=0)
            codes = partner_codes(self.settings.partnership)
            (made,) = clusters.ask(session, self.lead, wanted, codes)
        clusters.recompute(self.db, made.id)

    def briefing(self) -> str:
        """A released quarter without a record, and the draft of a report of it."""
        house = partnership(self.settings.partnership)
        codes = partner_codes(self.settings.partnership)
        lead, auditor = self.as_("cs_lead"), self.as_("auditor")
        assert send(lead, "/releases", period=QUARTER).status_code == 303
        releases.build(self.db, QUARTER, codes)
        for signer in (lead, auditor):
            assert send(signer, f"/releases/{QUARTER}/sign").status_code == 303
        releases.publish(self.db, QUARTER, codes)
        begun = send(lead, "/briefings", period=QUARTER)
        assert begun.status_code == 303, begun.text
        ref = begun.headers["location"].split("/")[2]
        briefings.check(self.db, ref, house.names)
        return str(ref)


def words(page: str) -> str:
    """Of a page, also those of its titles, labels and alternative texts."""
    return unescape(re.sub(r"\s+", " ", page))


def asked(client: Any, path: str) -> Any:
    """Again where the machine was too busy, which says nothing of the page."""
    for _ in range(3):
        answer = client.get(path)
        if answer.status_code != 503:
            return answer
    return client.get(path)


def crawled(client: Any, *first: str, most: int = 400) -> Iterator[tuple[str, Any]]:
    """Each kind of page that can be reached by links from there, once."""
    waiting, known = [*first], set()
    while waiting and len(known) < most:
        path = waiting.pop(0)
        kind = ONE_MORE.sub("*", path.partition("?")[0])
        if kind in known or LEFT_OUT.search(path):
            continue
        known.add(kind)
        answer = asked(client, unescape(path))
        yield path, answer
        if to := answer.headers.get("location", ""):
            waiting.append(to)
        if "html" in answer.headers.get("content-type", ""):
            waiting += LINK.findall(answer.text)
