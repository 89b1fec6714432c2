"""One function: a frozen document in, a tagged PDF and its hash out. The same bytes each time.

The compiler is asked for PDF/UA-1 and refuses what breaks it: a missing title, language or
alternative text, or a letter that the shipped font does not have.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from app.core.errors import AppError

FOLDER = Path(__file__).resolve().parents[2] / "frontend" / "pdf"
TEMPLATE, FONTS = FOLDER / "briefing.typ", FOLDER / "fonts"
NOT_MADE = "The PDF could not be made. Look for a sign that is no letter, such as a smiley."


@dataclass(frozen=True, slots=True)
class Pdf:
    """A finished file."""

    body: bytes
    sha256: str


def made(document: Mapping[str, Any], *, at: datetime) -> Pdf:
    """Print a document: `title`, `marking`, `foot`, `banner`, `lines`, and `pages` of blocks.

    Parameters
    ----------
    document : Mapping
        A page has a `title` and `blocks`. A block has a `kind`: text (`title`, `lines`), or table,
        words, chart or map (`title`, `columns`, `rows`, and where it has a picture `svg`, `alt`).
    at : datetime
        Written into the file as its day of creation: a day of the document, never the clock.
    """
    import typst

    try:
        body = typst.compile(
            TEMPLATE,
            root=FOLDER,
            font_paths=[FONTS],
            ignore_system_fonts=True,
            format="pdf",
            sys_inputs={"document": orjson.dumps(document).decode()},
            pdf_standards=["ua-1"],
            timestamp=at,
        )
    except typst.TypstError as refused:
        # The compiler quotes the document, and that goes nowhere.
        raise AppError(NOT_MADE) from refused
    return Pdf(body, hashlib.sha256(body).hexdigest())
