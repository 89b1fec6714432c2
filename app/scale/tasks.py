"""What a worker is asked to do: pure functions of what they are given, by name."""

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import scipy

import geo
from geo import partition
from geo.evidence import emerging, squares
from geo.evidence.cores import Form
from geo.evidence.squares import Squares
from geo.neighbourhood import Array
from geo.partition import Found, Part

PARTS = ("geo", "app/scale")


class OtherVersionError(Exception):
    """A worker runs other code than the one who asks: its numbers might not be the same."""


class Maxima(NamedTuple):
    """Largest ratio of each replicate of a batch."""

    values: Array


class Shuffles(NamedTuple):
    """Replicates of an area whose events are shuffled and clustered again."""

    form: Form
    key: str
    least: tuple[int, int]
    batch: range


class Draws(NamedTuple):
    """Replicates of an area that has too many events for that."""

    made: Squares
    key: str
    batch: range


def tile(given: Part) -> Found:
    return partition.clusters_of(given)


def shuffles(given: Shuffles) -> Maxima:
    return Maxima(emerging.simulated(given.form, given.key, given.least, given.batch))


def draws(given: Draws) -> Maxima:
    return Maxima(squares.simulated(given.made, given.key, given.batch))


def checked(version: str, task: Callable[[Any], Any], given: Any) -> Any:  # noqa: ANN401 - any task
    """The same on another machine, which must run the same program."""
    if code_version() != version:
        raise OtherVersionError
    return task(given)


@cache
def code_version() -> str:
    """Of all that a number of ours rests on: our own source, and the libraries below it."""
    root = Path(geo.__file__).parents[1]
    digest = hashlib.sha256(f"numpy {np.__version__} scipy {scipy.__version__}".encode())
    for part in PARTS:
        for path in sorted((root / part).rglob("*.py")):
            digest.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
