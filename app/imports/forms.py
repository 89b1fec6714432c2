"""Forms of the wizard as values; of a mapping, `c_` and `k_` with the name of each question."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy.orm import Session

from app.accounts.deps import can
from app.core.actor import Actor
from app.core.pages import parse
from app.imports import batches, staging
from app.imports.kinds import KINDS, Kind
from app.imports.mapping import Mapping as Columns
from app.imports.mapping import guessed
from app.imports.models import Batch, Upload
from app.reading.schemas import Choices, Column, Found

ENCODINGS = (("utf-8", "UTF-8"), ("cp1252", "Windows-1252"), ("utf-16", "UTF-16"))
DELIMITERS = ((",", "Comma"), (";", "Semicolon"), ("\t", "Tab"), ("|", "Bar"))
NAMES = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|"}
IGNORE = "-"


class Unknown(NamedTuple):
    """A value of a coded column that nobody knows, and the field that asks what it means."""

    field: str
    value: str
    times: int


def choices_of(sent: Mapping[str, str]) -> Choices:
    crs = sent.get("crs", "")
    return Choices(
        layer=sent.get("layer") or None,
        encoding=sent.get("encoding") or None,
        delimiter=NAMES.get(sent.get("delimiter", "")),
        crs=int(crs) if crs in ("4326", "27700") else None,
        swapped=sent.get("swapped") == "yes",
    )


def kind_problems(actor: Actor, sent: Mapping[str, str]) -> dict[str, str]:
    kind = KINDS.get(sent.get("kind", ""))
    if kind is None or not can(actor, kind.permission):
        return {"kind": "Choose what it is."}
    return {}


def found_of(upload: Upload) -> Found:
    """As it was kept."""
    kept: dict[str, Any] = dict(upload.found or {})
    columns = tuple(Column(name, tuple(values)) for name, values in kept.pop("columns", ()))
    return Found(columns=columns, **kept)


def has_shapes(upload: Upload) -> bool:
    kept = upload.found or {}
    if kept.get("format") in ("GEOJSON", "KML"):
        return True
    layers = {name: kind for name, _, kind in kept.get("layers", ())}
    return bool(layers.get(kept.get("layer")) and kept.get("format") == "GPKG")


def mapping_for(session: Session, batch: Batch, upload: Upload, saved: str | None) -> Columns:
    """A saved one that was asked for, the one sent last, or what the names say."""
    found = staging.found_columns(upload)
    kind = KINDS[batch.kind]
    if saved:
        try:
            kept = batches.mapping(session, UUID(saved))
        except ValueError:
            kept = None
        if kept is not None and kept.kind == kind.name:
            return _fitted(Columns.model_validate(kept.mapping), [name for name, _ in found])
    if batch.mapping:
        return Columns.model_validate(batch.mapping)
    return guessed(kind, found, shapes=has_shapes(upload))


def _fitted(mapping: Columns, columns: Sequence[str]) -> Columns:
    """Without columns that this file does not have: they are chosen anew."""
    there = {name: column for name, column in mapping.columns.items() if column in columns}
    return mapping.model_copy(update={"columns": there})


def mapping_of(
    kind: Kind, sent: Mapping[str, str], before: Columns
) -> tuple[Columns | None, dict[str, str]]:
    said = {
        "columns": _named(kind, sent, "c_"),
        "constants": _named(kind, sent, "k_"),
        "values": before.values,
        "date_format": sent.get("date_format", "DMY"),
        "system": sent.get("system", "").strip(),
        "uses_shapes": sent.get("uses_shapes") == "yes",
    }
    mapping, errors = parse(Columns, said)
    return mapping, {name.split(".")[-1]: words for name, words in errors.items()}


def _named(kind: Kind, sent: Mapping[str, str], start: str) -> dict[str, str]:
    return {q.name: sent[start + q.name] for q in kind.questions if sent.get(start + q.name)}


def answers_of(mapping: Columns) -> dict[str, str]:
    """A mapping as the fields of its form."""
    said = {f"c_{name}": column for name, column in mapping.columns.items()}
    said |= {f"k_{name}": value for name, value in mapping.constants.items()}
    if mapping.uses_shapes:
        said["uses_shapes"] = "yes"
    return said | {"date_format": mapping.date_format, "system": mapping.system}


def groups_of(
    kind: Kind, unknown: Mapping[str, Mapping[str, int]], lists: Mapping[str, Mapping[str, str]]
) -> list[dict[str, Any]]:
    """Per question: what its column holds that nobody knows, and what there is to choose from."""
    made = []
    for name, counts in unknown.items():
        question = kind.question(name)
        if question is None or question.codes is None:
            continue
        values = [Unknown(field_of(name, v), v, n) for v, n in sorted(counts.items())]
        options = [*lists.get(question.codes, {}).items()]
        made.append({"question": question, "unknown": values, "options": options})
    return made


def field_of(name: str, value: str) -> str:
    """A field's name holds nothing of the file."""
    return f"v_{name}_{hashlib.sha256(value.encode()).hexdigest()[:12]}"


def with_values(batch: Batch, upload: Upload, sent: Mapping[str, str]) -> Columns:
    """The mapping, and what was just said of words that nobody knew."""
    mapping = Columns.model_validate(batch.mapping)
    values = {name: dict(meant) for name, meant in mapping.values.items()}
    for name, counts in (upload.preview or {}).get("unknown", {}).items():
        for value in counts:
            code = sent.get(field_of(name, value))
            if code:
                values.setdefault(name, {})[value] = "" if code == IGNORE else code
    return Columns.model_validate(mapping.model_dump() | {"values": values})
