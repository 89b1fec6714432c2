"""Somebody at a browser who has no mouse."""

from tests.e2e.test_pages import violations
from tests.e2e.test_triage import fits, tab_to

WIDTHS = {"desk": {"width": 1280, "height": 900}, "phone": {"width": 360, "height": 740}}


class Sitting:
    """One person at a browser, who has no mouse."""

    def __init__(self, chromium, live_url, cookie, **options):
        self.context = chromium.new_context(**options)
        self.context.add_cookies([cookie])
        self.page = self.context.new_page()
        self.url = live_url

    def open(self, path):
        self.page.goto(self.url + path)
        return self

    def press(self, wanted, key="Enter"):
        """Tab to it and press a key; a link or a button leads to another page."""
        tab_to(self.page, wanted)
        if key == "Enter":
            with self.page.expect_navigation():
                self.page.keyboard.press(key)
        else:
            self.page.keyboard.press(key)
        return self

    def write(self, field, words):
        tab_to(self.page, field)
        self.page.keyboard.insert_text(words)
        return self

    def looks_well(self):
        assert violations(self.page) == []
        assert fits(self.page)
        return self

    @property
    def heading(self):
        return self.page.locator("h1").inner_text()
