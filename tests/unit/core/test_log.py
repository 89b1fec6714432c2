"""The log: what may be in it."""

import json
import logging

from app.core import log


def test_a_library_says_where_it_failed_and_not_in_its_own_words(capsys):
    log.of_others("library-of-a-test")
    library = logging.getLogger("library-of-a-test.worker")
    try:
        raise ValueError("Kim Example, born 2010")
    except ValueError:
        library.exception("Job x[1](report=%s) ended", "Kim Example")
    library.warning("Kim Example")
    library.info("Kim Example")

    first, second = map(json.loads, capsys.readouterr().err.splitlines())
    assert first.keys() == second.keys() == {"time", "level", "event", "error"}
    assert (first["level"], first["event"]) == ("error", "library.library-of-a-test.worker")
    assert first["error"].startswith("ValueError at ")
    assert second["error"] == "without words"
