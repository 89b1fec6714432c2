"""A quarterly release and report of two boroughs with 10^5 incidents; goal: 20 s, 2 s for its PDF.

The peer counts the same tables from the same rows with pandas, and asks scipy's linprog for both
ends of each hidden cell. It bands nothing, makes no page and keeps nothing.
"""

import json
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from app.accounts.install import prepare
from app.briefings import building as reports
from app.briefings import printing
from app.briefings import queries as written
from app.briefings import service as writing
from app.core import clock
from app.core.db import Database
from app.core.postgres import PrivateCluster
from app.core.settings import Settings
from app.demo import accounts, context, decided, publishing
from app.demo import service as demo
from app.demo.models import generate
from app.reference import service as reference
from app.releases import building, queries
from app.releases import service as releases
from app.releases.rules import Window
from geo.disclosure import Release
from tests.perf.measure import cluster_cpu_s, row
from tests.perf.peer_briefing import groups, hidden_ends

PARTNERS = ("E09000021", "E09000027")
BOROUGHS = {"E09000021": "Kingston", "E09000027": "Richmond"}
GOAL_S = 20
SEED = 11


def rows(fast: bool) -> Iterator[dict[str, Any]]:
    folder = Path(tempfile.mkdtemp(prefix="contextmap-bench-"))
    settings = Settings(data_dir=folder, demo=True, database_url=None)
    cluster = PrivateCluster(folder)
    cluster.start()
    try:
        prepare(settings)
        db = Database(settings, settings.claims_key())
        _loaded(db, settings, copies=5 if fast else 50)
        yield from _measured(db, cluster)
        db.dispose()
    finally:
        cluster.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _loaded(db: Database, settings: Settings, *, copies: int) -> None:
    """The demonstration with its work, and its incidents many times over at the same places."""
    reference.load_packaged(db)
    demo.load(db)
    accounts.ensure(db, settings)
    context.load_once(db)
    decided.load_once(db, settings)
    rng = np.random.default_rng(SEED)
    with db.cursor(demo.JOB) as cursor:
        places = [
            key for (key,) in cursor.execute("select id from app.place where geom is not null")
        ]
        children = [key for (key,) in cursor.execute("select id from app.child")]
        refs = {ref for (ref,) in cursor.execute("select ref from app.incident")}
        plan = demo.read_plan(demo._sensitivities(cursor))
        for copy in range(1, copies):
            made = generate(plan, seed=1, copy=copy, today=clock.today(), refs=refs)
            for one in made.incident:
                one["place_id"] = one["place_id"] and places[rng.integers(len(places))]
            for link in made.child_incident_link:
                link["child_id"] = children[rng.integers(len(children))]
            demo.insert_rows(cursor, "incident", made.incident)
            demo.insert_rows(cursor, "child_incident_link", made.child_incident_link)
        cursor.execute("analyze")


def _measured(db: Database, cluster: PrivateCluster) -> Iterator[dict[str, Any]]:
    people = publishing._people(db)
    assert people is not None
    quarters = publishing.closed(clock.now(), 4)
    for window in quarters[:-1]:
        _asked(db, people, window)
        building.build(db, window.period, PARTNERS)
        _signed(db, people, window)
    newest = quarters[-1]
    _asked(db, people, newest)
    release = _timed(cluster, lambda: building.build(db, newest.period, PARTNERS))
    with db.read(building.BUILD) as session:
        found = queries.find(session, newest.period)
        n = session.connection().exec_driver_sql("select count(*) from app.incident").scalar()
        facts = found.certificate or {"seconds": None, "cells": 0}
        first = (found.sha256, found.problem)
    publish = _timed(cluster, lambda: _signed(db, people, newest))
    report = _timed(cluster, lambda: _reported(db, people, newest))
    before = _snapshot(db)
    again = _timed(cluster, lambda: reports.check(db, before[0], BOROUGHS))
    pages = _timed(cluster, lambda: _printed(db))
    peer, same = _peer(db, cluster, newest)
    whole, gate = release["wall"] + report["wall"], facts["seconds"] or 0
    yield row(
        f"quarterly release and report, {n:,} incidents", whole, "s wall",
        "pandas group-by and scipy linprog, tables and gate alone", peer["wall"],
        goal=GOAL_S, gate_s=gate, sql_s=round(release["wall"] - gate, 2),
        publish_s=publish["wall"],
        pdf_s=pages["wall"], report_s=report["wall"], report_again_s=again["wall"],
        cpu_s=round(release["cpu"] + report["cpu"], 2), peer_cpu_s=peer["cpu"],
        cells=facts["cells"], problem=first[1], same_bytes=before == _snapshot(db),
        peer_same_counts=same,
    )  # fmt: skip


def _timed(cluster: PrivateCluster, work: Callable[[], Any]) -> dict[str, float]:
    """Wall and CPU seconds, those of the database beside ours."""
    postmaster = cluster.pid()
    assert postmaster is not None
    wall, cpu = time.perf_counter(), time.process_time() + cluster_cpu_s(postmaster)
    work()
    cpu = time.process_time() + cluster_cpu_s(postmaster) - cpu
    return {"wall": round(time.perf_counter() - wall, 2), "cpu": round(cpu, 2)}


def _asked(db: Database, people: publishing.People, window: Window) -> None:
    asking = people.lead("release.create")
    with db.begin(asking) as session:
        releases.ask(session, asking, window.period)


def _signed(db: Database, people: publishing.People, window: Window) -> None:
    for signer in (people.lead("release.approve"), people.auditor("release.approve")):
        with db.begin(signer) as session:
            publishing._sign(session, signer, window.period)
    building.publish(db, window.period, PARTNERS)


def _reported(db: Database, people: publishing.People, window: Window) -> None:
    may = people.lead("briefing_draft.create")
    with db.begin(may) as session:
        briefing = writing.begin(session, may, window.period)
        session.flush()
        fields, sent = publishing._sentences(session, window, 1)
        writing.write(session, may, briefing, fields, sent)
        ref = briefing.ref
    reports.check(db, ref, BOROUGHS)


def _snapshot(db: Database) -> tuple[str, str]:
    with db.read(reports.BUILD) as session:
        found = session.connection().exec_driver_sql("select ref, snapshot from app.briefing").one()
    return found[0], found[1]


def _printed(db: Database) -> None:
    """The PDF of it, tagged; the first of a process, so with everything that it loads."""
    with db.read(reports.BUILD) as session:
        briefing = written.find(session, _snapshot(db)[0])
        printing.as_pdf(json.loads(briefing.snapshot or ""), briefing)


def _peer(db: Database, cluster: PrivateCluster, window: Window) -> tuple[dict[str, float], bool]:
    """Its figures, and whether it counted what we counted."""
    with db.begin(building.BUILD) as session:
        given = building._given(session, queries.find(session, window.period), PARTNERS)
        told: dict[tuple[str, ...], int] = {}

        def work() -> None:
            told.update(groups(session, window, PARTNERS))
            hidden_ends([*given.earlier, Release(window.period, given.protected)], given.wards)

        timed = _timed(cluster, work)
    counted = {"RQ1", "RQ2", "RQ3", "RQ8"}
    ours = {c.key: c.n for c in given.counts if c.n and c.table_code in counted}
    return timed, {key: n for key, n in told.items() if n} == ours


if __name__ == "__main__":
    for figure in rows(fast=True):
        print(json.dumps(figure))
