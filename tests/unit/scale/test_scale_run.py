"""`contextmap scale run` on Parquet files, in this process: what it finds, refuses and keeps."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from app.cli import main
from app.scale import engines, reading, service, weighing
from app.scale.checkpoints import Checkpoints
from app.scale.rules import Asked
from geo import crs, density, distributed
from geo.boundaries import Lads
from geo.crossborough import Events, Params, run
from geo.evidence import squares
from geo.evidence.study import emerging_of
from geo.lineage import content_id
from tests import national

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def events(tmp_path_factory):
    path = tmp_path_factory.mktemp("scale") / "events.parquet"
    return national.parquet(path, *national.study(scattered=400))


@pytest.fixture
def scale(tmp_path, capsys):
    """The command with `--json`; its answer, or what it says when it refuses."""

    def command(source, *arguments, out="out"):
        given = ["scale", "run", str(source), "--out", str(tmp_path / out), "--json", *arguments]
        refused = main(given)
        said = capsys.readouterr()
        answer = json.loads(said.out)
        return answer if not refused else answer["error"] + str(answer["fields"])

    return command


def quiet(engine, folder=None):
    return engines.Work(engine, Checkpoints(folder), lambda *_: None)


def test_the_result_is_that_of_the_functions_without_tiles(events, scale, tmp_path):
    """Labels, content ids and p: those of geo on all events at once."""
    answer = scale(events, "--replicates", "99")

    given = reading.read(events, Asked(replicates=99))
    none, one = np.zeros(len(given.day), int), given.weight > 0
    whole = Events(
        np.arange(len(given.day)), given.site, given.xy_m, given.day, given.weight, none - 1, one
    )
    found = run(whole, Lads((), np.empty(0, object)), Params(), snapshot_day=20_300)
    key = f"{given.snapshot_hash}|{given.params_hash}"
    sure = emerging_of(whole, found.hot_spots, Params(), neighbours=None, key=key, replicates=99)
    expected = {
        content_id(given.params_hash, given.tokens(spot.members[spot.core])): (
            spot.n, spot.n_core, spot.n_places, e.p, e.llr, e.observed, e.expected
        )
        for spot, e in zip(found.hot_spots, sure, strict=True)
    }  # fmt: skip
    told = pq.read_table(tmp_path / "out/clusters.parquet").to_pylist()
    assert {
        c["id"]: (c["n"], c["n_core"], c["places"], c["p_emerging"], c["llr"], c["observed"],
                  c["expected"])
        for c in told
    } == expected  # fmt: skip
    assert answer["clusters"] == len(told) > 5
    assert answer["significant"] == sum(c["p_emerging"] <= 0.05 for c in told) >= 1
    rows = pq.read_table(tmp_path / "out/rows.parquet")
    labels = density.st_dbscan(given.xy_m, given.day, given.weight, 250, 28, 5)
    assert rows["cluster"].to_pylist() == labels.label.tolist()
    assert rows["core"].to_pylist() == labels.core.tolist()


@pytest.mark.parametrize("many", [False, True], ids=["shuffled", "drawn"])
def test_neither_tiles_nor_the_order_of_rows_change_a_byte(
    events, scale, tmp_path, monkeypatch, many
):
    if many:
        monkeypatch.setattr(squares, "MANY", 100)
    mixed = pq.read_table(events)
    mixed = mixed.take(pa.array(np.random.default_rng(1).permutation(len(mixed))))
    pq.write_table(mixed, tmp_path / "mixed.parquet")

    asked = ("--replicates", "99")
    sides = ("5", "20") if many else ("5", "10", "20")
    answers = [scale(events, "--tile-km", km, *asked, out=f"t{km}") for km in sides]
    answers.append(scale(tmp_path / "mixed.parquet", *asked, out="mixed"))

    assert len({answer["result_hash"] for answer in answers}) == 1
    assert [answer["tiles"] for answer in answers] == [36, *([] if many else [16]), 4, 16]
    files = [(tmp_path / out / "clusters.parquet").read_bytes() for out in ("t5", "t20", "mixed")]
    assert len(set(files)) == 1


def test_another_seed_gives_other_draws_and_the_same_clusters(events, scale):
    first, other = (scale(events, "--replicates", "99", "--seed", s, out=s) for s in ("1", "2"))

    assert first["result_hash"] != other["result_hash"]
    assert first["clusters"] == other["clusters"]


def test_ids_name_the_core_and_an_event_that_is_listed_twice_counts_once(scale, tmp_path):
    xy_m, day = national.study()
    ids = [f"SYN-{k:05}" for k in range(len(day))]
    once = national.parquet(tmp_path / "once.parquet", xy_m, day, id=ids)
    more = np.append(np.arange(len(day)), [3, 5, 1400])
    twice = national.parquet(
        tmp_path / "twice.parquet", xy_m[more], day[more], id=[ids[k] for k in more]
    )

    first, second = scale(once, "--replicates", "0"), scale(twice, "--replicates", "0", out="b")

    assert first["result_hash"] == second["result_hash"]
    assert (first["left_out"], second["left_out"]) == ({"listed_twice": 0}, {"listed_twice": 3})
    told = pq.read_table(tmp_path / "out/clusters.parquet").to_pylist()
    labels = density.st_dbscan(xy_m, day, np.ones(len(day), int), 250, 28, 5)
    cores = [np.flatnonzero(labels.core & (labels.label == k)) for k in set(labels.label) - {-1}]
    wanted = {content_id(first["params_hash"], [ids[i] for i in core]) for core in cores}
    assert {c["id"] for c in told} == wanted


def test_degrees_numbers_and_periods_are_read(scale, tmp_path):
    xy_m, day = national.study()
    lonlat = crs.to_wgs84(xy_m)
    columns = {"longitude": lonlat[:, 0], "latitude": lonlat[:, 1], "n": np.full(len(day), 2)}
    pq.write_table(pa.table(columns | {"day": day}), tmp_path / "degrees.parquet")

    whole = scale(tmp_path / "degrees.parquet", "--replicates", "0")
    part = scale(
        tmp_path / "degrees.parquet", "--replicates", "0", "--from", "2025-01-01", "--to",
        "2025-01-31", out="part",
    )  # fmt: skip

    assert whole["events"] == 2 * len(day)
    inside = (day >= 20_089) & (day <= 20_119)
    assert part["events"] == 2 * inside.sum()


@pytest.mark.parametrize("days", ["none", "365"])
def test_without_a_limit_of_days_there_is_no_when_to_be_tested(events, scale, tmp_path, days):
    answer = scale(events, "--eps-days", days, "--replicates", "99", "--min-points", "9")

    told = pq.read_table(tmp_path / "out/clusters.parquet")
    tested = set(told["status"].to_pylist())
    assert tested == ({"not tested"} if days == "none" else {"tested"})
    assert answer["clusters"] == len(told)


def test_each_area_is_tested_by_itself_with_what_surrounds_it(scale, tmp_path):
    """West and east of a line: p of one does not change with what lies far off in the other."""
    xy_m, day = national.study()
    area = np.where(xy_m[:, 0] < national.CORNER[0], "W", "E")
    both = national.parquet(tmp_path / "both.parquet", xy_m, day, area=area)
    far = xy_m[:, 0] > national.CORNER[0] + 4_000
    less = national.parquet(tmp_path / "less.parquet", xy_m[~far], day[~far], area=area[~far])

    scale(both, "--areas", "each", "--replicates", "99")
    told = pq.read_table(tmp_path / "out/clusters.parquet").to_pylist()
    scale(less, "--areas", "each", "--replicates", "99", out="less")
    fewer = pq.read_table(tmp_path / "less/clusters.parquet").to_pylist()

    assert {c["area"] for c in told} == {"W", "E"}
    west = [{c["id"]: (c["llr"], c["observed"]) for c in t if c["area"] == "W"}
            for t in (told, fewer)]  # fmt: skip
    assert west[0] == west[1] != {}


def test_the_halo_of_an_area_is_what_lies_within_two_kilometres_by_squares(tmp_path):
    xy_m, day = national.study()
    area = np.where(xy_m[:, 0] < national.CORNER[0], "W", "E")
    path = national.parquet(tmp_path / "both.parquet", xy_m, day, area=area)
    given = reading.read(path, Asked(each=True))

    held = np.zeros(len(given.day), dtype=bool)
    held[weighing._with_halo(given, given.areas.index("W"))] = True

    own = given.area == given.areas.index("W")
    apart = np.abs(given.xy_m[:, None] - given.xy_m[own][None]).max(axis=2).min(axis=1)
    assert held[apart <= 2_000].all()
    assert not held[apart > 2_250].any()


def broken(path, **columns):
    pq.write_table(pa.table(columns), path)
    return path


PLACE = {"easting_m": [520_000.0], "northing_m": [170_000.0]}
REFUSED = {
    "no place": ({"day": [20_000]}, "needs the columns easting_m and northing_m"),
    "no day": (PLACE, "needs the columns easting_m and northing_m"),
    "words": ({"easting_m": ["far"], "northing_m": [1.0], "day": [1]}, "easting_m holds something"),
    "not in Great Britain": (
        {"longitude": [2.35], "latitude": [48.85], "day": [20_000]},
        "1 of 1 points lie outside the British National Grid",
    ),
    "degrees": (
        {"easting_m": [-0.3], "northing_m": [51.4], "day": [20_000]},
        "These coordinates look like degrees",
    ),
    "no coordinates": (
        {"easting_m": [None, 520_000.0], "northing_m": [1.0, 170_000.0], "day": [1, 2]},
        "Row 0 has no coordinates.",
    ),
    "day in words": (PLACE | {"day": ["Monday"]}, "The column day needs dates"),
    "no events in a row": (PLACE | {"day": [20_000], "n": [0]}, "whole numbers of 1 or more"),
    "nothing": ({"easting_m": pa.array([], pa.float64()), "northing_m": pa.array([], pa.float64()),
                 "day": pa.array([], pa.int32())}, "The file holds no event."),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_a_file_that_cannot_be_used_is_refused_in_words(scale, tmp_path, case):
    columns, words = REFUSED[case]

    assert words in scale(broken(tmp_path / "bad.parquet", **columns))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--eps-m", "0"], "Enter a distance from 1 to 2,000 metres."),
        (["--eps-days", "0"], "Enter 1 to 365 days, or none"),
        (["--min-points", "1"], "Enter a minimum of 2 or more."),
        (["--replicates", "9"], "Enter 99 to 9,999 replicates"),
        (["--tile-km", "1"], "Enter a side of 5 to 100 kilometres."),
        (["--seed", "-1"], "Enter a seed of 0 or more."),
        (["--engine", "spark://here"], "Enter local, or dask://HOST:PORT"),
        (["--engine", "dask://here"], "Enter local, or dask://HOST:PORT"),
        (["--areas", "each"], "the file needs the column area"),
        (["--from", "1999-01-01", "--to", "1999-12-31"], "no event of this period"),
        (["--engine", "dask://127.0.0.1:9"], "No Dask scheduler answers at 127.0.0.1:9"),
    ],
)
def test_what_cannot_be_asked_for_is_refused_in_words(events, scale, monkeypatch, arguments, words):
    monkeypatch.setattr(distributed, "CONNECT_S", 0.5)

    assert words in scale(events, *arguments)


def test_no_file_and_another_kind_of_file_are_refused(scale, tmp_path):
    (tmp_path / "words.parquet").write_text("easting,northing\n")

    assert "This is not a Parquet file" in scale(tmp_path / "words.parquet")
    assert "There is no file" in scale(tmp_path / "absent.parquet")


def test_without_dask_it_says_which_extra_to_install(events, scale, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    monkeypatch.delitem(sys.modules, "geo.distributed", raising=False)
    monkeypatch.delattr("geo.distributed", raising=False)

    said = scale(events, "--engine", "dask://127.0.0.1:8786")

    assert "the optional extra `scale`" in said
    assert "scripts/scale.lock.txt" in said


def test_a_run_that_was_killed_goes_on_where_it_was(events, scale, tmp_path):
    """With SIGKILL, as soon as something is finished; the rest is done by the next run."""
    whole = scale(events, "--replicates", "149", "--tile-km", "5")
    kept = tmp_path / "killed/checkpoints"
    command = [
        sys.executable, "-m", "app.cli", "scale", "run", str(events), "--out", str(kept.parent),
        "--replicates", "149", "--tile-km", "5",
    ]  # fmt: skip
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL) as process:
        until = time.monotonic() + 120
        while not list(kept.glob("*.npz")) and time.monotonic() < until:
            assert process.poll() is None
            time.sleep(0.01)
        os.kill(process.pid, signal.SIGKILL)
    finished = len(list(kept.glob("*.npz")))
    assert not (kept.parent / "result.json").exists()
    (kept / "cut-short.part").write_bytes(b"PK")

    again = scale(events, "--replicates", "149", "--tile-km", "5", out="killed")

    assert again["tasks_resumed"] == finished >= 1
    assert again["tasks"] == whole["tasks"] - finished
    assert again["result_hash"] == whole["result_hash"]
    assert not kept.exists()
    assert (
        json.loads((kept.parent / "result.json").read_text())["result_hash"] == whole["result_hash"]
    )


def test_only_what_has_the_same_input_parameters_and_code_is_used_again(tmp_path, monkeypatch):
    xy_m, day = national.study()
    path = national.parquet(tmp_path / "events.parquet", xy_m, day)
    asked = Asked(replicates=99, tile_m=5_000)

    def resumed(path=path, asked=asked):
        work = quiet(engines.Local(), tmp_path / "kept")
        service.run(reading.read(path, asked), asked, work)
        return work.resumed, work.done

    assert resumed() == (0, 38)
    assert resumed() == (38, 0)
    assert resumed(asked=Asked(replicates=149, tile_m=5_000)) == (37, 2), "50, not 49 are new"
    assert resumed(asked=Asked(replicates=99, tile_m=5_000, seed=1)) == (36, 2)
    assert resumed(asked=Asked(eps_m=240, replicates=99, tile_m=5_000))[0] == 0
    moved = xy_m.copy()
    moved[0] = [508_100.0, 168_100.0]
    other = national.parquet(tmp_path / "moved.parquet", moved, day)
    assert resumed(path=other)[0] in {33, 34, 35}, "all tiles but those that the event is in"
    monkeypatch.setattr("app.scale.checkpoints.code_version", lambda: "newer")
    assert resumed() == (0, 38)


def test_a_checkpoint_that_cannot_be_read_is_done_again(events, tmp_path):
    asked = Asked(replicates=0)
    first = quiet(engines.Local(), tmp_path / "kept")
    whole = service.run(reading.read(events, asked), asked, first)
    for path in sorted((tmp_path / "kept").glob("*.npz"))[:3]:
        path.write_bytes(path.read_bytes()[:100])

    second = quiet(engines.Local(), tmp_path / "kept")
    again = service.run(reading.read(events, asked), asked, second)

    assert (second.resumed, second.done) == (13, 3)
    assert again.result_hash == whole.result_hash
