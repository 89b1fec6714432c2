"""What the accessibility statement says was tested, and on which day."""

from datetime import date

TESTED_ON = date(2026, 11, 26)
# Of the tests in tests/e2e; what a test does not show is not here.
TESTS = (
    (
        "axe against WCAG 2.2 A and AA and good practice, on pages of the public and of each role",
        "Nothing found",
    ),
    ("Keyboard alone: forms, lists and what stands on a map", "Passed"),
    ("Windows of 320 pixels, as at 400% zoom: no page scrolls sideways", "Passed"),
    ("The public form and its map without a script", "Passed"),
    ("Contrast of every colour of text, and of the classes on maps", "Passed"),
    ("Reading age of public pages, by the formula of Flesch and Kincaid", "Grade 9 or lower"),
    ("Screen readers, voice control, Firefox and Safari, by people", "Not tested yet"),
)
