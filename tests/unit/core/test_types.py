import pytest
from pydantic import ValidationError

from app.core.types import StrictModel, Text


class Asked(StrictModel):
    name: Text
    n: int = 0


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


def test_text_is_composed_and_stripped():
    assert Asked.model_validate({"name": "  cafe\u0301 "}).name == "caf\u00e9"
