"""The finished products of a report as text, for the check of every number in them (K1).

The PDF is printed from the same `document` as the page, word for word, by a job later on.
"""

from collections.abc import Iterator

from app.briefings import printing, sheets
from app.briefings.document import decisions, document, tables
from app.briefings.models import Briefing, Json
from app.briefings.strays import strays, text_of_html
from app.core.errors import AppError


def texts(made: Json, briefing: Briefing) -> Iterator[tuple[str, str]]:
    """What each is called, and what can be read in it."""
    yield "the page to print", text_of_html(printing.whole(made, briefing).decode())
    for one in tables(made):
        yield f"the file of {one['id']}", sheets.as_csv(one, made, briefing).decode()


def wording(made: Json, briefing: Briefing) -> list[str]:
    """What a document says beside its blocks: its cover, its state, the decisions taken."""
    told = document(made, briefing)
    return [*told["lines"], told["banner"], *decisions(briefing)]


def stray(made: Json, briefing: Briefing) -> list[str]:
    """Products with a number that does not belong; empty when all are right."""
    also = wording(made, briefing)
    return [name for name, text in texts(made, briefing) if strays(text, made, also)]


def unprintable(made: Json, briefing: Briefing) -> list[dict[str, str]]:
    """What stops the PDF, as a problem of the check: a frozen report must have one."""
    try:
        printing.as_pdf(made, briefing)
    except AppError as refused:
        return [{"code": "PDF", "words": refused.detail, "stops": "yes"}]
    return []
