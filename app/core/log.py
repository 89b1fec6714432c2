"""JSON lines with allow-listed keys: no paths, queries, bodies, addresses, or exception texts."""

import logging
import sys
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

from app.core import clock

KEYS = frozenset(
    {"event", "request_id", "route", "status", "ms", "role", "error", "job", "ref", "rows"}
)
_out = logging.getLogger("contextmap")


def setup() -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(message)s"))
    _out.handlers[:] = [handler]
    _out.setLevel(logging.INFO)
    _out.propagate = False
    # The server's own access log holds addresses and query strings.
    logging.getLogger("uvicorn.access").disabled = True


class _OfOthers(logging.Formatter):
    """Of a library: where it failed. Its words may hold arguments, and values of statements."""

    def format(self, record: logging.LogRecord) -> str:
        raised = record.exc_info[1] if record.exc_info else None
        facts = {"error": _where(raised) if raised is not None else "without words"}
        return _line(record.levelname.lower(), f"library.{record.name}", facts)


def of_others(*names: str) -> None:
    """Loggers of libraries write warnings and errors as we do, without their words."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_OfOthers())
    for name in names:
        logger = logging.getLogger(name)
        logger.handlers[:] = [handler]
        logger.setLevel(logging.WARNING)
        logger.propagate = False


def info(event: str, **facts: Any) -> None:  # noqa: ANN401 - keys are checked, values are codes
    _out.info(_line("info", event, facts))


def error(event: str, **facts: Any) -> None:  # noqa: ANN401 - keys are checked, values are codes
    if isinstance(facts.get("error"), BaseException):
        facts["error"] = _where(facts["error"])
    _out.error(_line("error", event, facts))


@dataclass(slots=True)
class Counts:
    """Answers of the public form, told once a minute as numbers.

    A line for each would say to the millisecond when somebody reported.
    """

    seen: Counter[tuple[str, int]] = field(default_factory=Counter)
    minute: datetime | None = None

    def add(self, route: str, status: int) -> None:
        now = clock.now().replace(second=0, microsecond=0)
        if now != self.minute:
            self.tell()
            self.minute = now
        self.seen[route, status] += 1

    def tell(self) -> None:
        for (route, status), n in sorted(self.seen.items()):
            info("counted", route=route, status=status, rows=n)
        self.seen.clear()


public = Counts()


def _line(level: str, event: str, facts: dict[str, Any]) -> str:
    unknown = facts.keys() - KEYS
    if unknown:
        raise ValueError(f"not allowed in a log: {sorted(unknown)}")
    time = clock.now().isoformat(timespec="milliseconds")
    return orjson.dumps({"time": time, "level": level, "event": event} | facts).decode()


def _where(error: BaseException) -> str:
    """Class and innermost place of ours, without the message."""
    trace, place = error.__traceback__, ""
    while trace is not None:
        module = trace.tb_frame.f_globals.get("__name__", "")
        if module.startswith(("app", "geo")):
            place = f"{module}:{trace.tb_lineno}"
        trace = trace.tb_next
    return f"{type(error).__name__} at {place}"
