"""Templates to download: names that match by themselves, and made-up rows. Pure."""

import csv
import io

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
            "518050",
            "169150",
            "50",
            "MPS_SWBCU",
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
            "517350",
            "172350",
            "",
            "LA_RICHMOND",
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
            "518050",
            "169150",
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
            "518050",
            "169150",
            "20",
        ),
    ),
}


def csv_of(kind: str) -> bytes:
    """With a byte order mark, as spreadsheets expect."""
    out = io.StringIO()
    csv.writer(out).writerows(TEMPLATES[kind])
    return out.getvalue().encode("utf-8-sig")
