"""Whatever is undone in whatever order, what stays is what the others alone would have brought."""

import hypothesis.strategies as st
from hypothesis import HealthCheck, given, settings

from app.core.actor import job_actor
from app.imports import counts, named, service, undo
from app.imports.named import Asked
from app.imports.service import Options
from geo import crs
from tests import state
from tests.integration.test_imports import line, written

JOB = job_actor("imports:police_street")
AT = [("-0.305047", "51.427553"), ("-0.299875", "51.423135")]
STREETS = ["Lancaster Close", "Durlston Road"]
WARD = ("month", "wardcode", "wardname", "lookup_boroughname", "majortext", "minortext", "count")

ROW = st.tuples(
    st.integers(0, 1),
    st.sampled_from(["", "Under investigation", "Court case"]),
    st.sampled_from(["E01003006", "E01035000"]),
    st.sampled_from(["2024-03", "2024-04"]),
    st.sampled_from(["Burglary", "Robbery"]),
)
BATCH = st.one_of(
    st.tuples(st.just("police"), st.lists(ROW, min_size=1, max_size=4)),
    st.tuples(st.just("streets"), st.lists(st.integers(0, 1), min_size=1, max_size=2)),
    st.tuples(
        st.just("counts"),
        st.dictionaries(st.sampled_from(["A", "B"]), st.integers(1, 3), min_size=1),
    ),
)


@st.composite
def histories(draw):
    """Some imports in order, and which of them are undone: after which import, in which order."""
    batches = draw(st.lists(BATCH, min_size=2, max_size=4))
    gone = draw(st.lists(st.integers(0, len(batches) - 1), unique=True, max_size=len(batches)))
    late = draw(st.booleans())
    return batches, gone, late


def file_of(folder, number, kind, rows):
    path = folder / f"{number}.csv"
    if kind == "police":
        cells = [
            line(
                Longitude=AT[at][0],
                Latitude=AT[at][1],
                Location=f"On or near {STREETS[at]}",
                Last_outcome_category=outcome,
                LSOA_code=lsoa,
                Month=month,
                Crime_type=category,
            )
            for at, outcome, lsoa, month, category in rows
        ]
        return written(path, *cells)
    if kind == "streets":
        metres = crs.to_bng([tuple(map(float, at)) for at in AT]).round().astype(int)
        cells = [[f"{STREETS[at]}", *metres[at]] for at in rows]
        return written(path, *cells, header=("name", "easting", "northing"))
    cells = [
        ["2024-03", "E05013938", "Kingston Town", "Kingston upon Thames", code, "", n]
        for code, n in rows.items()
    ]
    return written(path, *cells, header=WARD)


def brought_in(db, path, kind):
    if kind == "streets":
        asked = Asked(path, "STREET", "name", path.with_suffix(".errors"))
        return named.bring_in(db, asked, lambda *_: None)[0]
    bring = {"police": service.police_street, "counts": counts.bring_in}[kind]
    return bring(db, [path], Options(), lambda *_: None)[0]


def undone(db, ref):
    with db.cursor(JOB) as cursor:
        undo.undo(cursor, ref, JOB)


@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(histories())
def test_what_stays_is_what_the_others_alone_bring(db, tmp_path, history):
    batches, gone, late = history
    empty = state.hashes(db)
    files = [file_of(tmp_path, n, kind, rows) for n, (kind, rows) in enumerate(batches)]

    refs = {}
    for n, (kind, _) in enumerate(batches):
        refs[n] = brought_in(db, files[n], kind)
        if not late and n in gone and n % 2 == 0:
            undone(db, refs.pop(n))
    for n in gone:
        if n in refs:
            undone(db, refs.pop(n))
    left = state.facts(db)

    for ref in refs.values():
        undone(db, ref)
    assert state.hashes(db) == empty
    again = [brought_in(db, files[n], batches[n][0]) for n in sorted(refs)]
    alone = state.facts(db)
    for ref in reversed(again):
        undone(db, ref)

    assert left == alone
    assert state.hashes(db) == empty


def test_the_hashes_notice_a_changed_row(db, tmp_path):
    before = state.hashes(db)
    brought_in(
        db, file_of(tmp_path, 1, "police", [(0, "", "E01003006", "2024-03", "Burglary")]), "police"
    )

    changed = {name for name, digest in state.hashes(db).items() if digest != before[name]}

    assert {
        "reference.police_event",
        "reference.place_point",
        "reference.point_grid",
        "reference.police_label",
        "reference.street",
    } <= changed
