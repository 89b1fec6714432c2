import sys
import unicodedata

import pytest
from pydantic import ValidationError

from app.core.types import REFUSED, Day, Instant, ListCode, StrictModel, Text, clean_text


class Asked(StrictModel):
    name: Text
    n: int = 0


@pytest.mark.asvs("1.3.3", "2.2.1", "15.3.5")
@pytest.mark.parametrize(
    "value",
    [
        {"name": "a\0b"},
        {"name": "a\x1bb"},
        {"name": "a", "n": "5"},
        {"name": "a", "n": True},
        {"name": "a", "other": 1},
        {"name": "\ud800"},
    ],
)
def test_strict_models_refuse_surprises(value):
    with pytest.raises(ValidationError):
        Asked.model_validate(value)


@pytest.mark.asvs("1.1.1")
def test_text_is_composed_and_stripped():
    assert Asked.model_validate({"name": "  cafe\u0301 "}).name == "caf\u00e9"


class Kept(StrictModel):
    day: Day | None = None
    at: Instant | None = None
    code: ListCode = ""


@pytest.mark.parametrize("wrong", [0, 1.5, "0", "86400", "yesterday", True, "2026-13-01"])
@pytest.mark.parametrize("field", ["day", "at"])
def test_a_date_is_written_out(wrong, field):
    with pytest.raises(ValidationError):
        Kept.model_validate({field: wrong})


def test_dates_and_codes_as_they_should_be():
    kept = Kept.model_validate({"day": "2026-11-05", "at": "2026-11-05T10:00:00Z", "code": "KNIFE"})

    assert (str(kept.day), kept.at.hour, kept.code) == ("2026-11-05", 10, "KNIFE")


def test_a_sentence_is_no_code():
    with pytest.raises(ValidationError, match="Choose one of the list"):
        Kept.model_validate({"code": "Kim Example of Test Mews"})


def test_a_text_holds_what_it_may_of_all_characters_there_are():
    def refused(c):
        return unicodedata.category(c) in {"Cc", "Cs"} and c not in "\n\r\t"

    for c in map(chr, range(sys.maxunicode + 1)):
        assert bool(REFUSED.search(c)) == refused(c), hex(ord(c))
    assert clean_text(" a\tb\x1f\x85 ".replace("\x1f", "")) == "a\tb"
