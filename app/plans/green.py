"""Measures of the kind "share of safety maps": their numbers come from released maps, untyped."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from app.core.errors import InvalidError
from app.places.models import Place
from app.plans.models import Measure, Plan
from app.plans.schemas import MeasureIn
from app.safety_maps import queries as maps
from app.safety_maps.releasing import Release, unit_of
from app.safety_maps.rules import AREAS, LEAST, LIGHTS, Area

KIND = "SAFETY_MAP_SHARE"
METHOD = "SAFETY_MAP"
WRONG = "Change the fields named below."
CHOOSE = "The baseline of safety maps is not typed. Choose the release that it comes from."
NONE_YET = (
    f"No safety maps of this place are released yet: at least {LEAST} drawings of one area and "
    "light are needed. Have them drawn, checked and released first, or measure in another way."
)
NOT_LISTED = "Choose one of the list."
OF = {unit_of(area, after_dark=dark): (area, dark) for area in AREAS for dark in LIGHTS}


def releases(session: Session, plan: Plan) -> Sequence[Release]:
    return maps.all_green_shares(session, session.get_one(Place, plan.place_id))


def measured_on(unit: str) -> tuple[Area, bool] | None:
    """The area and the light that a measure is of."""
    return OF.get(unit)


def baseline(session: Session, plan: Plan, wanted: MeasureIn) -> dict[str, Any]:
    """What a release says, in place of anything typed; none of it while none is chosen."""
    if wanted.kind != KIND:
        return {}
    found = releases(session, plan)
    if wanted.release is not None:
        for one in found:
            if one.key == wanted.release:
                return _of(one)
        raise InvalidError(WRONG, {"release": NOT_LISTED if found else NONE_YET})
    if wanted.baseline is not None or wanted.baseline_n is not None:
        raise InvalidError(WRONG, {"release": CHOOSE if found else NONE_YET})
    return {"method_code": METHOD, "baseline_on": None}


def _of(one: Release) -> dict[str, Any]:
    return {
        "baseline": one.share.percent,
        "baseline_n": one.share.n,
        "baseline_on": one.last,
        "unit": one.unit,
        "method_code": METHOD,
    }


def chosen(one: Measure, found: Sequence[Release]) -> str:
    """The release that a measure began with."""
    keys = [
        each.key
        for each in found
        if one.kind == KIND and each.unit == one.unit and each.last == one.baseline_on
    ]
    return keys[-1] if keys else ""
