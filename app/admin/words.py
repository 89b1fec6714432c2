"""The permission file in plain words, for the page Roles. Every word of the file has its words."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.accounts.permissions import ROLES, Permissions, Role, Rule
from app.core.pages import capital

OBJECTS = {
    "report": "Reports",
    "report_decision": "Decisions on reports, and messages with the reporter",
    "report_contact": "Contact details of who reported",
    "place": "Places of concern",
    "place_exact_residential": "Exact addresses of homes",
    "place_priority": "Priorities of places",
    "place_link": "Links between places",
    "online_space": "Online spaces",
    "route": "Routes",
    "incident": "Incidents",
    "missing_episode": "Missing episodes",
    "child": "References of children",
    "child_place_link": "Links between children and places",
    "child_identity": "Identity of children",
    "intelligence_p": "Intelligence of code P",
    "intelligence_c": "Intelligence of code C",
    "intelligence_draft": "Intelligence that is being written",
    "cluster": "Clusters",
    "assessment": "Context assessments",
    "safety_map": "Safety maps drawn by children",
    "context_weighting": "Weightings of contexts",
    "plan": "Context plans",
    "action": "Actions of plans",
    "outcome_review": "Reviews of outcomes",
    "context_comment": "Comments on assessments, plans and reviews",
    "meeting_pack": "Meetings and their packs",
    "briefing_draft": "Drafts of briefings",
    "briefing_released": "Briefings",
    "briefing_notice": "Letters that tell of briefings",
    "public_summary": "The page for everybody",
    "place_mask": "Points that stand for homes",
    "release": "Releases of numbers",
    "release_ledger": "Who read which released numbers",
    "export": "Exports",
    "import_batch": "Imports",
    "import_work": "Files being imported",
    "import_mapping": "Saved mappings of imports",
    "map_view": "Saved views of the map",
    "attachment": "Attached files",
    "audit_event": "Audit",
    "user": "Accounts",
    "grant": "Grants",
    "retention_hold": "Holds and retention",
    "subject_request": "Requests of people about what is held of them",
    "subject_file": "Answers to those requests",
    "objection": "Objections to a listed place",
    "reference_data": "Reference data",
    "settings": "Settings",
}
ACTIONS = {
    "create": "add",
    "read": "see",
    "count": "see how many there are",
    "update": "change",
    "delete": "take out of use",
    "approve": "decide or approve",
    "export": "put into an export",
    "request": "ask somebody else for",
    "reveal": "have the full address shown, as text to copy",
    "run": "start the calculation",
    "download": "download",
    "undo": "undo",
    "revoke": "end",
    "verify": "verify the seals",
    "anchor": "send an anchor",
}
SCOPES = {
    "own_borough": "in their boroughs",
    "all": "in every borough",
    "named": "only where a grant names them",
    "released": "only what has been released",
    "meta": "only who, when and state, never content",
}
OWN = {
    "user": "only their own",
    "agency": "only of their organisation",
    "assigned": "only what is theirs to do",
    "caseload": "only of children they work with",
    "receipt": "only with the code of the receipt",
}
VIEWS = {
    "status": "the state and the day, without content",
    "proposal": "as a proposal",
    "shape": "name, type and outline, without numbers or reasons",
    "defanged": "the address made harmless",
    "platform": "the platform only",
    "redacted": "as redacted in triage",
    "sanitised": "the sanitised text",
    "band": "the other borough only as active too",
    "comment": "by comments only",
    "task": "the task and their own evidence",
    "totals": "totals only",
    "profile": "without what others have entered",
    "meta": "who, when and state only",
}
CONDITIONS = {
    "after_triage": "once triage is done",
    "routed_to_police": "when it was sent on to the police",
    "listed_to_partners": "when it is listed to partners",
    "shareable_grade": "when its grade may be shared and it was released",
    "conditions_accepted": "after accepting the conditions",
    "not_author": "never their own",
    "chair_not_builder": "as the chair, who has not built it",
    "all_have_rated": "once everybody has rated",
    "until_confirmed": "until it is confirmed",
    "frozen": "once it is frozen",
    "checked": "once it is checked",
    "approved": "once it is approved",
    "not_intelligence": "but no intelligence of somebody else",
    "synthetic": "synthetic ones only",
    "custodian": "as an identity custodian",
    "few_rows": "by themselves",
    "both_ends": "when both places may be seen",
    "own_or_of_role": "their own, and what colleagues of the same role share",
    "both_ends_listed": "when both places are listed to partners",
}
KINDS = {
    "PACK": "meeting packs",
    "CASE": "one case",
    "CHILD_LINK": "links of a child",
    "INTEL_C": "an item of code C",
    "CUSTODIAN": "the duty of identity custodian",
    "BREAK_GLASS": "emergency access",
    "gazetteer": "the gazetteer",
    "basemap": "the street map",
    "area": "areas",
    "lookup": "code lists",
    "police_point": "positions of police data",
    "practice": "how work is done",
    "policy": "policy",
    "technical": "technical ones",
}
NO_BOROUGH = frozenset(
    {
        "user",
        "grant",
        "audit_event",
        "reference_data",
        "settings",
        "release",
        "release_ledger",
        "briefing_draft",
        "briefing_released",
        "briefing_notice",
        "public_summary",
        "place_mask",
    }
)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the page: what may be done, to which of them, and how."""

    actions: str
    which: str
    how: tuple[str, ...]


TIERS = {
    "H0": "what signed-in partners may be shown",
    "H1": "what practitioners may be shown",
    "P": "police intelligence that may be shared",
    "C": "police intelligence with conditions",
}
BOROUGHS = {
    "all": "Every borough of the partnership",
    "assigned": "The boroughs of the account",
    "none": "None",
}


def labels(*, accounts_only: bool = False) -> dict[str, str]:
    """Every role by name, in words with a capital."""
    return {
        role.name: capital(role.label)
        for role in ROLES.values()
        if role.account or not accounts_only
    }


def facts(role: Role) -> list[tuple[str, str]]:
    """What holds for everything a role does: pairs of a name and words."""
    if not role.account:
        return [("Account", "None. Reports come without signing in.")]
    second = listed([ROLES[name].label for name in role.second_person], "or")
    return [
        ("Boroughs", BOROUGHS[role.boroughs]),
        ("Records", capital(listed([TIERS[tier] for tier in role.tiers])) or "None of any case"),
        ("Signed out", f"After {role.idle_min} minutes without use, and after {role.abs_h} hours"),
        ("Second factor", "Always" if role.mfa else "Not asked for"),
        ("New accounts", f"Wait for a second person: {second}" if second else "Wait for nobody"),
    ]


def lines(permissions: Permissions, role: str, thing: str) -> list[Line]:
    """What this role may do to one object; actions with equal conditions share a line."""
    found: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for action, rule in permissions.objects[thing].rules[role].items():
        second = [permissions.roles[name].label for name in rule.second]
        found.setdefault((_which(thing, rule), _how(rule, second)), []).append(ACTIONS[action])
    return [Line(listed(actions), which, how) for (which, how), actions in found.items()]


def listed(words: Sequence[str], last: str = "and") -> str:
    """`a, b and c`; nothing for nothing."""
    if not words:
        return ""
    before, (final,) = ", ".join(words[:-1]), words[-1:]
    return f"{before} {last} {final}" if before else final


def _how(rule: Rule, second: Sequence[str]) -> tuple[str, ...]:
    found = [
        VIEWS.get(rule.view, ""),
        CONDITIONS.get(rule.where or "", ""),
        rule.kinds and f"for {listed([KINDS[kind] for kind in rule.kinds])}",
        rule.fields and f"of it {listed([name.replace('_', ' ') for name in rule.fields])}",
        rule.purposes and "after giving a reason",
        rule.step_up and "after showing a second factor within ten minutes",
        rule.max_rows and f"up to {rule.max_rows} rows",
        second and f"somebody else must confirm: {listed(second, 'or')}",
    ]
    return tuple(words for words in found if isinstance(words, str) and words)


def _which(thing: str, rule: Rule) -> str:
    if rule.by:
        return OWN[rule.by]
    return "" if rule.scope == "all" and thing in NO_BOROUGH else SCOPES[rule.scope]
