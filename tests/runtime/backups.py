"""A database under the name that serves, in the cluster of the tests, and its backups."""

import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from app.accounts.install import prepare
from app.backups import box
from app.backups.measuring import measured
from app.core.db import Database
from app.core.postgres import PrivateCluster
from app.core.settings import Settings
from tests.databases import TEMPLATE, create_database

ROOT = Path(__file__).resolve().parents[2]
SECRET = "a secret of these tests only"


@dataclass
class House:
    """One installation: its settings, its cluster, and the identity that lies elsewhere."""

    settings: Settings
    cluster: PrivateCluster
    identity: Path
    folder: Path

    @property
    def env(self) -> dict[str, str]:
        return {
            **os.environ,
            "CONTEXTMAP_SECRET_KEY": SECRET,
            "CONTEXTMAP_BACKUP_RECIPIENT": self.settings.backup_recipient,
            "CONTEXTMAP_ERASED_FILE": str(self.settings.erased_list),
        }

    def admin(self, dbname="contextmap") -> psycopg.Connection:
        return psycopg.connect(self.cluster.dsn("postgres", dbname), autocommit=True)

    def fill(self) -> None:
        """Migrated, with what ships and nothing else."""
        self.destroy(empty=False)
        create_database(self.cluster, "contextmap", TEMPLATE)
        prepare(self.settings)

    def destroy(self, *, empty: bool = True) -> None:
        with self.admin("postgres") as admin:
            for name in ("contextmap", "contextmap_restoring", "contextmap_replaced"):
                admin.execute(f'drop database if exists "{name}" with (force)'.encode())
        if empty:
            create_database(self.cluster, "contextmap")

    def measured(self):
        with self.admin() as admin:
            return measured(admin, lambda *_: None)

    def databases(self) -> set[str]:
        with self.admin("postgres") as admin:
            return {
                name
                for (name,) in admin.execute(
                    "select datname from pg_database where datname like 'contextmap%'"
                )
            }

    def command(self, *arguments, **options) -> subprocess.Popen:
        """`contextmap backup ...` as a process of its own, to be killed."""
        line = [sys.executable, "-m", "app.cli", "backup", *map(str, arguments)]
        return subprocess.Popen(
            [*line, "--data-dir", str(self.settings.data_dir)],
            cwd=ROOT,
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **options,
        )

    @contextmanager
    def db(self):
        database = Database(self.settings, self.settings.claims_key(), pool_size=2)
        try:
            yield database
        finally:
            database.dispose()


def house_of(cluster: PrivateCluster, folder: Path) -> House:
    identity = folder / "identity.txt"
    settings = Settings(
        data_dir=cluster.data_dir,
        secret_key=SECRET,
        erased_file=folder / "erased.list",
        vault_dir=folder / "vault-keys",
        vault_key_file=folder / "vault-master.json",
        backup_recipient=box.new_identity(identity),
    )
    return House(settings, cluster, identity, folder)
