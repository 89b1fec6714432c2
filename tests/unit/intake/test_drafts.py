"""What is in an open form can be read with its cookie and with nothing else."""

import secrets
from uuid import UUID

import pytest

from app.intake.drafts import Lock
from app.intake.schemas import Done, Draft

WORDS = "Canary words of an open form, synthetic"
DRAFT = Draft(key=UUID(int=7), started_at_s=0, answers={"notice_text": WORDS})


def cookie():
    return secrets.token_urlsafe(32)


def test_the_cookie_opens_what_it_sealed():
    said = cookie()

    opened = Lock.of(said).opened(Lock.of(said).seal(DRAFT))

    assert opened is not None
    assert opened.model_dump(mode="json") == DRAFT.model_dump(mode="json")


def test_neither_the_row_nor_its_name_shows_the_answers_or_the_cookie():
    said = cookie()
    lock = Lock.of(said)

    row = lock.id + lock.seal(DRAFT)

    assert WORDS.encode() not in row
    assert said.encode() not in row
    assert lock.key not in row
    assert lock.seal(DRAFT) != lock.seal(DRAFT)


@pytest.mark.asvs("11.3.3")
def test_another_cookie_another_row_and_a_changed_byte_open_nothing():
    mine, other = Lock.of(cookie()), Lock.of(cookie())
    sealed = mine.seal(DRAFT)

    assert other.opened(sealed) is None
    assert Lock(other.id, mine.key).opened(sealed) is None
    for at in (0, 12, len(sealed) - 1):
        changed = bytearray(sealed)
        changed[at] ^= 1
        assert mine.opened(bytes(changed)) is None


@pytest.mark.parametrize("cipher", [b"", b"x" * 11, b"x" * 40])
def test_what_is_no_box_opens_nothing(cipher):
    assert Lock.of(cookie()).opened(cipher) is None


def test_a_form_of_another_version_is_over_and_not_a_failure():
    lock = Lock.of(cookie())

    newer = DRAFT.model_copy(update={"version": 2})

    assert lock.opened(lock.seal(newer)) is None


def test_the_longest_answers_fit_into_a_row():
    """Of letters that take four bytes each, typed twice: kept, and not taken."""
    long = "\U00010348" * 1000
    typed = dict.fromkeys(("groups_text", "notice_text", "helps_text"), long)
    full = {"where_text": 200, "online_raw": 500, "groups_text": 200, "notice_text": 500}
    more = {"helps_text": 500, "safe_times": 100, "email": 254, "line": 40}
    answers = {name: "\U00010348" * longest for name, longest in (full | more).items()}
    pending = {"step": "what", "typed": typed, "errors": typed}
    draft = Draft(key=UUID(int=7), started_at_s=0, answers=answers, pending=pending)

    assert len(Lock.of(cookie()).seal(draft)) <= 40_000


def test_after_sending_there_is_the_receipt_and_no_answer():
    from app.core.clock import today

    done = Done(receipt="K7Q4", due_on=today(), at_s=0)

    assert Draft(key=UUID(int=7), started_at_s=0, done=done).answers == {}
