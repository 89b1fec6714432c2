"""The map's page names every module that its first view imports, and no other."""

import re
from pathlib import Path

FRONTEND = Path(__file__).resolve().parents[2] / "frontend"
SCRIPTS = FRONTEND / "static/js"


def imported(name: str) -> set[str]:
    """With all that those import; what comes by `import(...)` comes later."""
    found = {name}
    for other in re.findall(r'^import .* from "\./([^"]+)";', (SCRIPTS / name).read_text(), re.M):
        found |= imported(other)
    return found


def test_all_modules_of_the_first_view_are_asked_for_at_once():
    page = (FRONTEND / "templates/map/map.html").read_text()
    [parts] = re.findall(r"for part in \(([^)]*)\)", page)

    assert {f"map-{part}.js" for part in re.findall(r'"(\w+)"', parts)} == imported("map-page.js")
    assert '<link rel="modulepreload" href="/static/js/map-{{ part }}.js">' in page
