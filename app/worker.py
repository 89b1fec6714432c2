"""The background worker: every slice's tasks, and the sweep after a killed worker. Wiring only."""

import asyncio
import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from copy import deepcopy

from procrastinate import App
from procrastinate.blueprints import Blueprint

from app.accounts import jobs as accounts
from app.accounts.catalogue import refuse_unsafe
from app.audit.jobs import Keeper
from app.backups import jobs as backups
from app.backups.shipping import Shipper
from app.briefings import jobs as briefings
from app.clusters import jobs as clusters
from app.core import log, recovery
from app.core.db import Database
from app.core.errors import BusyError
from app.core.migrate import VERSION, refuse_older
from app.core.settings import Settings, load_settings
from app.core.watching import watch
from app.demo import jobs as demo
from app.exports import jobs as exports
from app.imports import jobs as imports
from app.intelligence import jobs as intelligence
from app.outcomes import jobs as outcomes
from app.packs import jobs as packs
from app.places import jobs as places
from app.plans import jobs as plans
from app.priority import jobs as priority
from app.releases import jobs as releases
from app.reports import jobs as reports
from app.reports.sealing import Keys
from app.retention import jobs as retention
from app.site import jobs as site
from app.site.pausing import Pausing
from app.subjects import jobs as subjects
from app.vault import jobs as vault

THREADS = 16
BLUEPRINTS: dict[str, Blueprint] = {
    "accounts": accounts.blueprint,
    "backups": backups.blueprint,
    "briefings": briefings.blueprint,
    "clusters": clusters.blueprint,
    "demo": demo.blueprint,
    "intelligence": intelligence.blueprint,
    "exports": exports.blueprint,
    "subjects": subjects.blueprint,
    "imports": imports.blueprint,
    "outcomes": outcomes.blueprint,
    "packs": packs.blueprint,
    "places": places.blueprint,
    "plans": plans.blueprint,
    "priority": priority.blueprint,
    "releases": releases.blueprint,
    "reports": reports.blueprint,
    "retention": retention.blueprint,
    "site": site.blueprint,
    "vault": vault.blueprint,
}


def create_worker(dsn: str) -> App:
    """The queue application with every slice's tasks."""
    worker = App(
        connector=recovery.Queue(
            conninfo=dsn, kwargs={"options": "-c search_path=public,queue"}, min_size=1, max_size=3
        )
    )
    for namespace, blueprint in BLUEPRINTS.items():
        # The library writes the namespace into the tasks themselves: a second worker of this
        # process would find them named twice.
        worker.add_tasks_from(deepcopy(blueprint), namespace=namespace)
    for task in worker.tasks.values():
        task.queue = task.name
    recovery.try_again(worker)
    return worker


def queues(worker: App) -> list[str]:
    """Of the tasks that this release knows, and the one that all of them once shared."""
    return [*sorted({task.queue for task in worker.tasks.values()}), "default"]


async def run(worker: App, db: Database, settings: Settings) -> None:
    """Until SIGTERM. Tasks take their database from `context.additional_context["db"]`.

    The settings, the keys that open reports, and what the last search for clusters found, are
    beside it.

    A job left "doing" by a killed worker is put back once its heartbeat has stopped for a minute.
    Beside the queue the audit is sealed, alerts are looked for, the disk is watched, and changes of
    the database are shipped; the audit is sealed once more when the last job has ended.
    """
    keeper, recovering = Keeper(db, settings), recovery.Recovery()
    pausing = Pausing(db, settings, queues(worker))
    pausing.look()
    # Jobs and whatever is beside them; a machine of two processors would have six.
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(THREADS))
    async with worker.open_async():
        beside = [
            asyncio.create_task(each)
            for each in (
                recovering.run(worker),
                keeper.run(),
                site.Watch(db, settings).run(),
                pausing.run(),
                Shipper(db, settings).run(),
                watch("worker", db.pools),
            )
        ]
        try:
            await worker.run_worker_async(
                queues=pausing.queues,
                concurrency=2,
                install_signal_handlers=True,
                shutdown_graceful_timeout=20,
                worker_middleware=[recovering.note],
                additional_context={
                    "db": db,
                    "keys": Keys.of(settings),
                    "settings": settings,
                    "clusters": {},
                },
            )
        finally:
            for each in beside:
                each.cancel()
            await asyncio.to_thread(keeper.finish)


def main() -> None:
    log.setup()
    log.of_others("procrastinate", "asyncio")
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the supervisor decides
    settings = load_settings()
    db = Database(settings, settings.claims_key(), pool_size=6)
    refuse_unsafe(db, "cs_job")
    with suppress(BusyError):  # without an answer there is no job either
        refuse_older(db.ask("cs_job", VERSION, ()))
    worker = create_worker(settings.dsn("cs_job"))
    asyncio.run(run(worker, db, settings))


if __name__ == "__main__":
    main()
