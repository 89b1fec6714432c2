"""Which passwords are taken."""

import pytest

from app.accounts.passwords import ABOUT_YOU, TOO_COMMON, TOO_LONG, TOO_SHORT, problem


@pytest.mark.asvs("6.2.5")
@pytest.mark.parametrize(
    "password",
    [
        "otter lantern gravel 7",
        "violet anchor teapot",
        "Xk9#mQ2$vL7pWz",
        "quer\u00e9 l\u00e1mpara gris",
    ],
)
def test_a_good_password_is_taken(password):
    assert problem(password, username="kim.example", name="Kim Example") is None


@pytest.mark.asvs("6.2.4", "6.2.11")
@pytest.mark.parametrize(
    "password",
    [
        "password1234",
        "P@ssw0rd!2026",
        "Kingston2026!",
        "qwertyuiop12",
        "abcdefghijkl",
        "111111111111",
        "abcabcabcabc",
        "letmeinletmein",
        "Contextmap2026",
        "correct horse battery staple",
        "Summer2026!!!",
        "1qaz2wsx3edc",
        "poiuytrewq12",
    ],
)
def test_what_many_people_choose_is_refused_in_words(password):
    assert problem(password) == TOO_COMMON


@pytest.mark.asvs("6.2.11")
@pytest.mark.parametrize("password", ["kim.example-lamp", "myexample-lamp-9", "EXAMPLE otter lamp"])
def test_the_own_name_is_refused(password):
    assert problem(password, username="kim.example", name="Kim Example") == ABOUT_YOU


@pytest.mark.asvs("6.2.1")
def test_length_is_said_first():
    assert problem("otter lamp") == TOO_SHORT
    assert problem("otter lamp " * 30) == TOO_LONG
