"""Templates to download: names that match by themselves, and made-up rows. Pure."""

import csv
import io

from app.core.partnership import Partnership
from geo import crs

TEMPLATES: dict[str, tuple[tuple[str, ...], ...]] = {
    "incidents": (
        (
            "external_id",
            "date",
            "time",
            "time_precision",
            "harm_code",
            "easting",
            "northing",
            "uncertainty_m",
            "source_agency",
            "discovered_by",
            "child_count_band",
            "summary",
        ),
        (
            "EXAMPLE-1",
            "05/03/2026",
            "16:20",
            "HOUR",
            "ROBBERY",
            "{easting}",
            "{northing}",
            "50",
            "{agency}",
            "PARTNER_REPORT",
            "B1_2",
            "Example: a phone was taken at the bus stop",
        ),
        (
            "EXAMPLE-2",
            "06/03/2026",
            "",
            "DAY",
            "ASB",
            "{easting}",
            "{northing}",
            "",
            "{agency}",
            "OTHER",
            "NOT_KNOWN",
            "",
        ),
    ),
    "intelligence": (
        (
            "external_id",
            "date",
            "text",
            "source_eval",
            "info_assess",
            "handling",
            "conditions",
            "agencies",
            "discovered_by",
            "harm_codes",
            "easting",
            "northing",
        ),
        (
            "EXAMPLE-1",
            "05/03/2026",
            "Example: small bags change hands after school by the bins",
            "2",
            "C",
            "P",
            "",
            "",
            "PARTNER_REPORT",
            "DRUG_EXPLOIT",
            "{easting}",
            "{northing}",
        ),
    ),
    "places-of-concern": (
        (
            "external_id",
            "type_code",
            "name",
            "description",
            "harm_codes",
            "easting",
            "northing",
            "precision_m",
        ),
        (
            "EXAMPLE-1",
            "TAKEAWAY_SHOP",
            "Example takeaway",
            "Example: doorway used to wait",
            "DRUG_EXPLOIT",
            "{easting}",
            "{northing}",
            "20",
        ),
    ),
}


def csv_of(kind: str, house: Partnership) -> bytes:
    """With a byte order mark, as spreadsheets expect; examples are in the middle of the area."""
    west, south, east, north = house.area
    easting_m, northing_m = crs.to_bng([((west + east) / 2, (south + north) / 2)])[0]
    own = {
        "{easting}": str(round(easting_m, -1).astype(int)),
        "{northing}": str(round(northing_m, -1).astype(int)),
        "{agency}": house.controller,
    }
    out = io.StringIO()
    csv.writer(out).writerows([own.get(cell, cell) for cell in row] for row in TEMPLATES[kind])
    return out.getvalue().encode("utf-8-sig")
