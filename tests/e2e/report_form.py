"""The public form in a browser: its screens, how to get there, and a site to leave to."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

from app.core.settings import ROOT

CANARY = "Quillon9q7zk waits by the gate"
EXIT_PAGE = b"<!DOCTYPE html><html lang=en><title>Weather</title><h1>Weather</h1><p>Some sun.</p>"

Answers = dict[str, str]
ROADS: dict[str, list[tuple[str, Answers]]] = {
    "PLACE": [
        ("where", {"where_q": "KT1 1EU"}),
        ("where/choose", {"match": "0", "where_text": CANARY}),
    ],
    "ROUTE": [("where", {"mode": "BUS", "line": "65", "from_text": CANARY})],
    "ONLINE": [("where", {"platform": "GAME", "online_raw": CANARY})],
    "DESCRIBED": [("where", {"where_text": CANARY})],
}


def road(kind: str) -> list[tuple[str, Answers]]:
    """Each page with what is answered there; only what is needed, and the canary."""
    return [
        ("now", {"danger_answer": "NO"}),
        ("kind", {"where_kind": kind}),
        *ROADS[kind],
        ("what", {"what_harms": "DRUGS", "notice_text": CANARY}),
        ("when", {"when_kind": "OFTEN"}),
        ("you", {}),
        ("check", {}),
    ]


class Weather(BaseHTTPRequestHandler):
    """The site that everybody may be seen on."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(EXIT_PAGE)

    def log_message(self, *_said) -> None:
        """Nothing."""


@contextmanager
def weather() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Weather)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/weather"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def partnership_with(folder: Path, exit_site: str) -> Path:
    """The shipped file with another site to leave to."""
    lines = (ROOT / "data" / "partnership.toml").read_text().splitlines()
    own = [f'exit_site = "{exit_site}"' if li.startswith("exit_site") else li for li in lines]
    file = folder / "partnership.toml"
    file.write_text("\n".join(own))
    return file


@dataclass
class Form:
    """One browser page at the form."""

    page: object
    url: str

    def begin(self) -> None:
        self.page.goto(self.url + "/report")
        self.page.get_by_role("button", name="Start now").click()
        self.page.wait_for_url("**/report/now")

    def answer(self, answers: Answers) -> None:
        for name, value in answers.items():
            field = self.page.locator(f'[name="{name}"]')
            if field.first.get_attribute("type") in {"radio", "checkbox"}:
                self.page.locator(f'[name="{name}"][value="{value}"]').check()
            else:
                field.fill(value)

    def press(self, button: str = "Continue") -> None:
        self.page.get_by_role("button", name=button, exact=True).click()
        self.page.wait_for_load_state("load")

    def walk(self, kind: str, until: str) -> None:
        """From the start to a page, which is left as it opens."""
        self.begin()
        for step, answers in road(kind):
            assert self.at == f"/report/{step}", (self.at, step)
            if step == until:
                return
            self.answer(answers)
            self.press()

    def sent(self, kind: str = "DESCRIBED") -> None:
        self.walk(kind, "check")
        self.press("Send")
        assert self.at == "/report/done"

    @property
    def at(self) -> str:
        """Where it is once the page that opens the form has led on."""
        self.page.wait_for_url(lambda url: not url.endswith("/report/opening"))
        return urlsplit(self.page.url).path


def page_of(kind: str, step: str) -> Callable[[Form], None]:
    return lambda form: form.walk(kind, step)


def error_on(kind: str, step: str) -> Callable[[Form], None]:
    def go(form: Form) -> None:
        form.walk(kind, "where" if step == "where/choose" else step)
        if step == "you":
            form.answer({"contact": "YES"})
        if step == "where/choose":  # several, so that none is chosen already
            form.answer({"where_q": "Richmond"})
            form.press()
        form.press()

    return go


def emergency(form: Form) -> None:
    form.begin()
    form.answer({"danger_answer": "YES"})
    form.press()


def missed(form: Form) -> None:
    form.walk("PLACE", "where")
    form.answer({"where_q": CANARY})
    form.press()


def identifies(form: Form) -> None:
    form.walk("DESCRIBED", "what")
    form.answer({"what_harms": "DRUGS", "notice_text": f"Mr Example. {CANARY}"})
    form.press()


def on_map(form: Form) -> None:
    form.walk("PLACE", "where")
    form.page.get_by_role("link", name="Show me on a map").click()
    form.page.wait_for_load_state("load")


SCREENS: dict[str, Callable[[Form], None]] = {
    "start": lambda form: form.page.goto(f"{form.url}/report"),
    "emergency": emergency,
    "missed": missed,
    "identifies": identifies,
    "map": on_map,
    "done": lambda form: form.sent(),
    **{step: page_of("PLACE", step) for step, _ in road("PLACE")},
    **{f"where of a {kind}": page_of(kind, "where") for kind in ("ROUTE", "ONLINE", "DESCRIBED")},
    **{f"error {step}": error_on("PLACE", step) for step, _ in road("PLACE")[:-1]},
    **{f"error {kind}": error_on(kind, "where") for kind in ("ROUTE", "ONLINE", "DESCRIBED")},
}
