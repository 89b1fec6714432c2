"""Pictures as text: the same bytes on a page and in a PDF, so presentation attributes only."""

from collections.abc import Iterable
from xml.sax.saxutils import escape, quoteattr

INK, TEXT, QUIET, HAIR = "#12436d", "#0b0c0c", "#505a5f", "#b1b4b6"
LEVELS = ("#e8f1ee", "#a9d1c6", "#5fa899", "#267a6d", "#0a4a44")
OUTLINE = "#28203f"
NAMESPACE = "http://www.w3.org/2000/svg"
FAMILY = "Source Sans Pro, system-ui, sans-serif"


def element(name: str, *inside: str, **attributes: str | float) -> str:
    """One element; `_` in a name stands for `-`, and a trailing one is dropped.

    >>> element("text", escape("A & B"), x=1.0, text_anchor="middle")
    '<text x="1" text-anchor="middle">A &amp; B</text>'
    """
    said = "".join(
        f" {key.rstrip('_').replace('_', '-')}={quoteattr(_told(value))}"
        for key, value in attributes.items()
    )
    return f"<{name}{said}>{''.join(inside)}</{name}>" if inside else f"<{name}{said}/>"


def text(words: str, x: float, y: float, **attributes: str | float) -> str:
    """Words at a spot, in the colour of text unless another is given."""
    return element("text", escape(words), x=x, y=y, **({"fill": TEXT} | attributes))


def picture(width: float, height: float, alt: str, parts: Iterable[str]) -> str:
    """The whole picture, with the words for whoever cannot see it."""
    return element(
        "svg",
        *parts,
        viewBox=f"0 0 {_told(width)} {_told(height)}",
        role="img",
        aria_label=alt,
        class_="cm-drawn",
        font_family=FAMILY,
        font_size=12,
    )


def standalone(drawn: str) -> str:
    """A picture as a file of its own; kept without it, since its name looks like an address."""
    return drawn.replace("<svg ", f'<svg xmlns="{NAMESPACE}" ', 1)


def hatching(name: str, colour: str = INK) -> str:
    """A pattern that stands for what is not known exactly."""
    line = element("path", d="M0 0V6", stroke=colour, stroke_width=2)
    return element(
        "defs",
        element("pattern", line, id=name, width=6, height=6, patternUnits="userSpaceOnUse",
                patternTransform="rotate(45)"),
    )  # fmt: skip


def _told(value: str | float) -> str:
    return value if isinstance(value, str) else f"{round(value, 1):g}"
