"""`contextmap backup key | create | verify | restore FILE`, `base`, `recover DIR`, `clear`."""

import argparse
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from app.backups import box, leftovers, recovering, restoring, service, verifying, wal
from app.backups.restoring import Consent
from app.backups.returning import Returned
from app.backups.rules import Manifest
from app.core.command import Context, Result, serving
from app.core.db import Database
from app.core.settings import Settings


def register(subparsers: Any) -> None:  # noqa: ANN401 - argparse hides the class
    below = subparsers.add_parser("backup", help="encrypted backups").add_subparsers(required=True)
    key = below.add_parser("key", help="make an identity, to be kept elsewhere")
    key.add_argument("file", type=Path)
    key.set_defaults(func=_key)
    create = below.add_parser("create", help="write one to CONTEXTMAP_BACKUP_RECIPIENT")
    create.add_argument("file", type=Path)
    create.set_defaults(func=_create)
    verify = below.add_parser("verify", help="restore one apart, compare, and throw it away")
    verify.set_defaults(func=_verify)
    restore = below.add_parser("restore", help="restore one into an empty database")
    restore.add_argument("--replace", action="store_true", help="lose what the database holds")
    restore.set_defaults(func=_restore)
    base = below.add_parser("base", help="copy the whole cluster into CONTEXTMAP_WAL_ARCHIVE")
    base.set_defaults(func=_base)
    recover = below.add_parser("recover", help="the cluster as it was at a time, from the archive")
    recover.add_argument("folder", type=Path, help="what CONTEXTMAP_WAL_ARCHIVE was set to")
    recover.add_argument("--to", type=_time, help="2026-11-27T05:30:00Z; default: all there is")
    recover.add_argument("--replace", action="store_true", help="lose what the data folder holds")
    recover.add_argument("--identity", type=Path, required=True, help="file of the private key")
    recover.set_defaults(func=_recover)
    clear = below.add_parser("clear", help="drop readable copies that a killed one left")
    clear.set_defaults(func=_clear)
    for command in (restore, recover):
        command.add_argument(
            "--nothing-was-erased",
            action="store_true",
            help="go on without the list of what was erased since",
        )
    for command in (verify, restore):
        command.add_argument("file", type=Path)
        command.add_argument("--identity", type=Path, required=True, help="file of the private key")
        command.add_argument(
            "--other-secret", action="store_true", help="accept one that our secret did not make"
        )


def _key(arguments: argparse.Namespace, _: Context) -> Result:
    return {"file": str(arguments.file), "recipient": box.new_identity(arguments.file)}


def _create(arguments: argparse.Namespace, context: Context) -> Result:
    began = time.monotonic()
    settings = context.settings
    with serving(settings), _opened(settings) as db:  # as it is: a backup precedes a migration
        made = service.make(db, settings, arguments.file, context.progress)
    return {
        "file": str(made.path),
        "bytes": made.size_bytes,
        **_told(made.manifest),
        "seconds": round(time.monotonic() - began, 1),
    }


def _verify(arguments: argparse.Namespace, context: Context) -> Result:
    began = time.monotonic()
    manifest = verifying.verify(
        context.settings,
        arguments.file,
        arguments.identity,
        other_secret=arguments.other_secret,
        progress=context.progress,
    )
    return {
        "verified": True,
        **_told(manifest),
        "noted": service.note_drill(context.settings, arguments.file, manifest),
        "seconds": round(time.monotonic() - began, 1),
    }


def _restore(arguments: argparse.Namespace, context: Context) -> Result:
    began = time.monotonic()
    with serving(context.settings):
        done = restoring.restore(
            context.settings,
            arguments.file,
            arguments.identity,
            context.replay,
            consent=Consent(
                replace=arguments.replace,
                other_secret=arguments.other_secret,
                nothing_was_erased=arguments.nothing_was_erased,
            ),
            progress=context.progress,
        )
    return {
        "restored": True,
        **_told(done.manifest),
        "era": done.era,
        **_returned(done.returned, anchored=done.anchored),
        "seconds": round(time.monotonic() - began, 1),
    }


def _base(_: argparse.Namespace, context: Context) -> Result:
    with serving(context.settings):
        made = wal.base(context.settings)
    return {"file": str(made), "bytes": made.stat().st_size}


def _recover(arguments: argparse.Namespace, context: Context) -> Result:
    began = time.monotonic()
    done = recovering.recover(
        context.settings,
        arguments.folder,
        arguments.identity,
        context.replay,
        to=arguments.to,
        replace=arguments.replace,
        nothing_was_erased=arguments.nothing_was_erased,
    )
    return {
        "recovered": True,
        "base": done.base.name,
        "last_at": None if done.last_at is None else done.last_at.isoformat(),
        "era": done.era,
        **_returned(done.returned, anchored=done.anchored),
        "seconds": round(time.monotonic() - began, 1),
    }


def _clear(_: argparse.Namespace, context: Context) -> Result:
    with leftovers.only_restore(context.settings), serving(context.settings):
        return {"dropped": leftovers.drop(context.settings)}


def _time(given: str) -> datetime:
    said = datetime.fromisoformat(given)
    if said.tzinfo is None:
        raise argparse.ArgumentTypeError("with its zone: 2026-11-27T05:30:00Z")
    return said


@contextmanager
def _opened(settings: Settings) -> Iterator[Database]:
    db = Database(settings, settings.claims_key(), pool_size=1)
    try:
        yield db
    finally:
        db.dispose()


def _returned(returned: Returned, *, anchored: bool | None) -> Result:
    """With what a person has to look at before people are let in again."""
    names = ", ".join(one["username"] for one in returned.accounts) or "none"
    refs = ", ".join(one["ref"] for one in returned.grants) or "none"
    lines = [
        "Everybody has to sign in again; tokens and invitations have ended.",
        f"Accounts that may sign in. Disable those that were disabled since: {names}",
        f"Grants that hold. Revoke those that were revoked since: {refs}",
    ]
    if anchored is False:
        lines.append(
            "The file of anchors could not be written. When it can be: contextmap audit anchor "
            "--restored --out FILE."
        )
    return {
        "erased_again": returned.erased_again,
        "ended": returned.ended,
        "accounts": returned.accounts,
        "grants": returned.grants,
        "anchored": anchored,
        "lines": lines,
    }


def _told(manifest: Manifest) -> Result:
    seal = manifest.last_seal
    return {
        "made_at": manifest.made_at,
        "head": manifest.head,
        "tables": len(manifest.tables),
        "rows": manifest.rows,
        "last_seal": None if seal is None else seal.n,
    }
