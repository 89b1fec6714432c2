"""Charts of a report as pictures, from the same printed numbers as the tables beside them. Pure."""

from collections.abc import Sequence
from math import cos, radians, sin

from app.briefings import shading, words
from app.core import svg

WIDTH, HEIGHT, BASE, HIGH, LEFT = 640, 216, 176, 140, 36
MIDDLE, INNER, RING = (320, 198), 46, 42


def run_chart(block: str, alt: str, points: Sequence[tuple[str, str]], found: words.Run) -> str:
    """V07: bars from zero; a band is a hatched bar of 1 to 7. Mean and limits are labelled."""
    values = [words.told(shown) for _, shown in points]
    top = max(found.high, *(7 if v.n is None else v.n for v in values), 1)
    step = (WIDTH - LEFT - 60) / len(points)

    def up(n: float) -> float:
        return BASE - HIGH * min(n, top) / top

    parts = [svg.hatching(f"hatch-{block}")]
    lines = (("mean", found.mean, "6 3"), ("upper limit", found.high, "2 3"),
             ("lower limit", found.low, "2 3"))  # fmt: skip
    for name, n, dashes in lines:
        y = up(n)
        parts.append(
            svg.element("path", d=f"M{LEFT} {y:.1f}H{WIDTH - 60}", stroke=svg.QUIET,
                        stroke_dasharray=dashes, fill="none")
        )  # fmt: skip
        parts.append(svg.text(name, WIDTH - 56, y + 4, font_size=10, fill=svg.QUIET))
    for i, ((period, shown), value) in enumerate(zip(points, values, strict=True)):
        x, wide = LEFT + i * step + step * 0.2, step * 0.6
        parts += _bar(block, x, wide, up(7 if value.n is None else value.n), shown, value.banded)
        parts.append(svg.text(period, x + wide / 2, BASE + 16, text_anchor="middle"))
    parts.append(svg.element("path", d=f"M{LEFT} {BASE}H{WIDTH - 60}", stroke=svg.TEXT))
    parts.append(svg.text("0", LEFT - 6, BASE + 4, text_anchor="end", fill=svg.QUIET))
    return svg.picture(WIDTH, HEIGHT - 12, alt, parts)


def _bar(block: str, x: float, wide: float, y: float, shown: str, banded: bool) -> list[str]:
    fill = f"url(#hatch-{block})" if banded else svg.INK
    return [
        svg.element("rect", x=x, y=y, width=wide, height=BASE - y, fill=fill, stroke=svg.INK),
        svg.element("rect", x=x + wide / 2 - 3.2 * len(shown) - 2, y=y - 16,
                    width=6.4 * len(shown) + 4, height=14, fill="#ffffff"),
        svg.text(shown, x + wide / 2, y - 5, text_anchor="middle", font_weight=600),
    ]  # fmt: skip


def week_wheel(
    block: str, alt: str, columns: Sequence[str], rows: Sequence[tuple[str, Sequence[str]]]
) -> str:
    """Parts of the day around, types of day from within outwards; each cell says its number."""
    hatch, step = f"hatch-{block}", 360 / len(rows)
    parts = [svg.hatching(hatch, svg.HAIR)]
    for n, (name, shown) in enumerate(rows):
        for ring, said in enumerate(shown):
            near, far = INNER + RING * ring, INNER + RING * (ring + 1)
            cell = _sector(near, far, n * step, (n + 1) * step)
            shade = shading.fill(said, hatch)
            parts.append(svg.element("path", d=cell, fill=shade, stroke=svg.OUTLINE))
            x, y = _spot((near + far) / 2, (n + 0.5) * step)
            colour = shading.ink(said)
            parts.append(svg.text(said, x, y + 4, text_anchor="middle", fill=colour))
        x, y = _spot(INNER + RING * len(columns) + 20, (n + 0.5) * step)
        anchor = "start" if x > MIDDLE[0] else "end"
        parts += [
            svg.text(piece, x, y + 15 * line - 3, text_anchor=anchor)
            for line, piece in enumerate(name.split(", "))
        ]
    rings = f"From the middle outwards: {', '.join(columns).lower()}."
    parts.append(svg.text(rings, MIDDLE[0], 2 * MIDDLE[1] + 4, text_anchor="middle"))
    return svg.picture(WIDTH, 2 * MIDDLE[1] + 14, alt, parts)


def _spot(radius: float, degrees: float) -> tuple[float, float]:
    """Clockwise from the top."""
    turn = radians(degrees)
    return MIDDLE[0] + radius * sin(turn), MIDDLE[1] - radius * cos(turn)


def _sector(near: float, far: float, start: float, end: float) -> str:
    (a, b), (c, d) = _spot(near, start), _spot(far, start)
    (e, f), (g, h) = _spot(far, end), _spot(near, end)
    return (f"M{a:.1f} {b:.1f}L{c:.1f} {d:.1f}A{far} {far} 0 0 1 {e:.1f} {f:.1f}"
            f"L{g:.1f} {h:.1f}A{near} {near} 0 0 0 {a:.1f} {b:.1f}Z")  # fmt: skip
