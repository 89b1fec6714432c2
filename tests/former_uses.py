"""What each of the four users does with a web process of the last release, over the wire."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html import unescape

import pyotp

from app.accounts.secrets import STEP_S
from tests.endurance.wire import Answer, Tally, Wire
from tests.entry import step_now
from tests.sending import address_of, body_of, key_of

TOKEN = re.compile(r'name="csrf" value="([0-9a-f]{64})"')
LINK = re.compile(r'href="(/[^"#]*)"')
STAFF = ("cs_lead", "practitioner", "police_analyst", "vca_member", "partner")
# Not looked at: it ends the session, or is fetched by browsers and not by people.
LEFT_OUT = ("/sign-out", "/static", "/assets")


@dataclass
class Person:
    """One of the demonstration's, signed in with both factors."""

    wire: Wire
    places: dict[str, str] = field(default_factory=dict)  # reference by name
    reports: list[str] = field(default_factory=list)

    @classmethod
    def signed_in(cls, port: int, told: Mapping[str, str], tally: Tally, n: int = 1) -> "Person":
        wire = Wire(port, told["role"], tally, address=f"198.19.210.{n}")
        wire.csrf = _token(wire.page("/sign-in"))
        good(wire.form("/sign-in", username=told["username"], password=told["password"]))
        wire.csrf = _token(wire.page("/sign-in/code"))
        code = pyotp.TOTP(told["totp_secret"]).at(step_now()[0] * STEP_S)
        assert good(wire.form("/sign-in/code", code=code)).headers["location"] != "/sign-in"
        wire.csrf = _token(wire.page("/account"))
        return cls(wire)

    def pages(self) -> Iterator[str]:
        """The home page and what it leads to."""
        found = LINK.findall(good(self.wire.page("/")).text)
        for path in sorted({unescape(each) for each in found}):
            if not path.startswith(LEFT_OUT):
                yield path

    def place(self, name: str, n: int) -> None:
        """30 m or more from the others, named as nothing else."""
        where = {"easting": 518_300 + 60 * (n % 15), "northing": 168_000 + 60 * (n // 15)}
        given = {"type_code": "CONGREGATION", "name": name} | where
        self.places[name] = good(self.wire.send("/api/v1/places", given)).json()["ref"]

    def moved(self, name: str) -> None:
        at = f"/api/v1/places/{self.places[name]}"
        reason = "Synthetic: seen by two people."
        changed = {"version": self._version(at), "description": "Synthetic: lit since spring."}
        good(self.wire.send(at, changed, "PATCH"))
        move = {"to": "SCREENED", "class_confirmed": True, "reason": reason}
        good(self.wire.send(f"{at}/moves", move | {"version": self._version(at)}))

    def _version(self, at: str) -> int:
        return int(good(self.wire.data(at)).json()["version"])


def reported(port: int, name: str, tally: Tally, n: int = 0) -> str:
    """A report from the public, from an address of its own; its receipt."""
    wire = Wire(port, "public", tally, address=address_of(n))
    headers = {"Content_Type": "application/json", "Idempotency_Key": key_of(name)}
    answer = good(wire.ask("POST", "/api/v1/reports", body_of(name), **headers))
    wire.close()
    return str(answer.json()["receipt"])


def good(answer: Answer) -> Answer:
    """As it was answered, when it was what somebody asked for."""
    assert 200 <= answer.status < 400, (answer.status, answer.text[:600])
    return answer


def _token(answer: Answer) -> str:
    found = TOKEN.search(good(answer).text)
    return found[1] if found else ""
