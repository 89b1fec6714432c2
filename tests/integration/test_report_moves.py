"""Random steps: no state without its guard, each move one change of state and one event.

CONTEXTMAP_LONG_TESTS=1 takes ten thousand.
"""

import os
import random
from collections import Counter, defaultdict

import pytest
from sqlalchemy import text

from app.core.errors import RuleBrokenError
from app.core.ids import new_id
from app.reports import answers, decisions, ending, queries, replies, screening, triage
from app.reports.receipts import mailbox_of, receipt_hmac
from app.reports.rules import MOVES, State
from app.reports.sealing import Keys, seal
from tests.reports import rows, sent

LONG = os.environ.get("CONTEXTMAP_LONG_TESTS") == "1"
STEPS, REPORTS, BATCH = 10_000 if LONG else 1_500, 40, 500
# The table of the domain model, and undo. Written out here, not read from the rules.
MODEL = {
    ("screen", "RECEIVED"): ["SCREENED"],
    ("release", "QUARANTINED"): ["SCREENED"],
    ("take", "RECEIVED"): ["SCREENED", "IN_TRIAGE"],
    ("take", "QUARANTINED"): ["SCREENED", "IN_TRIAGE"],
    ("take", "SCREENED"): ["IN_TRIAGE"],
    ("take", "NEEDS_INFO"): ["IN_TRIAGE"],
    ("take", "IN_TRIAGE"): [],
    ("ask", "IN_TRIAGE"): ["NEEDS_INFO"],
    ("answer", "NEEDS_INFO"): ["IN_TRIAGE"],
    ("decide", "IN_TRIAGE"): ["DECIDED"],
    ("undo", "DECIDED"): ["IN_TRIAGE"],
    ("feedback", "DECIDED"): ["FEEDBACK_SENT"],
    ("close", "DECIDED"): ["CLOSED"],
    ("close", "FEEDBACK_SENT"): ["CLOSED"],
    ("reopen", "CLOSED"): ["IN_TRIAGE"],
}
ACTIONS = sorted({action for action, _ in MODEL})
ANSWERS = answers.read(
    {"identifiable": "NO", "tone": "CARE", "outcome_NFA": "yes", "reason": "TOO_LITTLE"}
)
QUIET = {"answer", "screen", "release", "take"}  # may be asked for at any time
ANSWER = text("select intake.reply(:mark, :id, :box, :copy)")


class Walk:
    def __init__(self, session, keys, lead):
        self.session, self.keys, self.lead = session, keys, lead

    def take(self, action, received):
        report = queries.lock(self.session, received.ref)
        if action == "answer":
            return self._answer(received, report)
        return getattr(self, f"_{action}")(report)

    def _screen(self, report):
        screening.screen(self.session, self.keys, report.id)

    def _release(self, report):
        triage.release(self.session, report)

    def _take(self, report):
        triage.take(self.session, self.keys, self.lead, report)

    def _ask(self, report):
        triage.must_be(report, {State.IN_TRIAGE}, State.NEEDS_INFO)
        self._send(report, "Q_WHERE")

    def _feedback(self, report):
        triage.must_be(report, {State.DECIDED}, State.FEEDBACK_SENT)
        self._send(report, "F_THANKS")

    def _send(self, report, code):
        made = replies.written(self.session, report, {"template": code}, "the front door")
        replies.send(self.session, self.keys, self.lead, report, made)

    def _decide(self, report):
        triage.must_be(report, {State.IN_TRIAGE}, State.DECIDED)
        found = triage.opened_by(self.session, self.keys, report)
        wanted = decisions.Wanted(ANSWERS)
        decisions.decide(self.session, self.keys, self.lead, found, wanted)

    def _undo(self, report):
        decisions.undo(self.session, report, queries.original(self.session, report), "Synthetic")

    def _close(self, report):
        decisions.close(self.session, report)

    def _reopen(self, report):
        decisions.reopen(self.session, self.lead, report, "Synthetic")

    def _answer(self, received, report):
        self.session.flush()
        of = {"report": report.id, "use": "message"}
        given = {
            "id": new_id(),
            "mark": receipt_hmac(self.keys.receipts, received.receipt),
            "box": seal({"body": "Yes"}, self.keys.triage.public_key(), **of),
            "copy": seal({"body": "Yes"}, mailbox_of(received.receipt).public_key(), **of),
        }
        assert self.session.scalar(ANSWER, given) in (True, False)
        self.session.refresh(report)


@pytest.mark.asvs("2.3.1")
def test_whatever_is_tried_only_the_table_happens(db, settings, lead):
    keys, dice = Keys.of(settings), random.Random(4)
    all_reports = [
        sent(
            db,
            settings,
            quarantine=["TOO_FAST"] if n % 4 == 0 else (),
            notice_text=f"Synthetic words of the report with the number {n}",
        )
        for n in range(REPORTS)
    ]
    states = {r.ref: "QUARANTINED" if n % 4 == 0 else "RECEIVED" for n, r in enumerate(all_reports)}
    moves = {r.ref: [states[r.ref]] for r in all_reports}
    refused, moved = 0, defaultdict(Counter)
    for _ in range(STEPS // BATCH):
        with db.begin(lead) as session:
            walk = Walk(session, keys, lead)
            for _ in range(BATCH):
                received, action = dice.choice(all_reports), dice.choice(ACTIONS)
                path = MODEL.get((action, states[received.ref]))
                try:
                    walk.take(action, received)
                except RuleBrokenError:
                    assert path is None, (action, states[received.ref])
                    refused += 1
                    continue
                if path is None:
                    assert action in QUIET, (action, states[received.ref])
                    path = []
                elif path or action == "take":
                    moved[action][states[received.ref]] += 1
                moves[received.ref] += path
                states[received.ref] = moves[received.ref][-1]

    assert refused > STEPS / 4
    assert len(set(moved)) == len({action for action, _ in MODEL})
    assert dict(rows(db, "select ref, state from app.report")) == states
    _each_move_is_one_change(db, moves)
    _each_move_is_one_event(db, moved)


def _each_move_is_one_change(db, moves):
    kept = rows(
        db,
        "select r.ref, s.from_state, s.to_state from app.report_state_change s "
        "join app.report r on r.id = s.report_id order by s.id",
    )
    walked = {ref: [] for ref in moves}
    for ref, before, after in kept:
        assert walked[ref][-1:] == ([before] if before else [])
        assert before is None or after in MOVES[before]
        walked[ref].append(after)
    assert walked == moves


def _each_move_is_one_event(db, moved):
    """A first taking is a screening, too; from quarantine it is a release and a taking."""
    events = dict(rows(db, "select action, count(*) from audit.event group by 1"))
    done = {action: sum(moved[action].values()) for action in moved}
    from_start = moved["take"]["RECEIVED"]

    assert events.pop("report.create") == REPORTS
    assert events.pop("report.screen") <= REPORTS
    assert moved["screen"]["RECEIVED"] + from_start <= REPORTS
    assert events.pop("report.message") >= done["answer"]
    assert events == {
        "report.release": done["release"] + moved["take"]["QUARANTINED"],
        "report.take": done["take"],
        "report.ask": done["ask"],
        "report.decide": done["decide"],
        "report.undo": done["undo"],
        "report.feedback": done["feedback"],
        "report.close": done["close"],
        "report.reopen": done["reopen"],
    }


@pytest.mark.parametrize("state", sorted(State))
def test_the_rules_are_the_table_of_the_domain_and_undo(state):
    designed = {to for (_, frm), path in MODEL.items() for to in path[:1] if frm == state}
    by_job = {"RECEIVED": {"QUARANTINED"}}

    assert set(MOVES[state]) == designed | by_job.get(state, set())
    assert ending.CLOSED_AFTER.days == 30
