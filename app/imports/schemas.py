"""Imports on the wire, for programs."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, Field

from app.core.types import StrictModel, Text
from app.imports.mapping import Mapping
from app.imports.models import Batch, Upload
from app.imports.steps import said

Decision = Literal["KEEP", "MERGE", "SKIP"]


class MappingIn(StrictModel):
    """What the file is, and which column is what; a saved mapping has the same form."""

    kind: Annotated[Text, Field(max_length=40)]
    mapping: Mapping | None = None
    layer: Annotated[Text, Field(max_length=300)] | None = None
    encoding: Annotated[Text, Field(max_length=20)] | None = None
    delimiter: Annotated[str, Field(max_length=1)] | None = None
    crs: Literal[4326, 27700] | None = None


class DecisionsIn(StrictModel):
    """What happens to possible duplicates, by the number of the row; `rest` is for the others."""

    rows: Annotated[dict[str, Decision], Field(max_length=1000)] = Field(default_factory=dict)
    rest: Decision | None = None


class ApplyIn(StrictModel):
    """The number of rows that would make or change records, as the dry run says."""

    rows: Annotated[int, Field(ge=0, le=10_000_000)]


class ImportOut(BaseModel):
    """Where an import stands. `to_write` is what `apply` asks for."""

    ref: str
    kind: str
    state: str
    words: str
    work: str | None
    percent: int | None
    problem: str | None
    tallies: dict[str, Any]
    undecided: int = 0
    to_write: int = 0
    hindrance: str | None = None
    columns: list[dict[str, Any]] = Field(default_factory=list)
    mapping: dict[str, Any] = Field(default_factory=dict)
    applied_at: datetime | None
    undo_until: datetime | None
    undone: dict[str, Any] | None

    @classmethod
    def of(cls, batch: Batch, upload: Upload | None, **counts: Any) -> Self:  # noqa: ANN401 - its own fields
        known = (
            "ref",
            "kind",
            "state",
            "work",
            "problem",
            "tallies",
            "mapping",
            "applied_at",
            "undo_until",
            "undone",
        )
        columns = (upload.found or {}).get("columns", []) if upload else []
        return cls(
            **{name: getattr(batch, name) for name in known},
            words=said(batch.state, batch.work),
            percent=percent(upload) if batch.work else None,
            columns=[{"name": name, "values": values} for name, values in columns],
            **counts,
        )


def percent(upload: Upload | None) -> int:
    """Never 100 while it is worked on."""
    total = (upload.total if upload else 0) or 1
    return min(99, round(100 * (upload.done if upload else 0) / total))
