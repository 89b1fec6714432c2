"""People at browsers of their own, a picture of what each of them sees, and a clock that moves."""

import re
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import psycopg

from tests.e2e.conftest import session_cookie
from tests.e2e.test_pages import violations
from tests.e2e.test_triage import fits
from tests.people import sign_in_as

DESK = {"width": 1280, "height": 900}
PHONE = {"width": 360, "height": 740}
# What happened on which day, as far as pages tell it. Time moves by making all of it older;
# measures stay: they are sealed when a plan is agreed, and are entered as of the day it began.
TIMES = {
    "place_state_change": ["at"],
    "context_assessment": ["approved_at"],
    "assessment_method": ["held_on"],
    "safety_scale": ["on_date"],
    "meeting": ["held_at"],
    "context_plan": ["agreed_on", "active_on", "shown_on"],
    "context_plan_state_change": ["at"],
    "plan_action": ["due_on", "done_at", "confirmed_at"],
    "plan_action_state_change": ["at"],
}


class Someone:
    """A person at a browser: what they open, press, write and read."""

    def __init__(self, life: "Life", person=None, size=DESK) -> None:
        self.context = life.chromium.new_context(viewport=size)
        self.context.set_default_timeout(30_000)
        if person is not None:
            self.context.add_cookies([session_cookie(person.cookie)])
        self.person, self.life = person, life
        self.page = self.context.new_page()

    def open(self, path: str):
        self.page.goto(self.life.url + path)
        return self

    def press(self, name: str | re.Pattern):
        """A button or a link with exactly these words, or with some of them."""
        at = self.page
        button = at.get_by_role("button", name=name, exact=True)
        with at.expect_navigation():
            button.or_(at.get_by_role("link", name=name, exact=True)).first.click()
        return self

    def tick(self, *labels: str):
        """Boxes and choices by their words, or by how these begin."""
        for label in labels:
            said = self.page.get_by_label(label, exact=True)
            (said if said.count() else self.page.get_by_label(label)).first.check()
        return self

    def write(self, **fields: str):
        """Fields by their names: words, one of a list, one of several, or a box."""
        for name, value in fields.items():
            boxes = self.page.locator(f'main [name="{name}"]')
            kind = boxes.first.evaluate("e => e.type")
            if kind in {"radio", "checkbox"}:
                self.page.locator(f'main [name="{name}"][value="{value}"]').first.check()
            elif kind.startswith("select"):
                boxes.first.select_option(value)
            else:
                boxes.first.fill(value)
        return self

    def dated(self, name: str, day: date):
        """The three boxes of a date."""
        parts = {"day": day.day, "month": day.month, "year": day.year}
        return self.write(**{f"{name}-{part}": str(said) for part, said in parts.items()})

    def reads(self, *words: str):
        said = self.page.locator("main").inner_text()
        assert [w for w in words if w not in said] == [], said
        return self

    def picture(self, name: str, *, axe: bool = False):
        """`axe`: of a page that no other file of tests looks at in this state."""
        assert fits(self.page), name
        if axe:
            assert violations(self.page) == [], name
        self.life.taken.append(f"{len(self.life.taken) + 1:02}-{name}")
        self.page.screenshot(path=self.life.folder / f"{self.life.taken[-1]}.png", full_page=True)
        return self

    @property
    def ref(self) -> str:
        """The last part of the address."""
        return self.page.url.split("?")[0].split("#")[0].split("/")[-1]


@dataclass
class Life:
    """The service, its people, and the one place."""

    db: object
    url: str
    chromium: object
    folder: Path
    place: str = ""
    plan_began: date | None = None
    people: dict[str, Someone] = field(default_factory=dict)
    taken: list[str] = field(default_factory=list)

    def joins(self, name: str, role: str, *, agency: str, size=DESK) -> Someone:
        person = sign_in_as(self.db, role, agency=agency)
        self.write('update app."user" set name = %s where id = %s', name, person.user_id)
        self.people[name] = Someone(self, person, size)
        return self.people[name]

    def later(self, days: int) -> None:
        for table, columns in TIMES.items():
            older = ", ".join(f"{one} = {one} - make_interval(days => %s)" for one in columns)
            self.write(f"update app.{table} set {older}", *[days] * len(columns))

    def write(self, statement: str, *given) -> list[tuple]:
        """As the owner of the tables: for what no person does."""
        dsn = self.db.logins.cluster.dsn("postgres", self.db.logins.dbname)
        with psycopg.connect(dsn) as admin:
            admin.execute("set session_replication_role = replica")
            found = admin.execute(statement, given or None)
            return found.fetchall() if found.description else []

    def close(self) -> None:
        for one in self.people.values():
            one.context.close()
