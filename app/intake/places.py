"""Where it is: names and pins looked up in open data only, never among the places of concern."""

from collections.abc import Collection

from sqlalchemy.orm import Session

from app.intake.schemas import Spot
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
            exact=found.exact,
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


def on_map(session: Session, easting_m: float, northing_m: float) -> Spot:
    """A pin of the map, named by what it is near."""
    near = gazetteer.near(session, easting_m, northing_m)
    label = f"{MAP_LABEL} near {near.label}" if near.label else MAP_LABEL
    return Spot(label=label, easting_m=easting_m, northing_m=northing_m)
