"""The colours of pages and maps: read by everybody, in order, and never yellow alone."""

import re
from pathlib import Path

import pytest

FRONTEND = Path(__file__).resolve().parents[2] / "frontend/static"
SOURCE = (FRONTEND / "css/app.scss").read_text()
BUILT = (FRONTEND / "css/app.css").read_text()
STYLE = (FRONTEND / "js/map-style.js").read_text()
TOKENS = dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{6});", SOURCE))
NAMED = dict(re.findall(r"\b(link|link-visited|error): (#[0-9a-f]{6})", SOURCE))
WHITE, BLACK = "#ffffff", TOKENS["text"]
GROUNDS = dict(re.findall(r'fill\("([a-z]+)", "(#[0-9a-f]{6})"\)', STYLE))
LEVELS = [TOKENS[f"level-{n}"] for n in range(5)]
TINTS = re.findall(r"#[0-9a-f]{6}", re.search(r"TINTS = \[(.*?)\]", STYLE)[1])


def luminance(colour):
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    bright, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def test_black_on_white_is_the_most_there_is():
    assert contrast("#000000", WHITE) == pytest.approx(21)
    assert contrast("#767676", WHITE) == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize(
    ("text", "ground", "least"),
    [
        (BLACK, WHITE, 19),
        (TOKENS["secondary"], WHITE, 7),
        (TOKENS["secondary"], TOKENS["pale"], 4.5),
        (TOKENS["secondary"], TOKENS["ground"], 4.5),
        (TOKENS["ink"], WHITE, 10),
        (TOKENS["ink"], TOKENS["pale"], 7),
        (WHITE, TOKENS["action"], 7),
        (NAMED["link"], WHITE, 6),
        (NAMED["link"], TOKENS["pale"], 4.5),
        (NAMED["link"], TOKENS["ground"], 4.5),
        (NAMED["link-visited"], WHITE, 10),
        (NAMED["error"], WHITE, 7.5),
        (BLACK, TOKENS["focus"], 14),
    ],
)
def test_words_can_be_read(text, ground, least):
    assert contrast(text, ground) >= least


def test_the_levels_are_one_hue_from_light_to_dark_and_their_numbers_can_be_read():
    assert sorted(LEVELS, key=luminance, reverse=True) == LEVELS
    assert [round(contrast(BLACK, level), 1) for level in LEVELS[:3]] == [17.0, 11.8, 7.0]
    assert [round(contrast(WHITE, level), 1) for level in LEVELS[3:]] == [5.1, 10.1]


def test_the_classes_of_areas_go_from_light_to_dark():
    assert len(TINTS) >= 4
    assert sorted(TINTS, key=luminance, reverse=True) == TINTS


@pytest.mark.parametrize(
    "under", [*GROUNDS.items(), ("level 0", LEVELS[0]), ("level 1", LEVELS[1])]
)
def test_the_outline_of_a_symbol_is_seen_on_every_ground(under):
    """Light levels are not told from the ground by their colour: the outline carries them."""
    assert contrast(TOKENS["outline"], under[1]) >= 3


@pytest.mark.parametrize("under", [*GROUNDS.items(), *enumerate(LEVELS[:3]), *enumerate(TINTS[:3])])
def test_the_black_ring_of_the_focus_is_seen_where_the_yellow_is_not(under):
    assert contrast(BLACK, under[1]) >= 3
    assert contrast(TOKENS["focus"], BLACK) >= 3


@pytest.mark.parametrize("under", LEVELS[3:] + TINTS[3:])
def test_the_yellow_ring_is_seen_on_the_dark_classes(under):
    assert contrast(TOKENS["focus"], under) >= 3


@pytest.mark.parametrize("ground", [c for name, c in GROUNDS.items() if name != "neighbour"])
def test_labels_of_the_street_map_can_be_read(ground):
    label = re.search(r'LABEL = \{ fill: "(#[0-9a-f]{6})"', STYLE)[1]
    assert contrast(label, ground) >= 4.5


def hexed(value):
    """A colour of a rule as six digits, or None where it is not one colour."""
    value = value.removesuffix("!important").strip()
    if found := re.fullmatch(r"var\(--([a-z0-9-]+)\)", value):
        return TOKENS.get(found[1])
    value = {"white": WHITE, "black": "#000000", "#fff": WHITE, "#000": "#000000"}.get(value, value)
    if re.fullmatch(r"#[0-9a-f]{3}", value):
        value = "#" + "".join(c * 2 for c in value[1:])
    return value if re.fullmatch(r"#[0-9a-f]{6}", value) else None


def rules():
    """Every rule of the built style that sets both words and what is behind them."""
    for selector, body in re.findall(r"([^{}]+)\{([^{}]*)\}", BUILT):
        said = dict(part.split(":", 1) for part in body.split(";") if ":" in part)
        ground = hexed(said.get("background", said.get("background-color", "")))
        text = hexed(said.get("color", ""))
        if text and ground:
            yield selector, text, ground


def test_no_rule_sets_words_that_cannot_be_read_on_their_ground():
    found = list(rules())
    assert len(found) > 20
    weak = [(s, t, g) for s, t, g in found if contrast(t, g) < 4.5 and "disabled" not in s]
    assert weak == []
