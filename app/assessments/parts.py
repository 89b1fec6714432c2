"""Methods, the panel and the scale: each row saved by itself, none over another's unseen."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel
from sqlalchemy import func

from app.accounts.permissions import PERMISSIONS
from app.assessments import evidence, forms, writing
from app.assessments.evidence import Evidence
from app.assessments.locking import Clash, Said
from app.assessments.models import Method, Scale, Sign
from app.assessments.reading import Whole
from app.assessments.schemas import MethodIn, ScaleIn, SignIn
from app.assessments.writing import Desk, met, saved
from app.core.errors import ForbiddenError, NotFoundError

Row = Method | Sign | Scale
LEADS_REMOVE = "Only a contextual safeguarding lead takes away what somebody has recorded."


def part(whole: Whole, kind: str, key: str) -> Row | None:
    """The row of a form; None for a new one."""
    rows: Mapping[str, Sequence[Row]] = {
        "methods": whole.methods, "signs": whole.signs, "scale": whole.scales
    }  # fmt: skip
    if key == "new":
        return None
    found = next((one for one in rows[kind] if str(one.id) == key), None)
    if found is None:
        raise NotFoundError("There is no such entry.")
    return found


def save_part(
    desk: Desk,
    kind: str,
    row: Row | None,
    *,
    wanted: BaseModel,
    form: Mapping[str, str],
    linkable: Sequence[Evidence] = (),
) -> Clash | None:
    """A method, a sentence of the panel or a score: a new one, or one that stood as was seen."""
    said = _said_in(kind, wanted)
    if row is not None:
        now, title = shown_of(kind, row, linkable), writing.TITLES[kind]
        clash = Clash(f"{kind}:{row.id}", title, now, said, row.updated_by, row.updated_at)
        if met(desk, clash, form):
            return clash
        row.version += 1
    else:
        row = NEW[kind](desk)
        desk.session.add(row)
    FILL[kind](row, wanted, linkable)
    saved(desk, kind)
    desk.session.refresh(row)
    return None


def _said_in(kind: str, wanted: BaseModel) -> Said:
    given = wanted.model_dump()
    said = {name: forms.text_of(name, given.get(name)) for name in forms.PARTS[kind]}
    if kind == "signs":
        said["evidence"] = ",".join(sorted(given["evidence"]))
    return said


def shown_of(kind: str, row: Row | None, linkable: Sequence[Evidence]) -> Said:
    """What is saved, as far as this reader's form shows it."""
    if row is None:
        return {}
    now = forms.said(row, forms.PARTS[kind])
    if kind == "signs":
        now = {**now, "evidence": _seen(now["evidence"], linkable)}
    return now


def _seen(ids: str, linkable: Sequence[Evidence]) -> str:
    shown = {str(one.id) for one in linkable}
    return ",".join(sorted(one for one in ids.split(",") if one in shown))


def _method(row: Any, wanted: Any, _: Sequence[Evidence]) -> None:  # noqa: ANN401 - by kind
    for name in ("method_code", "held_on", "day_part", "n_children", "n_adults", "note"):
        setattr(row, name, getattr(wanted, name))
    row.after_dark = {"yes": True, "no": False}.get(wanted.after_dark or "")


def _sign(row: Any, wanted: Any, linkable: Sequence[Evidence]) -> None:  # noqa: ANN401 - by kind
    row.column_code, row.body, row.view = wanted.column_code, wanted.body, wanted.view
    shown = frozenset(str(one.id) for one in linkable)
    row.evidence_ids = evidence.kept(row.evidence_ids or [], shown, wanted.evidence)


def _scale(row: Any, wanted: Any, _: Sequence[Evidence]) -> None:  # noqa: ANN401 - by kind
    for name in forms.PARTS["scale"]:
        setattr(row, name, getattr(wanted, name))


FILL: Mapping[str, Callable[[Any, Any, Sequence[Evidence]], None]] = {
    "methods": _method, "signs": _sign, "scale": _scale
}  # fmt: skip
MODELS: Mapping[str, type[BaseModel]] = {"methods": MethodIn, "signs": SignIn, "scale": ScaleIn}
TABLES: Mapping[str, type[Row]] = {"methods": Method, "signs": Sign, "scale": Scale}


def _new(kind: str) -> Callable[[Desk], Row]:
    def made(desk: Desk) -> Row:
        by = desk.actor.id
        return TABLES[kind](assessment_id=desk.assessment.id, created_by=by, updated_by=by)

    return made


NEW = {kind: _new(kind) for kind in TABLES}


def remove(desk: Desk, kind: str, row: Row) -> None:
    """A method leaves the plan by anybody's hand; what somebody said, by a lead's alone."""
    if isinstance(row, Method) and row.held_on is None:
        row.planned = False
    elif PERMISSIONS.rule(desk.actor.role, "assessment.delete") is None:
        raise ForbiddenError(LEADS_REMOVE)
    else:
        row.deleted_at = func.now()
    row.version += 1
    saved(desk, kind)
