"""What may be told of a number, and the attack that a release must withstand before it is.

The order of a release (all of it pure; true counts go in, cells come out)::

    counts = [Count("RQ1", "2026-Q3", "BOROUGH", "KINGSTON", "HG_VIOLENCE", n=12, top_child=3), ...]
    cells = protect(counts)                                # show(), R1-R3, M1-M3
    release = Release("2026-Q3", cells, places, erased=0)
    climbed = climb(release, earlier, wards, known)        # gate, ladder, gate ... (six rounds)
    climbed.result.passed, climbed.refusal, climbed.log    # climbed.release is what may be stored
    certify(climbed, earlier, seconds=4.2, at="2026-10-15T09:00Z")

`check` is the gate alone (one attack, nothing changed); `sha256_of(releases)` what a signature
binds. `merge_wards` gives the areas of RY1 (M4) from the cells of RH1 of the year. `rate`,
`percentage` and `change` make figures of printed numbers.

What a caller owes:

- A cell is `(table_code, period, geo_kind, geo_code, dim_1, dim_2)`. Periods: 2026-Q3, 2026-H2,
  2026. "ALL" is a margin. Geography: `BOTH`/"BOTH", `BOROUGH`/its code, `WARD`/its code,
  `AREA`/codes joined by "+", `PLACE`/its reference, `ELSEWHERE`/"ELSEWHERE". Groups that the
  ladder merged are joined by "+", too. `TABLES` says which cells a table has, `CLOSED` which
  groups: kinds of RQ6 are HOME, CARE, EDUCATION; RQ8 has YES; RQ9 LATE; RQ10 CROSS_BOROUGH (with
  `BOTH`) and OUTSIDE (with `ELSEWHERE`). RH3: `dim_1` day part and `dim_2` day type, and with
  `dim_2` "ALL" the rows TIME_UNKNOWN, AFTER_DARK, NOT_AFTER_DARK; each incident of known time is
  in exactly one of 18 cells and in one of the two.
- Every cell of a table that is printed, zeros too; margins counted from records. All but RQ4, RQ5,
  RQ9, RH4 and OUTSIDE count the same incidents: the totals of RQ1, RQ2, of two quarters in RH1 and
  RH3 are equal, which is why H and Y tables read `counted_as`. RQ6 counts incidents of HG_ABSENCE.
- `top_child`: the most items of the cell behind one child; `top_organisation`: from one
  organisation (tables of reports). Items, not shares.
- `Release.places`: ward and place group of each place of RQ7 in its quarter. `Release.erased`: rows
  counted earlier in the year and erased since, as slack of its H and Y tables.
- `earlier`: all approved and withdrawn releases (`n` not needed). `wards`: all, with boroughs; a
  point without a ward needs a pseudo-ward of its borough.
- `Known`: counts of the organisation with most records of the year: the same queries filtered to
  it, cell by cell, and optionally finer keys ("RH1" cells of a quarter and harm); `shared`: cells
  with two organisations or more. Without it A6 is not tested and the certificate must say so.
- `n` in cells is for the transaction that builds; never store it.
"""

from geo.disclosure.bands import BAND, NOT_SHOWN, Shown, show, show_place
from geo.disclosure.cells import (
    ALL,
    JOIN,
    Cell,
    Count,
    Geo,
    NamedPlace,
    Release,
    Rule,
    Ward,
)
from geo.disclosure.certificate import Certificate, certify, sha256_of
from geo.disclosure.derived import change, number, percentage, rate
from geo.disclosure.gate import CRITERIA, Finding, GateResult, Known, check
from geo.disclosure.ladder import Climb, Step, climb
from geo.disclosure.lattice import CLOSED, LATTICE_VERSION, TABLES, Table, quarters_of, table_of
from geo.disclosure.merging import merge_wards
from geo.disclosure.rows import protect
from geo.disclosure.totals import gives_away

__all__ = [
    "ALL",
    "BAND",
    "CLOSED",
    "CRITERIA",
    "JOIN",
    "LATTICE_VERSION",
    "NOT_SHOWN",
    "TABLES",
    "Cell",
    "Certificate",
    "Climb",
    "Count",
    "Finding",
    "GateResult",
    "Geo",
    "Known",
    "NamedPlace",
    "Release",
    "Rule",
    "Shown",
    "Step",
    "Table",
    "Ward",
    "certify",
    "change",
    "check",
    "climb",
    "gives_away",
    "merge_wards",
    "number",
    "percentage",
    "protect",
    "quarters_of",
    "rate",
    "sha256_of",
    "show",
    "show_place",
    "table_of",
]
