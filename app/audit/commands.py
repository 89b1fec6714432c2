"""`contextmap audit seal | verify [--anchor FILE] | anchor [--restored] --out FILE`."""

import argparse
from pathlib import Path
from typing import Any

from app.audit import anchors, seals, verification
from app.audit.chain import Verdict
from app.core.errors import InvalidError

Context = Any  # app.core.command.Context
ON_ITS_WORD = (
    "That pruned events were old enough rests on the word of the database: give --anchor, too."
)


def register(subparsers: Any) -> None:  # noqa: ANN401 - argparse hides the class
    below = subparsers.add_parser("audit", help="seals of the audit trail").add_subparsers(
        required=True
    )
    below.add_parser("seal", help="seal what has finished").set_defaults(func=seal)
    verify = below.add_parser("verify", help="compare every event with the seals")
    verify.add_argument("--anchor", type=Path, help="file of anchors to compare with, too")
    verify.add_argument(
        "--public-key",
        type=Path,
        action="append",
        default=[],
        help="whose anchors are believed; default: the key in the data folder",
    )
    verify.set_defaults(func=run_verify)
    anchor = below.add_parser("anchor", help="sign the newest seal into a file")
    anchor.add_argument("--out", type=Path, required=True, help="file to append to, elsewhere")
    anchor.add_argument(
        "--restored", action="store_true", help="first say where the life before a restore ended"
    )
    anchor.set_defaults(func=run_anchor)


def seal(_: argparse.Namespace, context: Context) -> dict[str, Any]:
    done = seals.seal(context.db)
    last = None if done.last is None else done.last.n
    return {
        "seals": done.seals,
        "events": done.events,
        "lag_s": round(done.lag_s, 3),
        "last_seal": last,
    }


def run_verify(arguments: argparse.Namespace, context: Context) -> dict[str, Any]:
    keys = [anchors.public_key(path) for path in arguments.public_key]
    if keys and arguments.anchor is None:
        raise InvalidError("--public-key says whose anchors are believed: give --anchor, too.")
    if arguments.anchor is not None and not arguments.anchor.is_file():
        raise InvalidError(f"There is no file {arguments.anchor}.")
    verdict = verification.verify_with(
        context.db,
        context.settings,
        anchor_file=arguments.anchor,
        keys=keys,
        progress=context.progress,
    )
    return _told(verdict)


def run_anchor(arguments: argparse.Namespace, context: Context) -> dict[str, Any]:
    if arguments.restored and not verification.anchor_restore(
        context.db, context.settings, arguments.out
    ):
        raise InvalidError("This database was never restored.")
    made = verification.anchor(context.db, context.settings, arguments.out)
    if made is None:
        raise InvalidError("There is no event to anchor yet.")
    newest, signed_by = made
    return {
        "seal": newest.n,
        "era": newest.era,
        "hash": newest.hash.hex(),
        "key": signed_by,
        "public_key": str(context.settings.data_dir / anchors.PUBLIC),
        "file": str(arguments.out),
    }


def _told(verdict: Verdict) -> dict[str, Any]:
    """`verified` decides the exit code."""
    unproven = verdict.pruned > 0 and verdict.anchors is None
    return {
        "verified": verdict.holds,
        "events": verdict.events,
        "seals": verdict.seals,
        "unsealed": verdict.unsealed,
        "pruned_to_seal": verdict.pruned,
        "eras": len(verdict.eras),
        "anchors": verdict.anchors,
        "first_broken_seal": verdict.first_broken,
        "lost_by_restore": verdict.lost,
        "found": verdict.found,
        "problems": [{"code": p.code, "seal": p.seal, "words": p.words} for p in verdict.problems],
        "lines": [*verdict.lost, *(p.words for p in verdict.problems), *[ON_ITS_WORD] * unproven],
    }
