"""The examples of docs/api.md, sent one after the other; each answers what the guide says."""

import json
import re
from pathlib import Path
from typing import NamedTuple

import pytest

GUIDE = (Path(__file__).resolve().parents[2] / "docs" / "api.md").read_text()
EXAMPLE = re.compile(
    r"^```\n(?P<method>[A-Z]+) (?P<path>\S+)\n(?P<headers>(?:[\w-]+: [^\n]*\n)*)"
    r"(?:\n(?P<body>\{.*?\})\n)?\n(?P<status>\d{3}) [\w ]+\n(?P<answer>\{.*?\})\n```$",
    re.MULTILINE | re.DOTALL,
)
# What is another each time; an ending ... says that words go on.
OTHERS = {"id", "ref", "receipt", "status_url", "read_by", "href"}


class Sent(NamedTuple):
    """One example of the guide."""

    method: str
    path: str
    headers: dict[str, str]
    body: str
    status: int
    answer: object


def examples(text=GUIDE):
    return [
        Sent(
            found["method"],
            found["path"],
            dict(line.split(": ", 1) for line in found["headers"].splitlines()),
            found["body"] or "",
            int(found["status"]),
            json.loads(found["answer"]),
        )
        for found in EXAMPLE.finditer(text)
    ]


def differing(said, got, at="answer"):
    """Where `got` does not have what the guide says; more keys may be there."""
    if isinstance(said, dict) and isinstance(got, dict):
        yield from (f"{at}.{key} is not there" for key in said.keys() - got.keys())
        for key in said.keys() & got.keys() - OTHERS:
            yield from differing(said[key], got[key], f"{at}.{key}")
    elif isinstance(said, list) and isinstance(got, list) and len(said) == len(got):
        for n, (one, other) in enumerate(zip(said, got, strict=True)):
            yield from differing(one, other, f"{at}[{n}]")
    elif not same(said, got):
        yield f"{at} is {got!r}"


def same(said, got):
    if isinstance(said, str) and said.endswith("..."):
        return str(got).startswith(said.removesuffix("..."))
    return said == got


def references(said, got):
    """Which reference of this run stands for which one of the guide."""
    if isinstance(said, dict) and isinstance(got, dict):
        for key in said.keys() & got.keys():
            if key == "ref":
                yield said[key], got[key]
            else:
                yield from references(said[key], got[key])
    if isinstance(said, list) and isinstance(got, list):
        for one, other in zip(said, got, strict=False):
            yield from references(one, other)


def test_the_guide_has_examples_of_reading_writing_and_refusals():
    sent = examples()

    assert {one.method for one in sent} >= {"GET", "POST", "PATCH"}
    assert {one.status for one in sent} >= {200, 201, 202, 404, 409, 422}
    assert len(sent) == len(re.findall(r"^\d{3} [A-Z]", GUIDE, re.MULTILINE)), "one cannot be read"


def test_each_example_answers_what_the_guide_says(client):
    known, wrong = {}, []
    for one in examples():
        path, body = one.path, one.body
        for told, real in known.items():
            path, body = path.replace(told, real), body.replace(told, real)
        headers = {k: v for k, v in one.headers.items() if k != "Authorization"}
        answer = client.request(one.method, path, content=body or None, headers=headers)
        said = {"status": one.status, "body": one.answer}
        got = {"status": answer.status_code, "body": answer.json()}
        wrong += differing(said, got, f"{one.method} {path}")
        known |= dict(references(one.answer, answer.json()))

    assert wrong == []


@pytest.mark.parametrize(
    ("said", "got", "wrong"),
    [
        ({"a": 1}, {"a": 2}, ["answer.a is 2"]),
        ({"a": [{"b": "x..."}]}, {"a": [{"b": "xyz"}]}, []),
        ({"a": "x..."}, {"a": "yx"}, ["answer.a is 'yx'"]),
        ({"a": 1}, {}, ["answer.a is not there"]),
        ({"ref": "PL-1"}, {"ref": "PL-2"}, []),
    ],
)
def test_an_answer_that_differs_would_be_found(said, got, wrong):
    assert list(differing(said, got)) == wrong
