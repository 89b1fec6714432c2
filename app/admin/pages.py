"""What the pages of accounts show, and what their forms say."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, NamedTuple

from fastapi import Depends, Request, Response
from sqlalchemy.orm import Session

from app.accounts import queries as known
from app.accounts.models import User
from app.accounts.permissions import ROLES
from app.accounts.rules import GRANT_WORDS, LONGEST_ACCOUNT, State
from app.admin import queries, rules, service, tokens, words
from app.admin.deps import can_all
from app.admin.rules import Wanted
from app.admin.schemas import UserForm
from app.core import clock
from app.core import pages as html
from app.core.actor import Actor
from app.core.mail import Mailer, NoMail
from app.places.queries import partner_codes

BOX = "borough_"
FORM = "admin/user-form.html"
SUBJECT = "Your Contextmap account"
LETTER = """\
An account of Contextmap has been prepared for you, or its sign-in has been set back.

Open this link within seven days, on your own device, and set up your sign-in:

{link}

The link works once. If you did not expect this letter, tell your administrator.
"""


class Decision(NamedTuple):
    """The question of a decision about an account, what follows from it, and its button."""

    question: str
    follows: str
    button: str


DECISIONS = {
    "disable": Decision(
        "Disable the account of {name}?",
        "They are signed out now and cannot sign in again. Programs with their tokens stop. What "
        "they recorded stays. To let them in again, send a new invitation.",
        "Disable this account",
    ),
    "invite": Decision(
        "Send {name} a new invitation?",
        "Password, authenticator app, passkeys and recovery codes of this account are taken back, "
        "and every session ends. With the new link they set up their sign-in again. Do this when a "
        "second factor is lost, or to let somebody in again.",
        "Send a new invitation",
    ),
    "confirm": Decision(
        "Confirm the account of {name}?",
        "Check that this person works for the organisation named here and needs this role. You "
        "answer for it beside the administrator who made the account.",
        "Confirm this account",
    ),
    "end-sessions": Decision(
        "Sign {name} out everywhere?",
        "Every browser and every program of this account stops at its next request. They can sign "
        "in again.",
        "Sign out everywhere",
    ),
}


def partners_of(request: Request) -> Sequence[str]:
    return partner_codes(request.app.state.settings.partnership)


Partners = Annotated[Sequence[str], Depends(partners_of)]


def wanted(sent: Mapping[str, str]) -> tuple[Wanted | None, int | None, dict[str, str]]:
    """The account a form asks for and the version it was made from, or what cannot be read."""
    boxes = tuple(sorted(name.removeprefix(BOX) for name in sent if name.startswith(BOX)))
    rest = {name: said for name, said in sent.items() if not name.startswith(BOX)}
    form, errors = html.parse(UserForm, rest)
    if form is None:
        if "ends_on" in errors:
            errors["ends_on"] = rules.NO_END
        return None, None, errors
    asked = Wanted(
        username=form.username,
        name=form.name,
        email=form.email,
        agency_code=form.agency_code,
        role=form.role,
        borough_codes=boxes,
        ends_on=form.ends_on or rules.NEVER,
        oidc_subject=form.oidc_subject,
    )
    return asked, form.version, {}


def change_page(
    request: Request,
    session: Session,
    partners: Sequence[str],
    values: Mapping[str, Any],
    errors: Mapping[str, str],
    *,
    user: User | None = None,
    stale: bool = False,
) -> Response:
    """The form of an account; `stale` when somebody else saved first, with both versions."""
    names = known.boroughs(session)
    changed = _changed(session, user) if stale and user else {}
    return html.render(
        request,
        "admin/user-stale.html" if stale else FORM,
        status=409 if stale else None,
        page_title="Somebody changed this first" if stale else _title(user),
        user=user,
        values=values,
        errors=errors,
        boroughs={code: names.get(code, code) for code in (*partners, *_others(user, partners))},
        roles=words.labels(accounts_only=True),
        limited=[role.label for role in ROLES.values() if role.boroughs == "assigned"],
        agencies=known.agencies(session),
        with_sign_on=bool(request.app.state.settings.oidc_issuer),
        latest=clock.today() + LONGEST_ACCOUNT,
        **changed,
    )


def account_page(
    request: Request, session: Session, actor: Actor, user: User, *, invited: bool
) -> Response:
    """One account. Leads see who it is; how somebody signs in is for those who look after it."""
    now, in_full = clock.now(), actor.view == "full"
    role = ROLES[user.role]
    return html.render(
        request,
        "admin/user.html",
        page_title=user.name,
        user=user,
        role=role,
        label=html.capital(role.label),
        agency=known.agencies(session).get(user.agency_code, user.agency_code),
        boroughs=known.boroughs(session),
        people=queries.people(session, (user.created_by, user.updated_by, user.approved_by)),
        waits=rules.waits(user),
        second=[ROLES[name].label for name in role.second_person],
        ended=user.ends_on < clock.today(),
        in_full=in_full,
        visits=known.visits(session, user.id, now=now) if in_full else [],
        tokens=known.live_tokens(session, user.id, now=now) if in_full else [],
        factors=queries.factors(session, user.id) if in_full else {},
        grants=queries.grants_of(session, user.id, now=now) if can_all(actor, "grant.read") else [],
        kinds=GRANT_WORDS,
        invited=invited,
        may=_may(session, actor, user),
    )


def _may(session: Session, actor: Actor, user: User) -> dict[str, bool]:
    """Which buttons the page of an account offers: those that would not be refused."""
    others = can_all(actor, "user.update") and actor.id != user.id
    return {
        "edit": others,
        "disable": others and user.state != State.DISABLED,
        "end": can_all(actor, "user.revoke"),
        "tokens": can_all(actor, "user.create") and tokens.barrier(user) is None,
        "grants": can_all(actor, "grant.read"),
        "confirm": can_all(actor, "user.approve")
        and service.barrier_to_confirm(session, actor, user) is None,
    }


def decision_page(
    request: Request, session: Session, user: User, decision: str, *, barrier: str | None = None
) -> Response:
    """A question as the heading, what follows, and one button."""
    told = DECISIONS[decision]
    return html.render(
        request,
        "admin/decide.html",
        page_title=told.question.format(name=user.name),
        user=user,
        label=html.capital(ROLES[user.role].label),
        agency=known.agencies(session).get(user.agency_code, user.agency_code),
        people=queries.people(session, (user.created_by, user.updated_by)),
        decision=decision,
        follows=told.follows,
        button=told.button,
        barrier=barrier,
    )


def handed_over(request: Request, post: Mailer, user: User, token: str) -> Response:
    """The link goes to the person; where no letter can go, the administrator sees it once."""
    link = f"{request.app.state.settings.base_url}/sign-in/invitation/{token}"
    if user.email and not isinstance(post, NoMail):
        post.send(user.email, SUBJECT, LETTER.format(link=link))
        return html.see(f"/admin/users/{user.ref}?invited=yes")
    return html.render(
        request,
        "admin/shown-once.html",
        page_title="Give this link to them yourself",
        user=user,
        secret=link,
        what="link",
        why="No e-mail address is known." if not user.email else "No outgoing mail is set up.",
    )


def _title(user: User | None) -> str:
    return "Add an account" if user is None else f"Change the account of {user.name}"


def _changed(session: Session, user: User) -> dict[str, Any]:
    """Who saved first, and when."""
    return {
        "changed_by": queries.people(session, [user.updated_by])[user.updated_by],
        "changed_at": user.updated_at.astimezone(clock.LONDON),
    }


def _others(user: User | None, partners: Sequence[str]) -> list[str]:
    """Boroughs outside the partnership that an account has from before."""
    return [code for code in (user.borough_codes if user else ()) if code not in partners]
