"""Grid references with letters, such as TQ 180 690, and the metres they stand for."""

import re

from geo.errors import GeoInputError

# 25 squares of 500 km, each of 25 squares of 100 km, lettered row by row without I.
LETTERS = "ABCDEFGHJKLMNOPQRSTUVWXYZ"
FORM = re.compile(r"([A-HJ-Z]{2})(\d*)")
KM_100 = 100_000


def from_grid_reference(text: str) -> tuple[int, int, int]:
    """Easting and northing of the south-west corner of the square, and its side, in metres.

    Parameters
    ----------
    text : str
        Two letters and an even number of digits, at most ten, with or without spaces.

    Raises
    ------
    GeoInputError
        It is not a grid reference of the British National Grid.

    Examples
    --------
    >>> from_grid_reference("TQ 180 690")
    (518000, 169000, 100)
    >>> from_grid_reference("tq1800069000")
    (518000, 169000, 1)
    """
    found = FORM.fullmatch(re.sub(r"\s+", "", text).upper())
    if found is None or len(found[2]) % 2 or len(found[2]) > 10:
        raise GeoInputError("This is not a grid reference. Give one like TQ 180 690.")
    east_100km, north_100km = _square(found[1])
    half = len(found[2]) // 2
    side = 10 ** (5 - half)
    digits = found[2]
    east = east_100km * KM_100 + int(digits[:half] or 0) * side
    north = north_100km * KM_100 + int(digits[half:] or 0) * side
    return east, north, side


def _square(letters: str) -> tuple[int, int]:
    """Column and row of a 100 km square, counted from the false origin."""
    big, small = (LETTERS.index(letter) for letter in letters)
    column = ((big - 2) % 5) * 5 + small % 5
    row = 19 - big // 5 * 5 - small // 5
    if not (0 <= column < 7 and 0 <= row < 13):
        raise GeoInputError("This grid reference is outside Great Britain.")
    return column, row
