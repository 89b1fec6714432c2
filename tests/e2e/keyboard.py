"""Somebody who has a keyboard and nothing else, and what must hold at each press of a key.

No click, no focus that a script gives: Tab, Shift+Tab, Enter, Space, arrows, Escape and letters.
"""

import re

from playwright.sync_api import expect

FOCUS = """() => {
  const at = document.activeElement, before = window.stop;
  window.stop = at;
  const label = at.labels && at.labels[0];
  const shown = label && at.matches('[type=radio], [type=checkbox]') ? label : at;
  const box = shown.getBoundingClientRect();
  const marked = [getComputedStyle(at), label && getComputedStyle(label, '::before'),
    label && getComputedStyle(at, '::before')]
    .some(s => s && (s.outlineStyle !== 'none' || s.boxShadow !== 'none'));
  const words = (at.getAttribute('aria-label') ?? (label ? label.innerText : at.innerText) ?? '');
  return {
    body: at === document.body, words: words.trim().replace(/\\s+/g, ' '), id: at.id,
    item: at.matches('.cm-item'), map: at.matches('.cm-map__canvas'), marked,
    inside: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
    follows: !before || !before.isConnected || before === document.body
      ? null : Boolean(before.compareDocumentPosition(at) & 4),
    same: before === at, early: at.tabIndex > 0,
  };
}"""


class Keyboard:
    """At a page, with a keyboard alone; `stops` counts what was passed on the way."""

    def __init__(self, page, base):
        self.page, self.base, self.stops, self.complaints = page, base, 0, []
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._told)
        page.on("request", self._asked)

    def _told(self, message):
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)

    def _asked(self, request):
        if not request.url.startswith((self.base, "data:", "blob:")):
            self.complaints.append(request.url)

    def press(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)
        return self

    def type(self, words):
        self.page.keyboard.type(words)
        return self

    def _stop(self, forward):
        """One press of Tab: seen, in the window, in the order of the page, never held fast."""
        self.press("Tab" if forward else "Shift+Tab")
        self.stops += 1
        found = self.page.evaluate(FOCUS)
        if not found["body"]:
            assert found["marked"], f"no mark of the focus on {found} of {self.page.url}"
            assert found["inside"], f"out of sight: {found} of {self.page.url}"
            assert found["follows"] in {None, forward}, f"out of order: {found}"
            assert not found["same"], f"held fast at {found} of {self.page.url}"
            assert not found["early"], f"a place of its own in the order: {found}"
        return found

    def tab(self, wanted, *, forward=True, most=90):
        """To what is called so from its beginning (or is called so by its id): `Harm`, `#map`."""
        passed = []
        for _ in range(most):
            found = self._stop(forward)
            if wanted.startswith("#") and wanted[1:] == found["id"]:
                return self
            if not wanted.startswith("#") and found["words"].startswith(wanted):
                return self
            passed.append(found["words"][:24])
        raise AssertionError(f"no {wanted} on {self.page.url}: {passed}")

    def follow(self, wanted, key="Enter", **options):
        """To it and into it: another page comes, whose heading is given back."""
        self.tab(wanted, **options)
        with self.page.expect_navigation(wait_until="load"):
            self.press(key)
        return self.page.locator("h1").inner_text()

    def skip(self, words="Skip to the content"):
        """From the top of a page over what is on every page."""
        self.tab(words, most=2)
        return self.press("Enter")

    def choose(self, wanted, value):
        """From a list, with the arrow keys; each step is heard."""
        self.tab(wanted)
        for _ in range(120):
            if self.page.evaluate("document.activeElement.value") == value:
                return self
            self.press("ArrowDown")
        raise AssertionError(f"no {value} in {wanted}")

    def fill(self, wanted, words):
        return self.tab(wanted).type(words)

    # What is heard: status lines, and where the focus went.
    def hears(self, pattern, status="#map-status"):
        expect(self.page.locator(status)).to_have_text(re.compile(pattern), timeout=10_000)
        assert self.page.locator(status).get_attribute("role") == "status"
        return self

    def at(self):
        return self.page.evaluate(FOCUS)

    def view(self):
        """As the address has it; none where a link to a part of the page was followed last."""
        parts = self.page.evaluate("location.hash")[1:].split("/")[-3:]
        return [float(part) for part in parts] if len(parts) == 3 else None

    def moved(self, key, index, sign):
        """A key of the map: the view in the address changes, and is said."""
        before = self.view()
        self.press(key)
        self.page.wait_for_function(
            "([i, s, was]) => { const now = location.hash.slice(1).split('/').slice(-3);"
            " return now.length === 3 && (was === null || s * (Number(now[i]) - was) > 0); }",
            arg=[index, sign, before and before[index]],
        )
        return self.hears(r"^Map [\d.]+ (kilo)?metres wide, around .+\. .+ in view\.")

    def to_one(self, kind, most=60):
        """Among the things on the map, with the arrow keys alone; groups are gone into."""
        if not self.at()["item"]:
            self.press("Tab")
        for _ in range(most):
            found = self.page.evaluate(
                "() => { const at = document.activeElement;"
                " return [at.matches('.cm-item'), at.className, at.dataset.id ?? ''] }"
            )
            assert found[0], f"no thing on the map has the focus: {found}"
            if f"cm-item--{kind}" in found[1]:
                return self.at()["words"]
            if "cm-item--group" in found[1] and not self._one_more(kind):
                before = self.view()
                self.press("Enter")
                self._elsewhere(before, found[2])
            else:
                self.press("ArrowRight")
        raise AssertionError(f"no {kind} on the map")

    def _one_more(self, kind):
        return self.page.locator(f".cm-item--{kind}").count() > 0

    def _elsewhere(self, before, was):
        self.page.wait_for_function(
            "([zoom, was]) => Number(location.hash.slice(1).split('/').at(-3) ?? 0) > zoom"
            " && document.activeElement.matches('.cm-item')"
            " && document.activeElement.dataset.id !== was",
            arg=[before[0] if before else 0, was],
        )

    def leave(self, most=400):
        """Past everything to the end of the page, and out of it: nothing holds the keyboard."""
        for _ in range(most):
            if self._stop(True)["body"]:
                return self
        raise AssertionError(f"no end of {self.page.url}")


def sign_in(keys, who, code):
    """From the address of the service to the work list."""
    keys.page.goto(f"{keys.base}/")
    keys.fill("Username", who["username"]).fill("Password", who["password"])
    keys.follow("Continue")
    keys.fill("Code", code)
    return keys.follow("Sign in")
