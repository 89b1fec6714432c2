"""What each of the four users does, a step at a time: a step is sent once and noted in the journal.

A step whose answer did not come is left as it is: it may have happened or not, and never twice.
Only reports are sent again, with the same key, as the form and programs do.
"""

import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from app.reports.receipts import folded
from tests.endurance.journal import Journal, Write
from tests.endurance.people import Person
from tests.endurance.wire import Answer, Tally, Wire
from tests.importing import HEADER, ROW
from tests.sending import address_of, body_of, key_of

REPORTER = "public reporter"
AGAIN_S = 0.2
RUN_EACH_S = 60
OLDEST = 40  # records that a mix remembers to come back to
EXPORT = {
    "format": "csv",
    "purpose": "CONTEXT_ASSESSMENT",
    "recipient_agency": "AFC",
    "recipient": "Synthetic Recipient",
    "reason": "To plan detached work for the summer holidays.",
}


@dataclass
class Ground:
    """What all mixes share: the journal, a place with its plan, and when to stop."""

    journal: Journal
    tally: Tally
    port: int
    place_ref: str
    plan_ref: str
    stop: threading.Event = field(default_factory=threading.Event)


Step = Callable[[], object]


@dataclass
class Reporter:
    """Sends a report until it is acknowledged, each twentieth once more; reads the public pages."""

    ground: Ground
    rng: random.Random
    n: int = 0

    def steps(self) -> Sequence[tuple[int, Step]]:
        return [(6, self.report), (2, self.read)]

    def report(self) -> None:
        self.n += 1
        wire = self._wire()
        write = self.ground.journal.attempt("report", self.ground.journal.name("report"))
        until_s: float | None = None
        while not self._sent(wire, write):
            write.began_s = time.monotonic()
            if self.ground.stop.wait(AGAIN_S):
                until_s = until_s or time.monotonic() + 60
                time.sleep(AGAIN_S)
            if until_s is not None and time.monotonic() > until_s:
                wire.close()
                return
        if self.n % 20 == 0:
            first = write.ref
            assert self._sent(wire, write) is False or write.ref == first, "two receipts"
        wire.close()

    def _sent(self, wire: Wire, write: Write) -> bool:
        key, began_s = key_of(write.key), time.monotonic()
        headers = {"Content_Type": "application/json", "Idempotency_Key": key}
        answer = wire.ask("POST", "/api/v1/reports", body_of(write.key), **headers)
        if answer.status not in {200, 201}:
            return False
        write.began_s = began_s
        self.ground.journal.acknowledge(write, folded(answer.json()["receipt"]))
        return True

    def read(self) -> None:
        wire = self._wire()
        for path in ("/report", "/report/emergency", "/cookies", "/privacy"):
            wire.page(path)
        wire.close()

    def _wire(self) -> Wire:
        """Each from an address of their own: nobody is slowed down for another."""
        address = address_of(self.rng.randrange(100_000))
        return Wire(self.ground.port, REPORTER, self.ground.tally, address=address)


@dataclass
class Staff:
    """What the signed-in mixes have in common."""

    ground: Ground
    rng: random.Random
    person: Person
    places: list[str] = field(default_factory=list)
    layers: ClassVar[Sequence[str]] = ("areas", "places", "incidents")

    @property
    def wire(self) -> Wire:
        return self.person.wire

    def place(self) -> None:
        """Named as nothing else, 30 m or more from the others."""
        name = self.ground.journal.name("place")
        body = {"type_code": "CONGREGATION", "name": name} | self._point()
        answer = self._write("place", name, "/api/v1/places", body)
        if answer is not None:
            self.places.append(answer.json()["ref"])
            del self.places[:-OLDEST]

    def incident(self) -> None:
        name = self.ground.journal.name("incident")
        body = {"harm_code": "ASB", "occurred_from": "2026-07-29T00:20", "source_agency": "AFC"}
        self._write("incident", name, "/api/v1/incidents", body | {"summary": name} | self._point())

    def look(self, *paths: str) -> Step:
        return lambda: self.wire.page(self.rng.choice(paths))

    def tile(self) -> None:
        x, y = 8187 + self.rng.randrange(6), 5455 + self.rng.randrange(6)
        layer = self.rng.choice(self.layers)
        self.wire.ask("GET", f"/tiles/{layer}/14/{x}/{y}.pbf")

    def own_place(self) -> None:
        if self.places:
            self.wire.page(f"/places/{self.rng.choice(self.places)}")

    def _write(self, kind: str, key: str, path: str, body: dict, method="POST") -> Answer | None:
        """The answer when it was acknowledged."""
        write = self.ground.journal.attempt(kind, key)
        answer = self.wire.send(path, body, method)
        if answer.status not in {200, 201, 202}:
            return None
        self.ground.journal.acknowledge(write, answer.json().get("ref"))
        return answer

    def _point(self) -> dict[str, float]:
        easting, northing = 518_300 + self.rng.randrange(900), 168_000 + self.rng.randrange(900)
        return {"easting": easting, "northing": northing}


@dataclass
class Lead(Staff):
    """Places, their moves and revisions, incidents, comments, clusters, the inbox, the lists."""

    run_due_s: float = 0

    def steps(self) -> Sequence[tuple[int, Step]]:
        pages = ("/", "/places", "/incidents", "/assessments", "/actions", "/meetings")
        return [
            (3, self.place),
            (2, self.move),
            (2, self.revise),
            (3, self.incident),
            (3, self.comment),
            (2, self.inbox),
            (1, self.search_clusters),
            (4, self.look(*pages, "/map", "/search?q=synthetic", "/clusters", "/releases")),
            (2, self.own_place),
            (3, self.tile),
        ]

    def move(self) -> None:
        if not self.places:
            return
        ref = self.places.pop(0)  # moved once and not touched again
        body = {
            "to": "SCREENED",
            "class_confirmed": True,
            "version": self._version(ref),
            "reason": "Synthetic: seen by two people.",
        }
        self._write("move", ref, f"/api/v1/places/{ref}/moves", body)

    def revise(self) -> None:
        if not self.places:
            return
        ref = self.places[-1]
        words = self.ground.journal.name("revision")
        body = {"version": self._version(ref), "description": words}
        self._write("revision", words, f"/api/v1/places/{ref}", body, "PATCH")

    def comment(self) -> None:
        words = self.ground.journal.name("comment")
        self._write("comment", words, f"/api/v1/comments/{self.ground.plan_ref}", {"body": words})

    def inbox(self) -> None:
        """The list and a report of it: reading one is audited."""
        self.wire.page("/reports")

    def search_clusters(self) -> None:
        """Now and then: each takes a while of the worker."""
        if time.monotonic() < self.run_due_s:
            return
        self.run_due_s = time.monotonic() + RUN_EACH_S
        name = self.ground.journal.name("run")
        write = self.ground.journal.attempt("run", name)
        answer = self.wire.send("/api/v1/clusters/runs", {"source": "partnership"})
        if answer.status in {200, 201, 202}:
            self.ground.journal.acknowledge(write, answer.json()["runs"][0]["id"])

    def _version(self, ref: str) -> int:
        answer = self.wire.data(f"/api/v1/places/{ref}")
        return answer.json()["version"] if answer.status == 200 else 1


class Analyst(Staff):
    """Imports a file, asks for exports, reads clusters, incidents and features."""

    def steps(self) -> Sequence[tuple[int, Step]]:
        features = ("/ogc/collections/incidents/items?limit=50", "/ogc/collections/places/items")
        return [
            (1, self.bring_in),
            (1, self.export),
            (3, self.incident),
            (3, self.look("/clusters", "/incidents", "/map", "/imports", "/exports")),
            (2, lambda: self.wire.data(self.rng.choice(features))),
            (3, self.tile),
        ]

    def export(self) -> None:
        words = self.ground.journal.name("export")
        write = self.ground.journal.attempt("export", words)
        answer = self.wire.form(
            f"/exports/new?what=incidents&place={self.ground.place_ref}",
            **(EXPORT | {"reason": words}),
        )
        if answer.status == 303:
            ref = answer.headers["location"].rpartition("/")[2]
            self.ground.journal.acknowledge(write, ref)

    def bring_in(self) -> None:
        """Upload, kind and columns, dry run, apply: each step is tried until its state is there."""
        name = self.ground.journal.name("import")
        rows = [ROW.format(n=f"{name} row {i}", x=517_000 + 40 * i, y=168_000) for i in range(4)]
        body = "\n".join([HEADER, *rows]).encode()
        headers = {"Content_Type": "application/octet-stream"}
        sent = self.wire.ask("POST", "/api/v1/imports?name=synthetic.csv", body, **headers)
        if sent.status != 201:
            return
        path = f"/api/v1/imports/{sent.json()['ref']}"
        if self.wire.send(f"{path}/mapping", {"kind": "incidents"}, "PUT").status != 200:
            return
        if self.wire.send(f"{path}/dry-run", {}).status != 202:
            return
        to_write = self._tried(path)
        if to_write is not None:
            self._write("import", name, f"{path}/apply", {"rows": to_write})

    def _tried(self, path: str) -> int | None:
        until = time.monotonic() + 20
        while time.monotonic() < until and not self.ground.stop.is_set():
            answer = self.wire.data(path)
            if answer.status == 200:
                told = answer.json()
                if told["work"] is None and told["state"] == "DRY_RUN":
                    if not told["undecided"]:
                        return int(told["to_write"])
                    self.wire.send(f"{path}/duplicates", {"rest": "KEEP"}, "PUT")
            self.ground.stop.wait(0.3)
        return None


class Reader(Staff):
    """A member of the VCA subgroup: the quarterly reports and the releases they are made of."""

    def steps(self) -> Sequence[tuple[int, Step]]:
        return [(4, self.look("/", "/briefings", "/releases", "/account", "/help"))]


class Partner(Staff):
    """A school: begins to tell of something, reads what is listed."""

    layers = ("areas", "places")

    def steps(self) -> Sequence[tuple[int, Step]]:
        return [
            (1, lambda: self.wire.form("/reports/new")),
            (4, self.look("/", "/places", "/map", "/actions", "/reports/mine", "/account")),
            (2, self.tile),
        ]


USERS = {"lead": Lead, "police analyst": Analyst, "VCA reader": Reader, "partner": Partner}


def walk(steps: Sequence[tuple[int, Step]], ground: Ground, rng: random.Random, pause_s: float):
    """One step after the other until the end; between two of them as long as people take."""
    weights, doing = zip(*steps, strict=True)
    while not ground.stop.is_set():
        (step,) = rng.choices(doing, weights)
        step()
        ground.stop.wait(pause_s * rng.uniform(0.5, 1.5))


@dataclass
class Load:
    """All mixes at once, each user a thread."""

    ground: Ground
    people: dict[str, Person]
    seed: int
    pause_s: float = 0.3
    reporters: int = 2
    broken: list[BaseException] = field(default_factory=list)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> "Load":
        rng = random.Random(self.seed)
        mixes = [USERS[mix](self.ground, _own(rng), one) for mix, one in self.people.items()]
        mixes += [Reporter(self.ground, _own(rng)) for _ in range(self.reporters)]
        for mix in mixes:
            thread = threading.Thread(target=self._walk, args=(mix,), daemon=True)
            self._threads.append(thread)
            thread.start()
        return self

    def _walk(self, mix) -> None:
        try:
            walk(mix.steps(), self.ground, mix.rng, self.pause_s)
        except BaseException as broken:
            self.broken.append(broken)
            raise

    def __exit__(self, *_: object) -> None:
        self.ground.stop.set()
        for thread in self._threads:
            thread.join(timeout=120)
        for one in self.people.values():
            one.wire.close()


def _own(rng: random.Random) -> random.Random:
    return random.Random(rng.random())
