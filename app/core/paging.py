"""Numbered pages of a list."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from starlette.datastructures import URL

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Some rows of a longer list; the addresses are None at its ends."""

    rows: Sequence[Row]
    total: int
    number: int = 1
    next_url: str | None = None
    prev_url: str | None = None


def linked(page: Page[Row], url: URL, size: int) -> Page[Row]:
    """With the addresses of its neighbours: the asked one with another `page`."""
    path = URL(f"{url.path}?{url.query}")
    later, earlier = page.number * size < page.total, page.number > 1
    return replace(
        page,
        next_url=str(path.include_query_params(page=page.number + 1)) if later else None,
        prev_url=str(path.include_query_params(page=page.number - 1)) if earlier else None,
    )
