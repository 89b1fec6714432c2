"""States of an import, what stands in its way, and which page comes next. Pure."""

from datetime import timedelta

from app.imports.kinds import UNSAID

MOVES = {
    "STAGED": ("DRY_RUN",),
    "DRY_RUN": ("DRY_RUN", "APPLIED", "STAGED"),
    "APPLIED": ("UNDONE",),
}
UNDO_FOR = timedelta(days=30)
MOST_ERRORS = 0.10
NOTHING = "Nothing was imported."
WORKING = {
    "DRY_RUN": "Dry run under way",
    "APPLY": "Being imported",
    "UNDO": "Being undone",
}
STATES = {
    "STAGED": "Not finished",
    "DRY_RUN": "Waits for you",
    "APPLIED": "Imported",
    "UNDONE": "Undone",
    "REFUSED": "Refused",
}


def barrier(*, errors: int, rows: int, undecided: int, to_write: int) -> str | None:
    """What must be done before a dry run can be imported; None when nothing."""
    if rows and errors / rows > MOST_ERRORS:
        return f"Fix the file: {errors:,} of {rows:,} rows have errors."
    if undecided:
        noun = "row may be" if undecided == 1 else "rows may be"
        return f"Decide first: {undecided:,} {noun} there already."
    if to_write == 0:
        return f"{NOTHING} No row of this file would make or change a record."
    return None


def said(state: str, work: str | None, *, has_file: bool = True) -> str:
    """The state of a batch in words."""
    if work is not None:
        return WORKING[work]
    if state in ("STAGED", "DRY_RUN") and not has_file:
        return "Not finished: the file was deleted after 24 hours"
    return STATES.get(state, state.capitalize())


def next_page(state: str, kind: str, work: str | None) -> str:
    """The last part of the address where somebody goes on with an import."""
    if work is not None:
        return "progress"
    if state == "STAGED":
        return "kind" if kind == UNSAID else "columns"
    return "dry-run" if state == "DRY_RUN" else "receipt"
