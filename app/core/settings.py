"""Settings: read from the environment once, frozen, passed down. Nothing else reads it."""

import hashlib
import hmac
import json
import os
import secrets
import tempfile
from contextlib import suppress
from functools import partial
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote, urlsplit, urlunsplit

from pydantic import AliasChoices, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.core.replica import Elsewhere, Replica

ROOT = Path(__file__).resolve().parents[2]
PUBLIC_CONNECTIONS = 20  # of the login cs_public, all processes together: bootstrap.sql


def default_data_dir() -> Path:
    """Where the private cluster can live: postgres refuses root, and /root is closed to it."""
    return Path("/var/lib/contextmap") if os.geteuid() == 0 else ROOT / ".runtime"


class Settings(BaseSettings):
    """All of them, each with a safe default (docs/operator/settings.md)."""

    model_config = SettingsConfigDict(
        env_prefix="CONTEXTMAP_", frozen=True, extra="ignore", populate_by_name=True
    )

    database_url: SecretStr | None = Field(
        default=None,
        validation_alias=AliasChoices("database_url", "DATABASE_URL"),
        description="A PostgreSQL server with PostGIS, as a login that may bootstrap. "
        "Absent: the private one is started.",
    )
    data_dir: Path = Field(
        default_factory=default_data_dir,
        description="Private database, secrets, exports, demo accounts.",
    )
    secret_key: SecretStr | None = Field(
        default=None,
        description="Signs claims and tokens. Absent: made and kept in the data folder.",
    )
    demo: bool = Field(default=False, description="Synthetic records, and a banner on every page.")
    base_url: str = Field(
        default="http://127.0.0.1:8000", description="Address that people use, for links in e-mail."
    )
    trusted_proxies: str = Field(
        default="", description="Addresses whose X-Forwarded-For is believed, by commas."
    )
    metrics_from: str = Field(
        default="",
        description="Addresses or networks, by commas, that may read /metrics besides this "
        "machine.",
    )
    read_only_mb: int = Field(
        default=500,
        ge=0,
        description="Staff change nothing while fewer megabytes are free on the disk of the data "
        "folder; 0 never.",
    )
    database_gb: int = Field(
        default=0,
        ge=0,
        description="With DATABASE_URL: gigabytes that the server has for this database, whose "
        "size counts as a disk that fills up; 0 unknown.",
    )
    basemap: Path | None = Field(default=None, description="Street map, a .pmtiles file.")
    pooler_url: SecretStr | None = Field(
        default=None,
        description="DATABASE_URL through pgbouncer in transaction mode, for the web processes.",
    )
    replica_url: SecretStr | None = Field(
        default=None, description="Streaming replica for maps and lists, and when nothing else is."
    )
    replica_pooled: bool = Field(
        default=False, description="CONTEXTMAP_REPLICA_URL is a pgbouncer in transaction mode."
    )
    partnership: Path = Field(
        default=ROOT / "data" / "partnership.toml",
        description="Boroughs, names, contacts, exit site: a TOML file.",
    )
    marking: str = Field(
        default="OFFICIAL-SENSITIVE",
        description="Protective marking of staff pages and of every exported file.",
    )
    oidc_issuer: str = Field(default="", description="Single sign-on: address of the issuer.")
    oidc_client_id: str = Field(default="", description="Single sign-on: our identifier there.")
    oidc_client_secret: SecretStr | None = Field(
        default=None, description="Single sign-on: secret."
    )
    smtp_url: SecretStr | None = Field(default=None, description="Outgoing mail.")
    anchor_file: Path | None = Field(
        default=None,
        description="Where the worker signs the newest seal of the audit each hour: a file on "
        "another host.",
    )
    vault_dir: Path | None = Field(
        default=None,
        description="Wrapped keys of children's identities and keys of reports, one file each: "
        "in no backup. Default: vault-keys in the data folder.",
    )
    vault_key_file: Path | None = Field(
        default=None,
        description="Master keys of the identities. Default: vault-master.json in the data folder.",
    )
    upload_mb: int = Field(
        default=10, ge=1, le=100, description="Largest file that people may upload to import."
    )
    erased_file: Path | None = Field(
        default=None,
        description="What was erased, as hashes, to be erased again after a restore. "
        "Default: erased.list in the data folder.",
    )
    backup_recipient: str = Field(
        default="",
        description="Public key of age (age1...) that backups are written to; its identity is kept "
        "elsewhere.",
    )
    backup_dir: Path | None = Field(
        default=None,
        description="Folder of the worker's daily backups, on another disk; kept for 35 days.",
    )
    wal_archive: Path | None = Field(
        default=None,
        description="Folder on another disk for each change of the private database, encrypted.",
    )
    web_threads: int = Field(default=8, ge=1, description="Threads that answer, per web process.")
    pool_size: int = Field(default=8, ge=1, description="Database connections, per web process.")
    tiles_kept_mb: int = Field(
        default=64, ge=0, description="Memory for tiles of the map, per web process; 0 keeps none."
    )
    public_pool_size: int = Field(
        default=5,
        ge=1,
        le=PUBLIC_CONNECTIONS,
        description="Threads and database connections of the public form, per web process.",
    )
    db_roles_file: Path | None = Field(
        default=None,
        description="Passwords of the database roles with DATABASE_URL. "
        "Default: db-roles.json in the data folder.",
    )

    @model_validator(mode="after")
    def _enough_connections(self) -> Self:
        if self.pool_size < self.web_threads:
            raise ValueError(
                "CONTEXTMAP_POOL_SIZE must be at least CONTEXTMAP_WEB_THREADS, "
                "or threads wait for connections for ever."
            )
        return self

    @model_validator(mode="after")
    def _networks_can_be_read(self) -> Self:
        try:
            for one in self.metrics_from.split(","):
                ip_network(one.strip() or "::1", strict=False)
        except ValueError:
            raise ValueError(
                "CONTEXTMAP_METRICS_FROM takes addresses or networks, by commas, such as "
                "10.0.0.7, 10.1.0.0/16."
            ) from None
        return self

    @model_validator(mode="after")
    def _secret_is_long(self) -> Self:
        if self.secret_key is not None and len(self.secret_key.get_secret_value()) < 16:
            raise ValueError(
                "CONTEXTMAP_SECRET_KEY needs at least 16 characters; leave it out to have one made."
            )
        return self

    @model_validator(mode="after")
    def _backups_have_a_key(self) -> Self:
        if (self.backup_dir or self.wal_archive) and not self.backup_recipient:
            raise ValueError(
                "CONTEXTMAP_BACKUP_DIR and CONTEXTMAP_WAL_ARCHIVE need "
                "CONTEXTMAP_BACKUP_RECIPIENT, the public key that backups are written to."
            )
        return self

    def dsn(self, role: str) -> str:
        """Where a database role logs in."""
        if self.database_url is None:
            from app.core.postgres import PrivateCluster

            return PrivateCluster(self.data_dir).dsn(role, "contextmap")
        return self.at(self.database_url, role)

    def pooler(self) -> Elsewhere | None:
        """Where web processes log in, when not at the server itself."""
        return None if self.pooler_url is None else Elsewhere(partial(self.at, self.pooler_url))

    def replica(self) -> Replica | None:
        """None when there is none."""
        if self.replica_url is None:
            return None
        return Replica(Elsewhere(partial(self.at, self.replica_url)), self, self.replica_pooled)

    def at(self, url: SecretStr, role: str) -> str:
        """The login of a role at another address of the same database."""
        parts = urlsplit(url.get_secret_value())
        host = parts.netloc.rpartition("@")[2]
        login = role
        if self.database_url is not None:
            passwords: dict[str, str] = json.loads(self.roles_file.read_text())
            login += ":" + quote(passwords[role], safe="")
        return urlunsplit(parts._replace(scheme="postgresql", netloc=f"{login}@{host}"))

    def admin_dsn(self) -> str:
        """The login that bootstraps."""
        return (
            self.dsn("postgres")
            if self.database_url is None
            else self.database_url.get_secret_value()
        )

    @property
    def vault_folder(self) -> Path:
        return self.vault_dir or self.data_dir / "vault-keys"

    @property
    def report_keys(self) -> Path:
        """One file a report, beside the identities' and kept as they are: in no backup."""
        return self.vault_folder / "reports"

    @property
    def vault_master(self) -> Path:
        return self.vault_key_file or self.data_dir / "vault-master.json"

    @property
    def upload_bytes(self) -> int:
        return self.upload_mb * 1_000_000

    @property
    def erased_list(self) -> Path:
        return self.erased_file or self.data_dir / "erased.list"

    @property
    def roles_file(self) -> Path:
        return self.db_roles_file or self.data_dir / "db-roles.json"

    def claims_key(self) -> bytes:
        return self.key_for("claims")

    def key_for(self, use: str) -> bytes:
        """A key of its own for each use, derived from the one secret."""
        return hmac.new(self.secret(), use.encode(), hashlib.sha256).digest()

    def secret(self) -> bytes:
        if self.secret_key is not None:
            return self.secret_key.get_secret_value().encode()
        path = self.data_dir / "secret-key"
        if not path.exists():
            _keep_new_secret(path)
        return path.read_text().strip().encode()


def _keep_new_secret(path: Path) -> None:
    """Whole or absent: of two processes at once, one makes it and both read it."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent)  # open to this user only
    fresh = Path(name)
    with os.fdopen(handle, "w") as file:
        file.write(secrets.token_urlsafe(48))
    with suppress(FileExistsError):
        path.hardlink_to(fresh)
    fresh.unlink()


def load_settings(*, data_dir: Path | None = None, demo: bool | None = None) -> Settings:
    """Read once, at the start of a process. What the command line gives wins."""
    given: dict[str, Any] = {"data_dir": data_dir and data_dir.absolute(), "demo": demo}
    return Settings(**{name: value for name, value in given.items() if value is not None})
