"""A start that would show what had been erased ends with a sentence."""

import signal

import pytest

from app import serve
from app.core.errors import InvalidError
from app.retention import erasing
from app.retention.replaying import Replayed
from app.retention.rules import HELD, LOST, STAYED, UNSURE

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@pytest.fixture(autouse=True)
def handlers():
    before = {number: signal.getsignal(number) for number in SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_what_could_not_be_erased_is_told_and_nobody_is_served(monkeypatch, capsys):
    def started(*_):
        erasing.refuse_stayed(Replayed(erased=3, failed=2))

    monkeypatch.setattr(serve, "_serve", started)

    assert serve.main([]) == 1
    assert capsys.readouterr().err == STAYED.format(n=2) + "\n"


def test_what_went_or_is_held_refuses_nothing():
    erasing.refuse_stayed(Replayed(erased=3, held=2, unsure=1, list_is_lost=True))
    with pytest.raises(InvalidError):
        erasing.refuse_stayed(Replayed(failed=1))


def test_whoever_starts_it_is_told_what_to_look_after(settings):
    path = settings.erased_list

    assert erasing.told(Replayed(erased=3), settings) == []
    assert erasing.told(Replayed(held=2, unsure=1, list_is_lost=True), settings) == [
        LOST.format(path=path),
        HELD.format(n=2),
        UNSURE.format(n=1),
    ]
