"""Code lists of a partnership: files in a folder beside its own, each in the place of ours.

Only lists on whose codes no rule of ours hangs can be replaced whole; of kinds of place and of
harm the codes stay, more may be added, and what is not used is retired.
"""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from app.core.partnership import Partnership, PartnershipError, partnership

DATA = Path(__file__).resolve().parents[2] / "data"
LOOKUPS = DATA / "lookups"
REPLACEABLE = {
    "agency.csv": LOOKUPS / "lists" / "agency.csv",
    "lad.csv": LOOKUPS / "lists" / "lad.csv",
    "place_type.csv": LOOKUPS / "place_type.csv",
    "harm.csv": LOOKUPS / "harm.csv",
    "term_dates.csv": LOOKUPS / "term_dates.csv",
    "known_places.csv": DATA / "gazetteer" / "known_places.csv",
}
EXTENDED = ("place_type.csv", "harm.csv")
# Columns whose words other rules read: a new code is one of a kind that is known.
OF_A_KIND = {
    "place_type.csv": ("geom_kinds", "sensitivity", "group_code"),
    "harm.csv": ("family", "group_code", "severity"),
    "known_places.csv": ("kind",),
}
WHOLE = {"known_places.csv": ("easting", "northing")}
ALSO_WHOLE = ("sort",)
DAYS = {"term_dates.csv": ("first_day", "last_day")}
CODE = re.compile(r"[A-Z][A-Z0-9_]{1,39}|[EWSN]\d{8}")
Row = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Lists:
    """Where each list is read from, and who answers for the records."""

    files: Mapping[Path, Path]
    controller: str

    @classmethod
    def of(cls, file: Path) -> "Lists":
        """Of the partnership whose TOML this is.

        Raises
        ------
        PartnershipError
            With everything that is wrong in its lists, a line each.
        """
        house = partnership(file)
        folder = None if house.lists is None else file.parent / house.lists
        wrong = list(problems(house, folder))
        if wrong:
            raise PartnershipError("\n".join(wrong))
        files = {REPLACEABLE[path.name]: path for path in _found(folder)}
        return cls(files, house.controller)

    def at(self, packaged: Path) -> Path:
        return self.files.get(packaged, packaged)


def problems(house: Partnership, folder: Path | None) -> Iterator[str]:
    """Whole sentences, each with the file and the line that they are about."""
    if folder is not None and not folder.is_dir():
        yield f"lists: there is no folder {folder.name} beside the file of the partnership."
        return
    for path in _found(folder):
        if path.name in REPLACEABLE:
            yield from _of_file(house, path)
        else:
            known = ", ".join(REPLACEABLE)
            yield f"{path.name}: this list cannot be replaced. Those that can: {known}."
    yield from _unknown_agencies(house, folder)


def _found(folder: Path | None) -> list[Path]:
    return [] if folder is None or not folder.is_dir() else sorted(folder.glob("*.csv"))


def _of_file(house: Partnership, path: Path) -> Iterator[str]:
    ours = read(REPLACEABLE[path.name])
    try:
        rows = read(path)
    except (UnicodeDecodeError, csv.Error):
        yield f"{path.name}: save the file as CSV in UTF-8."
        return
    columns = ",".join(ours[0])
    if not rows or ",".join(rows[0]) != columns:
        yield f"{path.name}: the first line must be {columns}, and at least one line must follow."
        return
    for number, row in enumerate(rows, 2):
        for words in _of_row(house, path.name, row, ours):
            yield f"{path.name}, line {number}: {words}."
    if "code" in rows[0]:
        yield from _of_codes(path.name, [row["code"] for row in rows], [r["code"] for r in ours])


def _of_row(house: Partnership, name: str, row: Row, ours: Sequence[Row]) -> Iterator[str]:
    if None in row or None in row.values():
        yield "there are more or fewer values than columns"
        return
    if "code" in row and not CODE.fullmatch(row["code"]):
        yield f"“{row['code']}” is no code: capital letters, figures and _ only"
    for column in (*WHOLE.get(name, ()), *ALSO_WHOLE):
        if column in row and not (row[column].isascii() and row[column].isdigit()):
            yield f"{column} must be a whole number"
    for column in OF_A_KIND.get(name, ()):
        known = {each[column] for each in ours}
        if row[column] not in known:
            yield f"{column} must be one of {', '.join(sorted(known))}"
    yield from _of_days(house, name, row)


def _of_days(house: Partnership, name: str, row: Row) -> Iterator[str]:
    if name not in DAYS:
        return
    if row["lad_code"] not in house.codes:
        yield f"{row['lad_code']} is no borough of this partnership"
    try:
        first, last = (date.fromisoformat(row[column]) for column in DAYS[name])
    except ValueError:
        yield "days must be written like 2026-09-01"
        return
    if first > last:
        yield "the last day is before the first"


def _of_codes(name: str, codes: Sequence[str], ours: Sequence[str]) -> Iterator[str]:
    for twice in sorted({code for code in codes if codes.count(code) > 1}):
        yield f"{name}: {twice} stands there twice."
    missing = sorted(set(ours) - set(codes)) if name in EXTENDED else []
    if missing:
        yield (
            f"{name}: {', '.join(missing)} must stay: records may hold it. To retire a code "
            "write a day into valid_to."
        )


def _unknown_agencies(house: Partnership, folder: Path | None) -> Iterator[str]:
    own = folder and folder / "agency.csv"
    path = own if own and own.is_file() else REPLACEABLE["agency.csv"]
    known = {row.get("code") for row in read(path)}
    for code in dict.fromkeys((house.controller, *house.expected_to_report)):
        if code not in known:
            where = "controller" if code == house.controller else "expected_to_report"
            yield f"{where}: {code} is no code of agency.csv."


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))
