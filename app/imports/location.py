"""Where a row says it was, as the answers of a form."""

import shapely

from app.imports.mapping import HOW_TO_FIX
from app.imports.reading_cells import grid_point
from app.imports.sorts import Made


def located(made: Made) -> dict[str, str]:
    """Columns before the shape that the file itself has; a problem goes to the row."""
    said = made.answers
    if reference := said.get("grid_reference"):
        point = grid_point(reference)
        if point is None:
            words = "This is not a grid reference."
            made.problems.append(("grid_reference", words, HOW_TO_FIX["grid_reference"]))
            return {}
        return {"easting": str(point[0]), "northing": str(point[1])}
    given = {"longitude", "latitude", "easting", "northing", "postcode", "shape", "place"}
    if made.shape is not None and not given & said.keys():
        return {"shape": shapely.to_wkt(shapely.from_wkb(made.shape), rounding_precision=1)}
    return {}
