"""The service of these tests: the real launcher over a data folder of its own, and who uses it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.core.db import Database
from app.core.settings import Settings
from tests.context_work import active_plan, team
from tests.endurance.journal import Journal
from tests.endurance.mixes import Ground, Load
from tests.endurance.people import Person, everybody
from tests.endurance.post_office import PostOffice, post_office
from tests.endurance.wire import Tally
from tests.runtime.conftest import Launcher

SEED = int(os.environ.get("CONTEXTMAP_ENDURANCE_SEED", "20261127"))
LONG = os.environ.get("CONTEXTMAP_LONG_TESTS") == "1"


@dataclass
class Stage:
    """A service that answers, its people signed in, a place with a plan, and the journal."""

    launcher: Launcher
    post: PostOffice
    people: dict[str, Person]
    ground: Ground

    @property
    def data_dir(self) -> Path:
        return self.launcher.data_dir

    @property
    def journal(self) -> Journal:
        return self.ground.journal

    @property
    def tally(self) -> Tally:
        return self.ground.tally

    def load(self, **options) -> Load:
        """All mixes, with nothing counted yet."""
        self.tally.clear()
        self.ground.stop.clear()
        return Load(self.ground, self.people, SEED, **options)


@contextmanager
def started(data_dir: Path) -> Iterator[Stage]:
    with post_office() as post, pytest.MonkeyPatch.context() as patch:
        patch.setenv("CONTEXTMAP_TRUSTED_PROXIES", "127.0.0.1")
        patch.setenv("CONTEXTMAP_SMTP_URL", post.url)
        launcher = Launcher(data_dir, demo=LONG)  # its records make pages and jobs longer
        try:
            launcher.start(within_s=300)
            yield _stage(launcher, post)
        finally:
            launcher.close()
            data_dir.with_suffix(".journal").unlink(missing_ok=True)


def _stage(launcher: Launcher, post: PostOffice) -> Stage:
    settings = Settings(data_dir=launcher.data_dir)
    db = Database(settings, settings.claims_key())
    try:
        tally = Tally()
        people = everybody(db, settings, launcher.port, tally)
        _let_go(people)  # what comes next may take longer than a wire is kept open
        journal = Journal(launcher.data_dir.with_suffix(".journal"))
        there = team(db)
        ground = Ground(journal, tally, launcher.port, there.place_ref, active_plan(there))
        incident = {"harm_code": "ASB", "occurred_from": "2026-07-29", "source_agency": "AFC"}
        made = people["lead"].wire.send(
            "/api/v1/incidents", incident | {"place": there.place_ref, "time_precision": "DAY"}
        )
        assert made.status == 201, made.text  # an export of the place has a row
        _let_go(people)
        return Stage(launcher, post, people, ground)
    finally:
        db.dispose()


def _let_go(people: dict[str, Person]) -> None:
    for person in people.values():
        person.wire.close()
