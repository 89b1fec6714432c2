"""The permission file, read and checked: who may do what, to which rows.

Everything that decides is made from `permissions.yaml`; nothing here knows a route or a table.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

FILE = Path(__file__).with_name("permissions.yaml")
OPEN_ROUTES = ("public", "signed_in")
ALL = "all"


class PermissionFileError(ValueError):
    """The file cannot be used; the words list everything that is wrong with it."""


class NoRepeats(yaml.SafeLoader):
    """Of two equal keys YAML would silently keep the last: here that is a mistake."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        names = [self.construct_object(key, deep=True) for key, _ in node.value]
        if twice := {str(name) for name in names if names.count(name) > 1}:
            raise PermissionFileError(f"Written twice: {', '.join(sorted(twice))}.")
        return super().construct_mapping(node, deep=deep)


@dataclass(frozen=True, slots=True)
class Role:
    """One kind of person, and what holds for everything this person does."""

    name: str
    label: str
    tiers: tuple[str, ...]
    boroughs: str
    purposes: tuple[str, ...]
    db_role: str
    account: bool = True
    mfa: bool = True
    idle_min: int = 30
    abs_h: int = 10
    second_person: tuple[str, ...] = ()

    @property
    def all_boroughs(self) -> bool:
        return self.boroughs == ALL


@dataclass(frozen=True, slots=True)
class Rule:
    """What one role may do to one object by one action."""

    scope: str
    by: str | None = None
    tiers: tuple[str, ...] = ()
    view: str = "full"
    where: str | None = None
    purposes: tuple[str, ...] = ()
    step_up: bool = False
    second: tuple[str, ...] = ()
    max_rows: int | None = None
    kinds: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Thing:
    """One object of the matrix, the tables it lives in, and the rules of each role."""

    name: str
    tables: tuple[str, ...]
    rules: Mapping[str, Mapping[str, Rule]]
    rows: Mapping[str, str] = field(default_factory=dict)
    columns: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    unscoped: tuple[str, ...] = ()
    full_only: tuple[str, ...] = ()
    kept_by_database: tuple[str, ...] = ()
    kinds_of: Mapping[str, str] = field(default_factory=dict)
    audit_reads: bool = False
    enabled: bool = True


@dataclass(frozen=True)
class Permissions:
    """The whole file."""

    roles: Mapping[str, Role]
    objects: Mapping[str, Thing]
    actions: Mapping[str, str]
    conditions: Mapping[str, str]
    jobs: Mapping[str, Mapping[str, Any]]
    routes: Mapping[str, str]
    aliases: Mapping[str, str]
    emergency: Mapping[str, Any]
    defaults: Mapping[str, Any]
    scopes: Mapping[str, str]
    views: Mapping[str, str]
    meta_columns: tuple[str, ...]
    sha256: str

    def rule(self, role: str, permission: str) -> Rule | None:
        """What `object.action` allows this role; None when it is refused."""
        name, action = self.aliases.get(permission, permission).split(".")
        thing = self.objects[name]
        return thing.rules[role].get(action) if thing.enabled else None

    def knows(self, permission: str) -> bool:
        name, _, action = self.aliases.get(permission, permission).partition(".")
        return name in self.objects and action in self.actions

    @cached_property
    def step_up_max_age_s(self) -> int:
        return int(self.defaults["step_up_max_age_s"])


def read(path: Path = FILE) -> Permissions:
    """The file as frozen values.

    Raises
    ------
    PermissionFileError
        With every missing pair of object and role, unknown word and unknown permission at once.
    """
    raw = path.read_bytes()
    told = yaml.load(raw, NoRepeats)  # noqa: S506 - a safe loader that also refuses repeats
    problems = list(_problems(told))
    if problems:
        raise PermissionFileError("\n".join(problems))
    roles = {name: _role(name, facts) for name, facts in told["roles"].items()}
    return Permissions(
        roles=roles,
        objects={name: _thing(name, facts, roles) for name, facts in told["objects"].items()},
        actions=told["actions"],
        conditions=told["conditions"],
        jobs=told["jobs"],
        routes=told["routes"],
        aliases=told["aliases"],
        emergency=told["break_glass"],
        defaults=told["defaults"],
        scopes=told["scopes"],
        views=told["views"],
        meta_columns=tuple(told["meta_columns"]),
        sha256=hashlib.sha256(raw).hexdigest(),
    )


def _role(name: str, facts: Mapping[str, Any]) -> Role:
    known: dict[str, Any] = _frozen(facts)
    return Role(name=name, **known)


def _frozen(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(said) if isinstance(said, list) else said for key, said in facts.items()}


def _thing(name: str, facts: Mapping[str, Any], roles: Mapping[str, Role]) -> Thing:
    tables = tuple(_qualified(table) for table in facts["tables"])
    open_tables = facts.get("unscoped", ())
    return Thing(
        name=name,
        tables=tables,
        rules={
            role: {action: _rule(rule, roles[role]) for action, rule in actions.items()}
            for role, actions in facts["rules"].items()
        },
        rows={_qualified(table): sql for table, sql in facts.get("rows", {}).items()},
        columns={_qualified(table): names for table, names in facts.get("columns", {}).items()},
        unscoped=tables if open_tables == ALL else tuple(map(_qualified, open_tables)),
        full_only=tuple(map(_qualified, facts.get("full_only", ()))),
        kept_by_database=tuple(map(_qualified, facts.get("kept_by_database", ()))),
        kinds_of={_qualified(table): kind for table, kind in facts.get("kinds_of", {}).items()},
        audit_reads=facts["audit_reads"],
        enabled=facts.get("enabled", True),
    )


def _rule(facts: Mapping[str, Any], role: Role) -> Rule:
    said = dict(facts)
    wanted = said.pop("purpose", None)
    purposes = role.purposes if wanted is True else tuple(wanted or ())
    known: dict[str, Any] = _frozen({"tiers": role.tiers} | said)
    return Rule(purposes=purposes, **known)


def _qualified(table: str) -> str:
    return table if "." in table else f"app.{table}"


def _problems(told: Mapping[str, Any]) -> list[str]:
    found = []
    for name, facts in told["objects"].items():
        rules = facts["rules"]
        found += [f"{name}: no rules for {role}." for role in told["roles"] if role not in rules]
        found += [f"{name}: unknown role {role}." for role in rules.keys() - told["roles"]]
        for role, actions in rules.items():
            for action, rule in actions.items():
                where = f"{name}.{action} for {role}"
                found += [f"{where}: {words}" for words in _wrong(told, action, rule)]
    known = {f"{name}.{action}" for name in told["objects"] for action in told["actions"]}
    known |= set(told["aliases"]) | set(OPEN_ROUTES)
    found += [
        f"{route} names an unknown permission, {permission}."
        for route, permission in told["routes"].items()
        if permission not in known
    ]
    return found


VOCABULARY = {"scope": "scopes", "view": "views", "where": "conditions", "by": "by_words"}
RULE_KEYS = {
    *VOCABULARY,
    *("tiers", "purpose", "step_up", "second", "max_rows", "kinds", "fields"),
}


def _wrong(told: Mapping[str, Any], action: str, rule: Mapping[str, Any]) -> list[str]:
    found = [f"unknown key {key}." for key in sorted(rule.keys() - RULE_KEYS)]
    if action not in told["actions"]:
        found.append("unknown action.")
    if "scope" not in rule:
        found.append("no scope.")
    found += [
        f"unknown {key} {rule[key]}."
        for key, words in VOCABULARY.items()
        if key in rule and rule[key] not in told[words]
    ]
    found += [f"unknown tier {t}." for t in rule.get("tiers", ()) if t not in told["tiers"]]
    if (rule.get("scope") == "own") != ("by" in rule):
        found.append("own and by go together.")
    return found


PERMISSIONS = read()
ROLES = PERMISSIONS.roles
