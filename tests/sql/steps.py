"""What machines of states share: a step taken by somebody, a count of refusals, and the run.

Each refusal must say in words what is missing: a machine that is refused without words fails.
"""

import os
import time
from collections import Counter
from typing import ClassVar

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from app.core.errors import AppError

LONG = os.environ.get("CONTEXTMAP_LONG_TESTS") == "1"
MANY = 10_000


class Steps(RuleBasedStateMachine):
    """A machine whose steps are transactions of a person."""

    db = admin = people = None
    steps = 0
    refused: ClassVar[Counter] = Counter()  # by what was tried, and in which words

    @classmethod
    def fresh_count(cls):
        cls.steps, cls.refused = 0, Counter()

    def takes(self, actor, what, step=None):
        """Whether it was done; a refusal leaves nothing behind and says what is missing."""
        type(self).steps += 1
        try:
            with self.db.begin(actor) as session:
                what(session)
        except AppError as refusal:
            words = refusal.detail
            fields = getattr(refusal, "fields", None)
            if fields:
                words = " ".join(fields[name] for name in sorted(fields))
            assert len(words.split()) > 2, f"refused without words: {words!r}"
            assert words[-1] in ".?!", f"not a sentence: {words!r}"
            self.refused[step or what.__name__, words] += 1
            return False
        return True


def walk(machine, record, *, examples, steps, least):
    """Walk it and tell how far; the long walk goes on until ten thousand steps."""
    machine.fresh_count()
    began = time.process_time()
    far = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        derandomize=not LONG,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(machine, settings=far)
    while LONG and machine.steps <= MANY:
        run_state_machine_as_test(machine, settings=far)
    refusals = sum(machine.refused.values())
    record("steps", machine.steps)
    record("refused", refusals)
    record("guards", len(machine.refused))
    record("cpu_s", round(time.process_time() - began, 1))
    if LONG:
        for (step, words), times in machine.refused.most_common():
            print(f"{times:6} {step}: {words}")
        print(f"{machine.steps} steps, {refusals} refused, {len(machine.refused)} kinds")
    assert machine.steps > (MANY if LONG else least)
