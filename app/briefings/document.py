"""What a report says, word for word, whatever it is printed on. Pure; no number is made here."""

import base64
import json
import re

from app.briefings import pages, rules
from app.briefings.aloud import aloud
from app.briefings.models import Briefing, Json
from app.briefings.rules import State
from app.core import clock, svg

SVG = "data:image/svg+xml;base64,"
NUMBER = re.compile(
    r"\d[\d,.]*%?|\d+ of \d+|1 to 7|-|&|not shown|shown apart|no target|fewer than 8, not shown|"
)
EMPTY = "Nothing to show."
SIGNED = "Signed by a lead of context work and by an auditor: two people."
IN_IT = (
    "In it are released numbers, and work with places that may be named. No child, no home, no "
    "intelligence, no report."
)
VERSIONS = "Numbers: release {release}. Method {method}, template {template}."


def document(made: Json, briefing: Briefing) -> Json:
    """What HTML and PDF print, word for word: the snapshot, its state and the decisions taken."""
    sha256 = briefing.snapshot_sha256 or ""
    return {
        "title": made["title"],
        "marking": made["marking"],
        "banner": banner(briefing),
        "ref": briefing.ref,
        "foot": f"{briefing.ref} · {sha256[:12]}",
        "lines": [
            f"{made['words']}. As known on {made['known_on']}. {' and '.join(made['boroughs'])}.",
            IN_IT,
            *([made["coverage"]] if made.get("coverage") else []),
            *_signed(briefing),
            VERSIONS.format(
                release=made["release"],
                method=briefing.method_version,
                template=briefing.template_version,
            ),
            f"{briefing.ref}, hash {sha256}.",
        ],
        "pages": [_page(page, briefing) for page in made["pages"]],
    }


def banner(briefing: Briefing) -> str:
    """What stands on each page of a report that is not, or no longer, to be relied on."""
    if briefing.state in rules.OPEN:
        return f"{rules.STATES[State(briefing.state)]}."
    if briefing.state == State.RECALLED and briefing.recalled_at:
        day = clock.london(briefing.recalled_at)
        return f"Recalled on {day:%-d %B %Y}: {briefing.recalled_reason}"
    return ""


def decisions(briefing: Briefing) -> list[str]:
    """What the meeting decided, once it is tabled."""
    if briefing.decisions is None:
        return []
    found: list[str] = json.loads(briefing.decisions)["decisions"]
    return found


def tables(made: Json) -> list[Json]:
    """What is a file of its own, in the order of the pages."""
    return [one for page in made["pages"] for one in page["blocks"] if one.get("rows")]


def block(made: Json, id_: str) -> Json | None:
    """One table of a report."""
    return next((one for one in tables(made) if one["id"] == id_), None)


def shown(block: Json) -> Json:
    """A block with what a printer has to know of it: its numbers to the right, its picture."""
    block = aloud(block)
    rows = [cells for _, cells in block.get("rows", ())]
    right = [bool(rows) and all(NUMBER.fullmatch(row[n]) for row in rows)
             for n in range(len(block.get("columns", ())))]  # fmt: skip
    known: Json = {"empty": EMPTY, "right": right} | block
    if block.get("svg"):
        known["svg"] = svg.standalone(block["svg"])
        known["src"] = SVG + base64.b64encode(known["svg"].encode()).decode()
    return known


def _page(page: Json, briefing: Briefing) -> Json:
    blocks = [shown(block) for block in page["blocks"]]
    if page["title"] == pages.DECISIONS:
        taken = {"kind": "text", "title": "Decisions taken", "lines": decisions(briefing)}
        blocks.append(taken | {"empty": "Decisions are entered when the report is tabled."})
    return {"number": page["number"], "title": page["title"], "blocks": blocks}


def _signed(briefing: Briefing) -> list[str]:
    if briefing.lead_at is None or briefing.auditor_at is None:
        return []
    return [SIGNED]
