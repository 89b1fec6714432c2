"""Charts of a report as pictures, from the same printed numbers as the tables beside them. Pure."""

from collections.abc import Sequence

from app.briefings import words
from app.core import svg

WIDTH, HEIGHT, BASE, HIGH, LEFT = 640, 216, 176, 140, 36


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
