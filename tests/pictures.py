"""Pictures of the help pages: real pages of a service with demonstration records, and nothing else.

`scripts/screenshots` starts the service in a temporary folder (its records have a fixed seed),
signs in one person a role, takes the pictures named below at a fixed size, and writes them small.
The alternative texts stand in the templates, where whoever changes the words around them sees them.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import pyotp
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
HELP = ROOT / "frontend/static/help"
CHROMIUM = os.environ.get("CONTEXTMAP_CHROMIUM", "/usr/bin/chromium")
WINDOW = {"width": 1200, "height": 760}
SCALE = 0.75  # as wide as a help page: twice the dots would be twice the weight
SIZE = (900, 570)
COLOURS = 24


class Picture(NamedTuple):
    """`steps` are pressed one after the other: a name of a link or button, or `css=`."""

    name: str
    role: str | None
    path: str
    steps: tuple[str, ...] = ()
    wait: str | None = None
    down: str | None = None  # under the header follows what begins here


MOVED = "#map-status:has-text('wide')"
PICTURES = (
    Picture("lead-work-list", "cs_lead", "/"),
    Picture("lead-reports", "cs_lead", "/reports"),
    Picture("lead-map", "cs_lead", "/map", wait=MOVED, down=".cm-map"),
    Picture("lead-place", "cs_lead", "/places?state=PLAN_ACTIVE", ("css=tbody th a",)),
    Picture("lead-clusters", "cs_lead", "/clusters"),
    Picture("analyst-work-list", "police_analyst", "/"),
    Picture("analyst-queue", "police_analyst", "/intelligence"),
    Picture("analyst-new", "police_analyst", "/intelligence/new"),
    Picture("analyst-import", "police_analyst", "/imports/new"),
    Picture("reporter-start", None, "/report"),
    Picture("reporter-where", None, "/report", ("css=form button",), wait="text=right now?"),
    Picture("partner-home", "partner", "/"),
    Picture("partner-places", "partner", "/places"),
    Picture("vca-home", "vca_member", "/"),
)


@contextmanager
def service(folder: Path) -> Iterator[tuple[str, list[dict[str, str]]]]:
    """A service of its own, and its accounts."""
    command = [ROOT / "scripts/serve", "--port", "8479", "--data-dir", folder]
    running = subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, text=True)
    try:
        for line in running.stdout or ():
            if "Contextmap is ready" in line:
                break
        yield "http://127.0.0.1:8479", json.loads((folder / "demo-accounts.json").read_text())
    finally:
        running.terminate()
        running.wait(timeout=60)


def signed_in(browser: Browser, url: str, account: dict[str, str] | None) -> Page:
    page = browser.new_context(
        viewport=WINDOW, device_scale_factor=SCALE, reduced_motion="reduce"
    ).new_page()
    if account is not None:
        page.goto(f"{url}/sign-in")
        page.fill("[name=username]", account["username"])
        page.fill("[name=password]", account["password"])
        page.click("button:has-text('Continue')")
        page.fill("[name=code]", pyotp.TOTP(account["totp_secret"]).now())
        page.click("button:has-text('Sign in')")
        page.wait_for_url(f"{url}/")
    return page


def taken(page: Page, url: str, picture: Picture) -> bytes:
    page.goto(url + picture.path)
    for step in picture.steps:
        found = page.locator(step[4:]) if step.startswith("css=") else page.get_by_text(step)
        found.first.click()
        page.wait_for_load_state()
    if picture.wait:
        page.locator(picture.wait).wait_for()
        time.sleep(1.5)  # tiles are drawn after the sentence is said
    return page.screenshot() if picture.down is None else below_the_header(page, picture.down)


def below_the_header(page: Page, selector: str) -> bytes:
    """What is further down on a page, with the marking and the banner that stand above it."""
    top = page.locator(".cm-marking").bounding_box()
    part = page.locator(selector).bounding_box()
    if top is None or part is None:
        raise SystemExit(f"{selector} is not on the page")
    head = top["y"] + top["height"]
    whole = Image.open(BytesIO(page.screenshot(full_page=True)))
    picture = Image.new("RGB", SIZE, "white")
    picture.paste(whole.crop((0, 0, SIZE[0], round(head * SCALE))), (0, 0))
    start = round((part["y"] - 12) * SCALE)
    rest = whole.crop((0, start, SIZE[0], start + SIZE[1] - round(head * SCALE)))
    picture.paste(rest, (0, round(head * SCALE)))
    found = BytesIO()
    picture.save(found, "PNG")
    return found.getvalue()


def small(png: bytes) -> bytes:
    """Few colours are enough for a page, and what is flat stays flat."""
    image = Image.open(BytesIO(png)).convert("RGB")
    few = image.quantize(COLOURS, dither=Image.Dither.NONE)
    as_png, as_webp = BytesIO(), BytesIO()
    few.save(as_png, "PNG", optimize=True)
    few.convert("RGB").save(as_webp, "WEBP", lossless=True, quality=100, method=6)
    return min(as_png.getvalue(), as_webp.getvalue(), key=len)


def take_all(only: list[str]) -> None:
    HELP.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="contextmap-help-") as folder,
        service(Path(folder)) as (url, accounts),
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        pages: dict[str | None, Page] = {}
        for picture in PICTURES:
            if only and picture.name not in only:
                continue
            if picture.role not in pages:
                mine = (one for one in accounts if one["role"] == picture.role)
                pages[picture.role] = signed_in(browser, url, next(mine, None))
            body = small(taken(pages[picture.role], url, picture))
            (HELP / f"{picture.name}.webp").write_bytes(body)
            print(f"{picture.name}: {len(body):,} bytes", file=sys.stderr)
        browser.close()


if __name__ == "__main__":
    take_all(sys.argv[1:])
