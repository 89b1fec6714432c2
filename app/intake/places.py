"""Where it is: names and pins looked up in open data only, never among the places of concern."""

from collections.abc import Collection

from sqlalchemy.orm import Session

from app.intake.schemas import Spot
from app.maps.pin import View
from app.reference import gazetteer

MAP_LABEL = "A spot on the map"


def matches(session: Session, text: str, partners: Collection[str]) -> list[Spot]:
    """Up to eight, as the reporter will read them."""
    return [
        Spot(
            label=found.label,
            what=found.what,
            borough=found.borough,
            lad_code=found.lad_code,
            easting_m=found.easting_m,
            northing_m=found.northing_m,
            exact=found.exact and found.kind == "POSTCODE",
        )
        for found in gazetteer.find(session, text, sorted(partners))
    ]


def placed(session: Session, spot: Spot, partners: Collection[str]) -> Spot:
    """The same, with whose it is: ours, a neighbour's, or too far away for a pin."""
    reach = gazetteer.reach(session, spot.easting_m, spot.northing_m, sorted(partners))
    return spot.model_copy(
        update={
            "verdict": reach.verdict.value,
            "lad_code": reach.lad_code,
            "borough": reach.borough,
        }
    )


def near(session: Session, view: View) -> str | None:
    """What the middle of a map is near, in words."""
    return gazetteer.near(session, view.easting_m, view.northing_m).label


def on_map(
    session: Session, view: View, partners: Collection[str], *, accuracy_m: int | None
) -> Spot:
    """A pin of the map, named by what it is near."""
    words = near(session, view)
    spot = Spot(
        label=f"{MAP_LABEL} near {words}" if words else MAP_LABEL,
        easting_m=view.easting_m,
        northing_m=view.northing_m,
        accuracy_m=accuracy_m,
    )
    return placed(session, spot, partners)
