"""How a printed number is shaded, the same on each chart and map: five classes and a gap. Pure."""

from app.core import svg

# Of each class, how it is called and one number of it.
CLASSES = (
    ("0", "0"),
    ("1 to 7", "1 to 7"),
    ("10 to 15", "10"),
    ("20 to 35", "20"),
    ("40 or more", "40"),
    ("not shown", "not shown"),
)
GAPS = frozenset({"", "-", "not shown"})
LEGEND = (
    "Shades, from light to dark: 0, 1 to 7, 10 to 15, 20 to 35, 40 or more. Hatched: not shown."
)


def shade(shown: str) -> int | None:
    """The class of a printed number; None where nothing is shown.

    >>> [shade(one) for one in ("0", "1 to 7", "10", "15", "20", "35", "40", "not shown")]
    [0, 1, 2, 2, 3, 3, 4, None]
    """
    if shown in GAPS:
        return None
    if not shown.isdigit():
        return 1
    n = int(shown)
    return 0 if n == 0 else 2 + (n >= 20) + (n >= 40)


def fill(shown: str, hatch: str) -> str:
    """White for 0, darker for more, hatched where nothing is shown."""
    level = shade(shown)
    if level is None:
        return f"url(#{hatch})"
    return "#ffffff" if level == 0 else svg.LEVELS[level]


def ink(shown: str) -> str:
    """The colour of a number on its shade."""
    return "#ffffff" if (shade(shown) or 0) >= 3 else svg.TEXT
