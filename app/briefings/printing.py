"""The canonical report from its snapshot, and its tables as files. No number is made here."""

import csv
import io
import json
from collections.abc import Sequence

from app.briefings.models import Briefing, Json
from app.core import pages as html
from app.releases import rules as releases

BOM = "\ufeff"
SIGNS = {"1 to 7": "*", "not shown": "-"}
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def whole(made: Json, briefing: Briefing) -> bytes:
    """Every page, from the snapshot and its hash alone: the same bytes each time."""
    told = html.rendered(
        "briefings/whole.html",
        made=made,
        ref=briefing.ref,
        sha256=briefing.snapshot_sha256,
        decisions=decisions(briefing),
    )
    return told.encode()


def decisions(briefing: Briefing) -> list[str]:
    """What the meeting decided, once it is tabled."""
    if briefing.decisions is None:
        return []
    found: list[str] = json.loads(briefing.decisions)["decisions"]
    return found


def block(made: Json, id_: str) -> Json | None:
    """One table of a report."""
    for page in made["pages"]:
        for one in page["blocks"]:
            if one.get("id") == id_ and one["kind"] in {"table", "chart", "words"}:
                found: Json = one
                return found
    return None


def as_csv(found: Json, made: Json, briefing: Briefing) -> bytes:
    """The table, and below it what it is of."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["", *found["columns"]])
    for name, shown in found["rows"]:
        writer.writerow([_safe(name), *(SIGNS.get(one) or _safe(one) for one in shown)])
    writer.writerow([])
    for row in _about(found, made, briefing):
        writer.writerow(row)
    return (BOM + out.getvalue()).encode()


def _about(found: Json, made: Json, briefing: Briefing) -> Sequence[Sequence[str]]:
    return (
        ("Table", f"{found['id']}: {found['title']}"),
        ("Period", made["words"]),
        ("Known on", made["known_on"]),
        ("Release", made["release"]),
        ("Note", found.get("note") or releases.NOTE),
        ("Briefing", f"{briefing.ref} {(briefing.snapshot_sha256 or '')[:12]}"),
    )


def _safe(words: str) -> str:
    """What a spreadsheet would take for a formula is text; the sign for a gap stays."""
    return f"'{words}" if words.startswith(FORMULA) and words != "-" else words
