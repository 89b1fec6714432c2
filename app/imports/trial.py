"""The dry run: every row read as it would be, and nothing kept of it."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.core.remembered import remember
from app.imports.kinds import Kind
from app.imports.mapping import LONDON_GRID, answers_of
from app.imports.mapping import Mapping as Columns
from app.imports.sorts import DUPLICATE, ERROR, IGNORED, NEW, UPDATE, VERDICTS, Made, Sort
from app.reading.schemas import Sheet

Note = Callable[[int, int], None]
STEP = 500
MOST_VALUES = 200


@dataclass(slots=True)
class Trial:
    """What would become of each row; values of coded columns that nobody knows, with counts."""

    rows: list[Made] = field(default_factory=list)
    unknown: dict[str, Counter[str]] = field(default_factory=dict)

    def tallies(self) -> dict[str, int]:
        """New + Update + Possible duplicate + Error + Ignored = rows in the file."""
        counts = Counter(made.verdict for made in self.rows)
        return {"rows": len(self.rows)} | {v.lower(): counts[v] for v in VERDICTS}

    @property
    def outside(self) -> int:
        west, south, east, north = LONDON_GRID
        points = [made.point for made in self.rows]
        return sum(
            p is not None and not (west <= p[0] <= east and south <= p[1] <= north) for p in points
        )


@dataclass(frozen=True, slots=True)
class Asked:
    """What a file is tried as."""

    kind: Kind
    columns: Columns
    sort: Sort


def tried(session: Session, actor: Actor, asked: Asked, sheet: Sheet, note: Note) -> Trial:
    """As the person who imports: their policies decide which records there are to compare with."""
    remember(session)
    found = Trial()
    lists = asked.sort.lists(session)
    for at, (number, cells) in enumerate(zip(sheet.row_numbers, sheet.rows, strict=True)):
        if at % STEP == 0:
            note(at, len(sheet.rows))
        row = {name: cell or "" for name, cell in zip(sheet.columns, cells, strict=True)}
        made = _read(asked, found, number, row, lists)
        if made.verdict == NEW and number in sheet.problems:
            made.problems.append(("shape", *sheet.problems[number]))
        if asked.columns.uses_shapes:
            made.shape = sheet.shapes[at]
        if made.verdict == NEW and not made.problems:
            asked.sort.check(session, actor, made)
        made.verdict = ERROR if made.problems else made.verdict
        found.rows.append(made)
    _compare(session, asked, found.rows)
    return found


def _read(
    asked: Asked,
    found: Trial,
    number: int,
    row: Mapping[str, str],
    lists: Mapping[str, Mapping[str, str]],
) -> Made:
    if not any(cell.strip() for cell in row.values()):
        return Made(number, {}, verdict=IGNORED)
    said, problems = answers_of(asked.kind, asked.columns, row, lists)
    for name, _, _ in problems:
        question = asked.kind.question(name)
        column = asked.columns.columns.get(name)
        if question is not None and question.codes and column:
            counts = found.unknown.setdefault(name, Counter())
            if row[column] in counts or len(counts) < MOST_VALUES:
                counts[row[column].strip()[:300]] += 1
    return Made(number, said, problems=problems)


def _compare(session: Session, asked: Asked, rows: Sequence[Made]) -> None:
    """With what came in before, with what is there, and with the rows above."""
    _refuse_repeated_references(rows)
    fresh = [made for made in rows if made.verdict == NEW]
    by_reference = {made.external: made for made in fresh if made.external}
    known = asked.sort.known(session, asked.columns.system, list(by_reference))
    pairs: list[tuple[UUID, Made]] = [(key, by_reference[ref]) for ref, key in known.items()]
    same = asked.sort.same(session, pairs)
    for key, made in pairs:
        made.record_id = key
        made.verdict = IGNORED if made.number in same else UPDATE
    fresh = [made for made in fresh if made.verdict == NEW]
    alike = asked.sort.alike(session, fresh)
    first: dict[tuple[tuple[str, str], ...], int] = {}
    for made in fresh:
        content = tuple(sorted((k, v) for k, v in made.answers.items() if k != "external_id"))
        if made.number in alike:
            made.alike, made.verdict = alike[made.number], DUPLICATE
            made.record_id = made.alike.record_id
        elif content in first and not made.external:
            made.like_row, made.verdict = first[content], DUPLICATE
        first.setdefault(content, made.number)


def _refuse_repeated_references(rows: Sequence[Made]) -> None:
    seen: dict[str, int] = {}
    for made in rows:
        if made.verdict != NEW or made.external is None:
            continue
        if made.external in seen:
            words = f"Row {seen[made.external]} has the same reference."
            made.problems.append(("external_id", words, "Give each row its own reference."))
            made.verdict = ERROR
        seen.setdefault(made.external, made.number)
