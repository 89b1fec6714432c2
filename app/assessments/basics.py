"""What prompted an assessment, where it begins and ends, when and about whom: read from a form."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from app.assessments import boundary, forms
from app.assessments.locking import Said
from app.assessments.models import Assessment
from app.assessments.schemas import BasicsIn
from app.core import pages as html
from app.core.errors import InvalidError
from app.places import queries as places
from app.places import weeks
from app.places.models import OnlineSpace, Place
from app.places.rules import OnlineAddress

HARM = "harm_"
PROMPTED = "Choose what prompted it."
BEGIN = ("prompted_by", "prompted_text", "boundary_reason", "scope")


def read(
    session: Session,
    place: Place,
    sent: Mapping[str, str],
    partners: tuple[str, ...],
    before: Assessment | None = None,
) -> tuple[dict[str, Any], Said]:
    """Columns to store, and the same as a form sends it. InvalidError names every wrong field."""
    online = session.get(OnlineSpace, place.id) is not None
    asked = BEGIN if before is None else tuple(BasicsIn.model_fields)
    given: dict[str, Any] = {name: sent[name] for name in asked if name in sent}
    errors = _prepared(session, given, sent, online=online, whole=before is not None)
    wanted, wrong = html.parse(BasicsIn, given)
    if "prompted_by" in wrong:
        wrong["prompted_by"] = PROMPTED
    shape = None
    if not online and place.sensitivity != "RESIDENTIAL":
        shape, misdrawn = boundary.read(session, place, sent, partners)
        errors |= misdrawn
    if wanted is None or errors:
        raise InvalidError("Change the fields named below.", wrong | errors)
    columns = wanted.model_dump(include=set(asked))
    if before is not None:
        columns["hours_of_concern"] = _hours(sent)
        columns["harm_codes"] = list(wanted.harm_codes)
    said = {name: forms.text_of(name, value) for name, value in columns.items()}
    said["boundary"] = forms.text_of("boundary", None if before is None else before.boundary)
    if shape is not None:
        columns["boundary"] = boundary.stored(shape)
        said["boundary"] = shape.wkt
    return columns, said


def _prepared(
    session: Session, given: dict[str, Any], sent: Mapping[str, str], *, online: bool, whole: bool
) -> dict[str, str]:
    """Harms and addresses as they are kept, in `given`; what is wrong with them."""
    errors: dict[str, str] = {}
    if whole:
        given["harm_codes"] = [n.removeprefix(HARM) for n in sent if n.startswith(HARM)]
        if unknown := places.unknown_harms(session, given["harm_codes"]):
            errors["harm_codes"] = f"Unknown harm code '{unknown[0]}'."
    if online and "scope" in given:
        given["scope"] = _addresses(given["scope"], errors)
    return errors


def _hours(sent: Mapping[str, str]) -> str | None:
    chosen = weeks.from_form(sent)
    return weeks.bits(chosen) if chosen else None


def _addresses(text: str, errors: dict[str, str]) -> str:
    """One on a line, kept so that nothing can open it by accident."""
    found = []
    for line in filter(str.strip, text.splitlines()):
        try:
            found.append(OnlineAddress.read(line).url_defanged)
        except ValueError as problem:
            errors["scope"] = str(problem)
    return "\n".join(found)


def standing(assessment: Assessment) -> dict[str, Any]:
    """What the form shows before anybody typed."""
    found: dict[str, Any] = dict(forms.said(assessment, forms.SECTIONS["basics"]))
    found |= {f"{HARM}{code}": "yes" for code in assessment.harm_codes}
    found["corners"] = boundary.lines(assessment)
    found["bounds"] = boundary.KEEP if assessment.boundary is not None else None
    return found
