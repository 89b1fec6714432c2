"""What stands around every page: the menu, who is signed in, what to know about the service."""

from functools import partial
from typing import Any

from fastapi import Request

from app.accounts.deps import can
from app.accounts.permissions import ROLES
from app.core.pages import SESSION_COOKIE, csrf_token
from app.oversight.deps import oversees
from app.site.degraded import sentences

NAV = (
    ("map", "Map", "place.read"),
    ("places", "Places", "place.read"),
    ("meetings", "Meetings", "meeting_pack.read"),
    ("reports", "Reports", "report.read"),
    ("incidents", "Incidents", "incident.read"),
    ("intelligence", "Intelligence", "intelligence_c.read"),
    ("children", "Children", "child.read"),
    ("clusters", "Clusters", "cluster.read"),
    ("imports", "Imports", "import_batch.read"),
    ("exports", "Exports", "export.read export.approve"),
    ("briefings", "Briefings", "briefing_released.download meeting_pack.read"),
    ("admin", "Administration", "user.revoke user.request"),
)
OF_THE_PUBLIC = frozenset({"report", "exit", "cookies", "summary"})


def page_context(request: Request) -> dict[str, Any]:
    actor = getattr(request.state, "actor", None)
    known = getattr(request.state, "identified", None)
    return {
        "actor": actor,
        "idle_min": ROLES[actor.role].idle_min if actor and known and known.session_id else None,
        "demo": request.app.state.settings.demo,
        "marking": request.app.state.settings.marking,
        "protected": actor is not None,
        "section": request.url.path.strip("/").split("/")[0],
        "nav": [
            (key, label)
            for key, label, needed in NAV
            if any(can(actor, each) for each in needed.split())
        ]
        + [("audit", "Audit")] * oversees(actor),
        "oversees": oversees(actor),
        "can": partial(can, actor),
        "csrf": csrf_token(request),
        "partnership": request.app.state.partnership,
        "frame": _frame(request),
        "hindrances": sentences(request) if actor else [],
    }


def _frame(request: Request) -> str:
    """Of the public, whose pages name no staff service; of staff, by the cookie they carry."""
    first = request.url.path.strip("/").split("/")[0]
    shared = first in {"privacy", "accessibility", "help"} and SESSION_COOKIE not in request.cookies
    return "report/base.html" if shared or first in OF_THE_PUBLIC else "base.html"
