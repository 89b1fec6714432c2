"""What the routes of clusters ask of the application."""

from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request

from app.places.queries import partner_codes


def partners_of(request: Request) -> tuple[str, ...]:
    """GSS codes of the boroughs of the partnership."""
    path: Path = request.app.state.settings.partnership
    return partner_codes(path)


Partners = Annotated[tuple[str, ...], Depends(partners_of)]
