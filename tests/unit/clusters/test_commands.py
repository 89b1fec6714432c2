"""The analyses on the command line are asked in the same way."""

from argparse import ArgumentParser
from datetime import date

import pytest

from app.clusters import commands


def parsed(*arguments):
    parser = ArgumentParser()
    commands.register(parser.add_subparsers())
    return vars(parser.parse_args(arguments))


ANALYSES = [("clusters", "run"), ("hotspots", "run"), ("rhythm",), ("rhythm", "run"), ("flows",),
            ("flows", "run")]  # fmt: skip


@pytest.mark.parametrize("what", ANALYSES, ids=" ".join)
def test_every_analysis_takes_the_same_options(what):
    common = {"from": None, "to": None, "source": "all", "replicates": 999, "seed": None}
    asked = ("--from", "2026-01-01", "--to", "2026-06-30", "--source", "partnership",
             "--replicates", "99", "--seed", "4")  # fmt: skip

    plain, found = parsed(*what), parsed(*what, *asked)

    assert {name: plain[name] for name in common} == common
    assert found | {"from": date(2026, 1, 1), "to": date(2026, 6, 30)} == found
    assert (found["source"], found["replicates"], found["seed"]) == ("partnership", "99", "4")


@pytest.mark.parametrize("what", ANALYSES, ids=" ".join)
def test_a_day_that_is_none_is_refused_in_words(what, capsys):
    with pytest.raises(SystemExit) as left:
        parsed(*what, "--from", "spring")

    assert left.value.code == 2
    assert "enter a day as YYYY-MM-DD" in capsys.readouterr().err
