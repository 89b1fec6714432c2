"""Bodies that two readers would read differently, or that cost more than they tell."""

import pytest

from app.core.bodies import BodyRefusedError, check_json


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b'{"a": 1, "b": {"a": 2}}',
        b'[{"a": 1}, {"a": 2}]',
        b'{"text": "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[ \\" [["}',
        b"[" * 20 + b"]" * 20,
        b"no JSON at all",
        b"",
        b'{"a": NaN}',
        '{"a": "Café"}'.encode(),
        b"\xef\xbb\xbf{}",
    ],
)
def test_ordinary_bodies_and_what_the_route_refuses_itself_pass(body):
    check_json(body)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ('{"a": 1}'.encode("utf-16"), "not in UTF-8"),
        ('{"a": 1}'.encode("utf-16-le"), "not in UTF-8"),
        ('{"a": 1}'.encode("utf-32-be"), "not in UTF-8"),
        ('{"a": "Café"}'.encode("latin-1"), "not in UTF-8"),
        (b'{"a": 1, "a": 2}', "one name twice"),
        (b'{"x": [{"a": 1, "a": 1}]}', "one name twice"),
        (b"[" * 21 + b"]" * 21, "20 levels"),
        (b"[" * 900_000, "20 levels"),
        (b'{"a":' * 21 + b"1" + b"}" * 21, "20 levels"),
        (b"{" + b",".join(b'"%d":1' % i for i in range(1001)) + b"}", "1000 names"),
    ],
)
def test_bodies_that_are_refused_say_why_and_repeat_nothing(body, words):
    with pytest.raises(BodyRefusedError) as refused:
        check_json(body)

    assert words in str(refused.value).replace(",", "")
