"""`contextmap release build PERIOD` and `release check RELEASE`: at once, in this process."""

import argparse
from typing import Any

from app.core.command import Context, Result
from app.core.errors import InvalidError
from app.places.queries import partner_codes
from app.releases import building, queries, rules, service


def register(subparsers: Any) -> None:  # noqa: ANN401 - argparse hides the class
    below = subparsers.add_parser("release", help="banded tables of a period").add_subparsers(
        required=True, metavar="WHAT"
    )
    build = below.add_parser("build", help="count a period, band it and check it")
    build.add_argument("period", help="2026-Q3, 2026-H2 or 2026")
    build.set_defaults(func=run_build)
    check = below.add_parser("check", help="the disclosure gate of a release, with its figures")
    check.add_argument("release", help="its code, as 2026-Q3")
    check.set_defaults(func=run_check)


def run_build(arguments: argparse.Namespace, context: Context) -> Result:
    """A new draft, or a standing one counted again."""
    period = rules.window(arguments.period).period
    with context.db.begin(building.BUILD) as session:
        standing = queries.unpublished(session, period)
        code = (standing or service.ask(session, building.BUILD, period)).code
    building.build(context.db, code, partner_codes(context.settings.partnership))
    return _told(context, code)


def run_check(arguments: argparse.Namespace, context: Context) -> Result:
    return _told(context, arguments.release)


def _told(context: Context, code: str) -> Result:
    with context.db.read(building.BUILD) as session:
        release = queries.find(session, code)
        if release.certificate is None and release.problem is None:
            raise InvalidError("This release was not counted yet.")
        same = queries.sha256_of(queries.cells(session, release)) == release.sha256
        told = release.certificate or {}
        facts = {key: told[key] for key in told if key not in {"criteria", "left_out"}}
        lines = list(told.get("left_out", {}).values())
        if release.problem is not None:
            lines.append(release.problem)
        return {
            "release": release.code,
            "state": release.state,
            "verified": same and release.problem is None,
            **facts,
            "lines": lines,
        }
