"""Rules of accounts and grants that people give each other."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from app.accounts.permissions import PERMISSIONS, ROLES
from app.admin import rules
from app.admin.rules import GrantState, Kind, Wanted

TODAY = date(2026, 11, 25)
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
ANNE, BEN, CARL = (UUID(int=n) for n in (1, 2, 3))
KIM = Wanted(
    username="kim.example",
    name="Kim Example",
    email=None,
    agency_code="AFC",
    role="practitioner",
    borough_codes=("E09000021",),
    ends_on=TODAY,
)


@dataclass(frozen=True)
class Account:
    id: UUID = ANNE
    role: str = "cs_lead"
    state: str = "WAITING"
    created_by: UUID = BEN
    updated_by: UUID = BEN
    approved_by: UUID | None = None


@dataclass(frozen=True)
class Given:
    kind: str = "CASE"
    user_id: UUID = ANNE
    created_by: UUID = BEN
    until_at: datetime = NOW + timedelta(days=30)
    approved_at: datetime | None = None
    revoked_at: datetime | None = None


def problems(wanted):
    return rules.problems(
        wanted,
        ROLES.get(wanted.role),
        agencies={"AFC"},
        boroughs={"E09000021", "E09000027"},
        today=TODAY,
    )


def test_a_whole_account_has_no_problems():
    assert problems(KIM) == {}


@pytest.mark.parametrize(
    ("wrong", "field", "words"),
    [
        ({"borough_codes": ()}, "borough_codes", "Choose at least one borough."),
        ({"borough_codes": ("E09000021", "X")}, "borough_codes", "Choose at least one borough."),
        ({"ends_on": date(2027, 11, 26)}, "ends_on", "Enter an end date within 12 months."),
        ({"ends_on": rules.NEVER}, "ends_on", "Enter an end date within 12 months."),
        ({"role": "public"}, "role", "Choose a role."),
        ({"name": ""}, "name", "Enter a name."),
    ],
)
def test_an_answer_that_cannot_be_used_has_one_sentence(wrong, field, words):
    assert problems(replace(KIM, **wrong)) == {field: words}


@pytest.mark.parametrize("role", [r.name for r in ROLES.values() if r.account])
def test_only_roles_with_boroughs_of_their_own_need_one(role):
    found = problems(replace(KIM, role=role, borough_codes=()))

    assert ("borough_codes" in found) == (role in {"partner", "practitioner"})


def test_the_end_may_be_the_last_day_of_twelve_months():
    assert problems(replace(KIM, ends_on=TODAY + timedelta(days=365))) == {}


@pytest.mark.parametrize("role", ["cs_lead", "police_analyst", "auditor"])
def test_an_account_waits_until_somebody_confirmed_it(role):
    assert rules.waits(Account(role=role))
    assert rules.waits(Account(role=role, state="INVITED"))
    assert not rules.waits(Account(role=role, approved_by=CARL))
    assert not rules.waits(Account(role=role, state="DISABLED"))


def test_other_roles_wait_for_nobody():
    free = [role.name for role in ROLES.values() if not role.second_person]

    assert [role for role in free if rules.waits(Account(role=role))] == []


@pytest.mark.parametrize("by", [ANNE, BEN])
def test_the_person_and_who_made_the_account_may_not_confirm_it(by):
    assert "Somebody else" in (rules.barrier_to_confirm(Account(), by=by, role="auditor") or "")


def test_who_changed_it_last_may_not_confirm_it():
    changed = Account(updated_by=CARL)

    assert "Somebody else" in (rules.barrier_to_confirm(changed, by=CARL, role="auditor") or "")


def test_the_role_of_the_second_person_is_the_one_of_the_file():
    assert rules.barrier_to_confirm(Account(), by=CARL, role="auditor") is None
    assert "another role" in (rules.barrier_to_confirm(Account(), by=CARL, role="cs_lead") or "")


@pytest.mark.parametrize("changed", ["role", "agency_code", "email", "oidc_subject"])
def test_what_says_who_somebody_is_must_be_confirmed_again(changed):
    assert rules.must_be_confirmed(ROLES["cs_lead"], [changed])
    assert not rules.must_be_confirmed(ROLES["partner"], [changed])


def test_a_new_end_need_not_be_confirmed():
    assert not rules.must_be_confirmed(ROLES["cs_lead"], ["ends_on", "name"])


@pytest.mark.parametrize(
    ("grant", "state"),
    [
        (Given(), GrantState.ASKED),
        (Given(approved_at=NOW), GrantState.LIVE),
        (Given(approved_at=NOW, until_at=NOW + timedelta(days=14)), GrantState.ENDING),
        (Given(approved_at=NOW, until_at=NOW), GrantState.OVER),
        (Given(until_at=NOW), GrantState.OVER),
        (Given(approved_at=NOW, revoked_at=NOW), GrantState.REVOKED),
        (Given(kind="BREAK_GLASS", until_at=NOW + timedelta(hours=1)), GrantState.LIVE),
    ],
)
def test_the_state_of_a_grant_follows_from_its_dates(grant, state):
    assert rules.grant_state(grant, NOW) is state
    assert state in rules.GRANT_STATE_WORDS


@pytest.mark.parametrize("by", [ANNE, BEN])
def test_neither_who_asked_nor_whom_it_is_for_approves_a_grant(by):
    barrier = rules.barrier_to_approve(Given(), by=by, role="cs_lead", now=NOW)

    assert barrier is not None
    assert "Somebody else" in barrier


@pytest.mark.parametrize(("role", "may"), [("cs_lead", 1), ("auditor", 1), ("practitioner", 0)])
def test_another_lead_or_the_auditor_approves(role, may):
    barrier = rules.barrier_to_approve(Given(), by=CARL, role=role, now=NOW)

    assert (barrier is None) == bool(may)


def test_what_is_decided_is_not_decided_again():
    done = (Given(approved_at=NOW), Given(revoked_at=NOW), Given(until_at=NOW))

    barriers = [rules.barrier_to_approve(g, by=CARL, role="auditor", now=NOW) for g in done]

    assert set(barriers) == {"This grant does not wait for anybody."}


def test_who_may_approve_is_what_the_file_says():
    rule = PERMISSIONS.rule("cs_lead", "grant.create")

    assert rule is not None
    assert set(rules.SECOND) == set(rule.second)
    assert all(PERMISSIONS.rule(role, "grant.approve") for role in rules.SECOND)


def test_a_grant_is_asked_for_people_to_whom_it_opens_something():
    assert set(rules.OPENS_TO[Kind.CASE]) == {"partner", "practitioner"}
    assert set(rules.OPENS_TO[Kind.CHILD_LINK]) == {"practitioner", "police_analyst"}


def test_a_grant_ends_with_its_last_day_in_london_and_within_90_days():
    last = TODAY + rules.LONGEST_GRANT

    assert rules.grant_end_problem(last, TODAY) is None
    assert rules.grant_end_problem(last + timedelta(days=1), TODAY) == rules.BAD_END
    assert rules.grant_end_problem(TODAY - timedelta(days=1), TODAY) == rules.BAD_END
    assert rules.end_of(date(2026, 7, 1)) == datetime(2026, 7, 1, 23, tzinfo=UTC)
    assert rules.end_of(last) - datetime(2026, 11, 25, tzinfo=UTC) <= timedelta(days=90)


@pytest.mark.parametrize(
    ("length", "words"),
    [(19, rules.SHORT_REASON), (20, None), (500, None), (501, rules.LONG_REASON)],
)
def test_a_reason_has_20_to_500_characters(length, words):
    assert rules.reason_problem("x" * length) == words
