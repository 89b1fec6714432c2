"""Which command takes which file of ../shared/data/open, and what it makes of it."""

import csv
import gzip
import json

MPS = ["--force", "Metropolitan Police Service"]
FOLDERS = ("police", "places", "transport")

# Path: the command, and how many of its rows cannot be used.
COMMANDS = {
    "police/burglary_kingston_richmond_2010-12_2025-02.csv.gz": (["police-street", *MPS], 0),
    "police/burglary_neighbours4_2019-01_2025-02.csv.gz": (["police-street", *MPS], 0),
    "police/met_lsoa_counts_six_boroughs_2024-03_2026-02.csv.gz": (["counts"], 0),
    "police/met_monthly_dashboard_knife_crime_six_boroughs_2022-03_2026-02.csv.gz": (["counts"], 0),
    "police/met_vawg_offences_kingston_richmond_2014-01_2026-02.csv.gz": (["counts"], 53),
    "police/met_ward_counts_kingston_richmond_2010-04_2024-02.csv.gz": (["counts"], 0),
    "police/met_ward_counts_six_boroughs_2024-02_2026-02.csv.gz": (["counts"], 0),
    "police/native_layout/2018-04-metropolitan-street_kingston_richmond.csv": (
        ["police-street"],
        0,
    ),
    "police/native_layout/2018-05-metropolitan-street_kingston_richmond.csv": (
        ["police-street"],
        0,
    ),
    "police/stop_and_search_kingston_richmond_2016-06_2024-08.csv.gz": (["stop-search"], 0),
    "police/stop_and_search_neighbours7_2016-06_2024-08.csv.gz": (["stop-search"], 0),
    "police/street_all_categories_kingston_richmond_2016-01_2018-06.csv.gz": (
        ["police-street", *MPS],
        0,
    ),
    "police/street_all_categories_neighbours4_2016-01_2018-06.csv.gz": (
        ["police-street", *MPS],
        0,
    ),
    "places/community_places_six_boroughs.geojson": (["places", "--kind-field", "kind"], 0),
    "places/fhrs_places_six_boroughs_2021-08.csv.gz": (
        ["places", "--kind-field", "business_type"],
        0,
    ),
    "places/fixmystreet_reports_by_lsoa11_month_2013-01_2020-12.csv.gz": (["counts"], 0),
    "places/os_open_greenspace_large_sites.geojson": (["places", "--kind", "PARK"], 4),
    "places/osm_parking_and_fuel_2020-12.geojson": (["places", "--kind-field", "fclass"], 1597),
    "places/osm_places_of_worship_2020-12.geojson": (["places", "--kind", "WORSHIP"], 23),
    "places/schools_six_boroughs_2026_plus_other_2021.geojson": (["places", "--kind", "SCHOOL"], 0),
    "places/street_gazetteer_police_snap_points_six_boroughs.csv.gz": (["streets"], 1037),
    "transport/bus_route_sequences_tfl_2016_kingston_richmond.csv.gz": (["route-stops"], 3),
    "transport/bus_routes_tfl_2016_kingston_richmond.geojson": (
        ["lines", "--kind", "ROUTE_BUS"],
        0,
    ),
    "transport/bus_stops_tfl_2025.geojson": (["places", "--kind", "BUS_STOP"], 0),
    "transport/osm_rail_lines_2019-10.geojson": (["lines", "--kind", "ROUTE_RAIL"], 0),
    "transport/osm_transport_points_2019-10.geojson": (["places", "--kind-field", "fclass"], 11),
    "transport/rail_stations.geojson": (["places", "--kind", "STATION"], 0),
}


def arguments(shared, path):
    command, _ = COMMANDS[path]
    return [command[0], str(shared / "data/open" / path), *command[1:]]


def rows_of(path):
    if path.suffix == ".geojson":
        return len(json.loads(path.read_text())["features"])
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as text:
        return sum(1 for _ in csv.reader(text)) - 1
