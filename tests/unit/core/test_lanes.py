"""Lanes: a flood in one leaves the other alone, and a slow client holds no place."""

import asyncio

import pytest

from app.core import lanes
from app.core.lanes import LaneFullError, LanesMiddleware, is_public
from app.core.settings import Settings
from tests import loops


@pytest.mark.parametrize(
    ("method", "path", "public"),
    [
        ("GET", "/report", True),
        ("POST", "/report/send", True),
        ("GET", "/exit", True),
        ("POST", "/api/v1/reports", True),
        ("GET", "/api/v1/reports", False),
        ("GET", "/reports", False),
        ("POST", "/reports/RP-000-0000/decide", False),
        ("GET", "/exits", False),
        ("GET", "/", False),
    ],
)
def test_what_is_public(method, path, public):
    assert is_public(path, method) is public


class Served:
    """An application that works until it is told to end, behind lanes of two places each."""

    def __init__(self, tmp_path, monkeypatch):
        monkeypatch.setattr(lanes, "PUBLIC_WAITING", 2)
        monkeypatch.setattr(lanes, "STAFF_WAITING", 2)
        monkeypatch.setattr(lanes, "PUBLIC_PATIENCE_S", 0.2)
        monkeypatch.setattr(lanes, "REFUSED_AFTER_S", 0)
        settings = Settings(
            data_dir=tmp_path, web_threads=2, public_pool_size=2, secret_key="x" * 16
        )
        self.end = asyncio.Event()
        self.working, self.most, self.full, self.done = 0, 0, 0, 0
        self.app = LanesMiddleware(self.work, settings, self.refuse)

    async def work(self, scope, receive, send):
        while (await receive()).get("more_body"):
            pass
        self.working += 1
        self.most = max(self.most, self.working)
        if scope["path"] != "/fast":
            await self.end.wait()
        self.working -= 1
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})
        self.done += 1

    async def refuse(self, _scope, _receive, _send):
        self.full += 1

    async def ask(self, path, receive=None, send=None):
        async def whole():
            return {"type": "http.request", "body": b"", "more_body": False}

        async def kept(_message):
            return None

        scope = {"type": "http", "path": path, "method": "POST"}
        await self.app(scope, receive or whole, send or kept)


@pytest.fixture
def served(tmp_path, monkeypatch):
    return Served(tmp_path, monkeypatch)


async def together(*asked):
    return [asyncio.create_task(each) for each in asked]


@pytest.mark.asvs("2.4.1")
def test_a_flood_at_the_form_is_bounded_and_staff_pass(served):
    async def flood():
        asking = await together(*(served.ask("/report/send") for _ in range(50)))
        await asyncio.sleep(0.05)
        assert served.most == 2
        assert served.full == 50 - 2 - 4
        await asyncio.wait_for(served.ask("/fast"), 1)
        served.end.set()
        await asyncio.gather(*asking)

    loops.run(flood())

    assert served.done == 2 + 4 + 1


def test_who_is_refused_at_the_form_is_held_back_but_never_on_the_way_out(served, monkeypatch):
    monkeypatch.setattr(lanes, "REFUSED_AFTER_S", 0.3)
    monkeypatch.setattr(lanes, "MOST_HELD_BACK", 3)

    async def flood():
        asking = await together(*(served.ask("/report/send") for _ in range(6 + 5)))
        await asyncio.sleep(0.05)
        assert served.full == 2  # beyond the three that are held back
        await asyncio.wait_for(served.ask("/exit"), 0.1)
        assert served.full == 3
        served.end.set()
        await asyncio.gather(*asking)
        assert served.full == 6

    loops.run(flood())


def test_maps_that_are_drawn_for_anybody_keep_no_style_sheet_waiting(served):
    async def flood():
        drawn = [served.ask("/basemap/outline/14/8177/5455.png") for _ in range(20)]
        file = served.ask("/static/css/app.css")
        together = asyncio.gather(*drawn, file)
        await asyncio.sleep(0.05)
        working = served.working
        served.end.set()
        await together
        return working

    assert loops.run(flood()) == 3, "two are drawn, and the file is sent"


@pytest.mark.asvs("15.2.2")
def test_a_flood_of_staff_leaves_the_form_open(served):
    async def flood():
        asking = await together(*(served.ask("/places") for _ in range(6)))
        await asyncio.sleep(0.05)
        form = asyncio.create_task(served.ask("/report/send"))
        await asyncio.sleep(0.05)
        assert served.working == 3
        served.end.set()
        await asyncio.gather(form, *asking)

    loops.run(flood())

    assert served.full == 0


def test_nobody_waits_for_ever(served):
    async def flood():
        asking = await together(*(served.ask("/report/send") for _ in range(4)))
        await asyncio.sleep(0.5)
        assert served.full == 2  # the two that waited
        served.end.set()
        await asyncio.gather(*asking)
        served.end.set()
        await asyncio.wait_for(served.ask("/report/send"), 1)  # and all places are free again

    loops.run(flood())


def test_who_sends_slowly_or_reads_slowly_holds_no_place(served):
    forever = asyncio.Event()

    async def trickle():
        await forever.wait()

    async def stuck(message):
        if message["type"] == "http.response.body":
            await forever.wait()

    async def slow():
        served.end.set()
        writing = await together(*(served.ask("/report/send", receive=trickle) for _ in range(20)))
        await asyncio.sleep(0.05)
        reading = await together(*(served.ask("/report/send", send=stuck) for _ in range(20)))
        await asyncio.sleep(0.05)
        await asyncio.wait_for(served.ask("/report/send"), 1)
        for task in (*writing, *reading):
            task.cancel()
        await asyncio.gather(*writing, *reading, return_exceptions=True)
        await asyncio.wait_for(served.ask("/report/send"), 1)

    loops.run(slow())


def test_a_place_that_is_gone_when_the_body_has_come_is_said(served):
    async def late():
        ready = asyncio.Event()

        async def body():
            await ready.wait()
            return {"type": "http.request", "body": b"", "more_body": False}

        slow = asyncio.create_task(served.ask("/report/send", receive=body))
        await asyncio.sleep(0.02)
        asking = await together(*(served.ask("/report/send") for _ in range(2)))
        await asyncio.sleep(0.02)
        ready.set()
        with pytest.raises(LaneFullError):
            await slow
        served.end.set()
        await asyncio.gather(*asking)

    loops.run(late())


def test_a_failure_gives_its_place_back(tmp_path):
    settings = Settings(data_dir=tmp_path, web_threads=1, public_pool_size=1, secret_key="x" * 16)

    async def fails(_scope, _receive, _send):
        raise RuntimeError

    async def refused(_scope, _receive, _send):
        raise AssertionError

    async def often():
        app = LanesMiddleware(fails, settings, refused)
        for path in ("/report", "/places", "/static/x") * 5:
            with pytest.raises(RuntimeError):
                await app({"type": "http", "path": path, "method": "GET"}, None, None)

    loops.run(often())
