"""On paper, and in the colours that somebody's system gives: what the map says stays to be read."""

import re

import pytest

from tests.e2e.conftest import session_cookie
from tests.people import sign_in_as

LAYERS = ("places", "incidents", "hotspots", "clusters")
PAPER = {"width": 1024, "height": 700}  # 297 mm less two margins of 13 mm, at 96 dots an inch
# What each symbol of the legend is drawn in, beside what the system calls its colours.
SYMBOLS = """() => {
  const probe = document.body.appendChild(document.createElement('span'));
  probe.style.forcedColorAdjust = 'none';
  const named = name => { probe.style.color = name; return getComputedStyle(probe).color; };
  const system = [named('Canvas'), named('CanvasText')];
  probe.remove();
  const all = [...document.querySelectorAll('.cm-legend svg')].map(svg =>
    [...svg.querySelectorAll('path, rect, circle, text')].map(one => {
      const s = getComputedStyle(one);
      return [s.fill, s.stroke, s.fillOpacity, s.strokeDasharray, one.getAttribute('d')
        ?? one.getAttribute('rx') ?? one.tagName];
    }));
  return [system, all, getComputedStyle(document.querySelector('.leaflet-tile-pane')).filter];
}"""
LINKS = """() => [...document.querySelectorAll('a[href]')].filter(a => a.checkVisibility())
  .filter(a => !['none', 'normal'].includes(getComputedStyle(a, '::after').content))
  .map(a => a.textContent)"""
FACES = """() => [...new Set([...document.querySelectorAll('body, main *, .cm-marking *, footer *')]
  .filter(e => e.checkVisibility() && !/^(CODE|svg|text)$/.test(e.tagName))
  .map(e => getComputedStyle(e).fontFamily))]"""
CUT = """() => [...document.querySelectorAll('main th, main td, main p, main li')]
  .filter(e => e.checkVisibility() && e.getBoundingClientRect().right > innerWidth + 1)
  .map(e => e.textContent.trim().slice(0, 30))"""


@pytest.fixture(scope="module")
def cookie(site_db):
    return session_cookie(sign_in_as(site_db, "cs_lead", agency="AFC").cookie)


@pytest.fixture
def page(chromium, live_url, cookie):
    opened = []

    def made(**options):
        context = chromium.new_context(base_url=live_url, **options)
        context.add_cookies([cookie])
        opened.append(context)
        return context.new_page()

    yield made
    for context in opened:
        context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_legend_is_drawn_in_the_colours_of_the_system(page, scheme):
    """Canvas and CanvasText alone; no two symbols of a legend are the same."""
    seen = page(forced_colors="active", color_scheme=scheme)
    for layer in LAYERS:
        seen.goto(f"/map?layer={layer}")
        seen.locator("#map-status", has_text="wide").wait_for()
        system, symbols, ground = seen.evaluate(SYMBOLS)
        assert len(set(system)) == 2
        for fill, stroke, *_ in (part for symbol in symbols for part in symbol):
            assert fill in system
            assert stroke in {*system, "none"}
        told = [str(symbol) for symbol in symbols]
        assert len(set(told)) == len(told) >= 2, layer
        # The ground is in greys, light lines on dark where the system is dark.
        assert "grayscale(1)" in ground
        assert ("invert(1)" in ground) == (scheme == "dark")


def test_on_paper_there_are_words_and_no_addresses_and_one_typeface(page):
    seen = page(viewport=PAPER)
    for path in ("/", "/map", "/map/compare", "/map/times", "/online", "/places"):
        seen.goto(path)
        seen.emulate_media(media="print")
        assert seen.evaluate(LINKS) == [], path
        assert len(seen.evaluate(FACES)) == 1, (path, seen.evaluate(FACES))
        assert seen.evaluate(CUT) == [], path
        assert seen.get_by_role("link", name="Your account").count() == 0
        seen.emulate_media(media="screen")
    fonts = set(re.findall(rb"/BaseFont /(?:\w+\+)?([A-Za-z]+)", seen.pdf()))
    assert len(fonts) == 1, fonts
