"""`contextmap users create|confirm|disable|list` and `contextmap token create`, on the host."""

import argparse
from datetime import date, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.accounts import queries as known
from app.accounts.models import User
from app.accounts.permissions import ROLES
from app.accounts.rules import LONGEST_ACCOUNT, TokenScope, folded, lifetime
from app.admin import queries, rules, service, tokens
from app.admin.rules import Wanted
from app.core import clock
from app.core.actor import NOBODY, job_actor
from app.core.command import Context, Result
from app.core.errors import InvalidError
from app.places.queries import partner_codes

JOB = job_actor("accounts:admin")
HAND_OVER = "Hand the link over in person. It works once, for seven days."
OPTIONS = {"borough_codes": "--borough", "agency_code": "--agency", "ends_on": "--ends-on"}
CHANGE = "Change the answers named here."
# Of two commands at once the second sees the auditor of the first.
ONE_AT_A_TIME = text("select pg_advisory_xact_lock(hashtextextended('first auditor', 0))")
FIRST = (
    "Confirmed on the host, since there is no auditor yet. The audit says that no second person "
    "was asked. From now on this auditor confirms the accounts of leads and police analysts."
)


def register(subparsers: Any) -> None:  # noqa: ANN401 - argparse hides the class
    users = subparsers.add_parser("users", help="accounts").add_subparsers(required=True)
    create = users.add_parser("create", help="add an account; prints the link of its invitation")
    create.add_argument("username")
    create.add_argument("--name", required=True, help="first and last name")
    create.add_argument(
        "--role", required=True, choices=[r.name for r in ROLES.values() if r.account]
    )
    create.add_argument("--agency", required=True, help="code of the organisation, such as AFC")
    create.add_argument("--borough", action="append", default=[], help="GSS code; may be repeated")
    create.add_argument("--email", help="work e-mail, for single sign-on and letters")
    create.add_argument("--ends-on", type=_day, help="YYYY-MM-DD, within 12 months (the default)")
    create.set_defaults(func=_create)
    confirm = users.add_parser("confirm", help="confirm the first auditor, when there is none")
    confirm.add_argument("username")
    confirm.set_defaults(func=_confirm)
    disable = users.add_parser("disable", help="sign out and let in no more")
    disable.add_argument("username")
    disable.set_defaults(func=_disable)
    users.add_parser("list", help="who has an account").set_defaults(func=_list)
    below = subparsers.add_parser("token", help="for programs").add_subparsers(required=True)
    token = below.add_parser("create", help="make a token in somebody's name; shown once")
    token.add_argument("--user", required=True, help="username")
    token.add_argument("--ttl", type=_lifetime, default="1h", help="30m, 1h, at most 24h")
    token.add_argument("--scope", choices=list(TokenScope), default=TokenScope.READ)
    token.add_argument("--label", help="what it is for")
    token.set_defaults(func=_token)


def _create(arguments: argparse.Namespace, context: Context) -> Result:
    wanted = Wanted(
        username=folded(arguments.username),
        name=arguments.name.strip(),
        email=arguments.email,
        agency_code=arguments.agency,
        role=arguments.role,
        borough_codes=tuple(arguments.borough),
        ends_on=arguments.ends_on or clock.today() + LONGEST_ACCOUNT,
    )
    with context.db.begin(JOB) as session:
        partners = partner_codes(context.settings.partnership)
        if wrong := service.problems(session, wanted, partners):
            raise InvalidError(CHANGE, {OPTIONS.get(k, k): words for k, words in wrong.items()})
        user = service.create(session, NOBODY, wanted)
        token = service.invite(session, NOBODY, user, now=clock.now())
    link = f"{context.settings.base_url}/sign-in/invitation/{token}"
    second = [ROLES[name].label for name in ROLES[user.role].second_person]
    lines = [HAND_OVER]
    if second:
        lines.append(f"The account waits for a second person: {' or '.join(second)}.")
    return _told(user) | {"invitation": link, "waits_for": second, "lines": lines}


def _confirm(arguments: argparse.Namespace, context: Context) -> Result:
    with context.db.begin(JOB) as session:
        session.execute(ONE_AT_A_TIME)
        user = _locked(session, arguments.username)
        others = queries.confirmers(session, but=user.id, today=clock.today())
        service.confirm_first_auditor(session, NOBODY, user, others=others)
        return _told(user) | {"confirmed": True, "lines": [FIRST]}


def _disable(arguments: argparse.Namespace, context: Context) -> Result:
    with context.db.begin(JOB) as session:
        user = _locked(session, arguments.username)
        service.disable(session, NOBODY, user)
        return _told(user)


def _list(_: argparse.Namespace, context: Context) -> Result:
    with context.db.read(JOB) as session:
        users = [_told(user) for user in known.users(session)]
    lines = [" ".join(str(user[key]) for key in ("username", "role", "state")) for user in users]
    return {"users": users, "lines": lines}


def _token(arguments: argparse.Namespace, context: Context) -> Result:
    with context.db.begin(JOB) as session:
        user = known.user_by_name(session, arguments.user)
        token, ends_at = tokens.make(
            session,
            NOBODY,
            user,
            scope=TokenScope(arguments.scope),
            lives=arguments.ttl,
            label=arguments.label and arguments.label[:40],
        )
        return {
            "token": token,
            "user": user.username,
            "scope": arguments.scope,
            "expires_at": ends_at.isoformat(timespec="seconds"),
        }


def _locked(session: Session, username: str) -> User:
    return known.lock_user(session, known.user_by_name(session, username).ref)


def _told(user: User) -> Result:
    last = user.last_sign_in_at
    return {
        "ref": user.ref,
        "username": user.username,
        "name": user.name,
        "role": user.role,
        "agency": user.agency_code,
        "boroughs": user.borough_codes,
        "state": user.state,
        "waiting": rules.waits(user),
        "ends_on": user.ends_on.isoformat(),
        "last_sign_in_at": last and last.isoformat(timespec="seconds"),
    }


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError("write a day as YYYY-MM-DD") from None


def _lifetime(text: str) -> timedelta:
    try:
        return lifetime(text)
    except ValueError as wrong:
        raise argparse.ArgumentTypeError(str(wrong)) from None
