"""Service and browser in a network of their own: started by test_alone inside a namespace.

Prints one line of JSON: what the network is like, the pages that were opened, and what was asked
of other hosts, by them and by a page that was made to ask.
"""

import json
import socket
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.e2e.conftest import ARGUMENTS, CHROMIUM, session_cookie
from tests.e2e.sweep import Walker, walk, without_names
from tests.live import serving

ELSEWHERE = ("192.0.2.1", 80)  # an address that belongs to nobody (RFC 5737)
PLANTED = f'<!DOCTYPE html><title>x</title><img alt="" src="http://{ELSEWHERE[0]}/x.png">'


def reaches(address: tuple[str, int]) -> bool:
    try:
        socket.create_connection(address, 2).close()
    except OSError:
        return False
    return True


def interfaces() -> list[str]:
    return sorted(name for _, name in socket.if_nameindex())


def foreign(walker: Walker) -> list[str]:
    return [words for words in walker.now.wrong if words.startswith("asks for")]


def planted(walker: Walker) -> list[str]:
    """The control: a page that asks for a picture of another host is caught."""
    walker.page.set_content(PLANTED, wait_until="load")
    return foreign(walker)


def main(given: dict) -> dict:
    with (
        serving(
            given["dsn"],
            given["key"].encode(),
            Path(given["folder"]),
            basemap=given["basemap"] and Path(given["basemap"]),
        ) as running,
        sync_playwright() as engine,
    ):
        browser = engine.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        context.add_cookies([session_cookie(given["cookie"])])
        walker = Walker(context, running.url, "cs_lead", "", None)
        loads = walk(walker, without_names("cs_lead"))
        asked = [[load.path, words] for load in loads for words in load.wrong]
        violations = running.violations()
        caught = planted(walker)
        browser.close()
        return {
            "interfaces": interfaces(),
            "reaches": reaches(ELSEWHERE),
            "pages": [load.path for load in loads],
            "broken": [load.line() for load in loads if load.status >= 500],
            "asked": [[path, words] for path, words in asked if words.startswith("asks for")],
            "caught": caught,
            "violations": violations,
        }


if __name__ == "__main__":
    print(json.dumps(main(json.loads(sys.argv[1]))))
