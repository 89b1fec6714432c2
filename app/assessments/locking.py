"""Several people write in one assessment: who changed what since a form was opened. Pure.

A form carries a seal of the answers it was filled in from. Saved answers with another seal were
changed meanwhile: both versions are shown, and the other person is told of it, too.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

Said = Mapping[str, str]  # answers as a form sends them; an empty one is as good as none


def seal(said: Said) -> str:
    """Equal for equal answers.

    >>> seal({"note": "a", "rating": ""}) == seal({"note": "a"})
    True
    """
    kept = {name: value for name, value in said.items() if value}
    return hashlib.sha256(orjson.dumps(kept, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]


def tidy(value: str | None) -> str:
    """As it is stored: a form sends line breaks in the way of its time."""
    return (value or "").replace("\r\n", "\n").strip()


@dataclass(frozen=True, slots=True)
class Clash:
    """Two people wrote the same at once: what stands, and what the second wanted."""

    what: str  # "item:D2_TRUST:CHILDREN", "section:basics", "sign:<id>"
    title: str
    now: Said
    wanted: Said
    by: UUID
    at: datetime

    @property
    def fields(self) -> list[str]:
        """Answers that differ, in the order of the form."""
        names = [*self.now, *(name for name in self.wanted if name not in self.now)]
        return [n for n in names if self.now.get(n, "") != self.wanted.get(n, "")]


def stale(seen: str | None, now: Said, wanted: Said) -> bool:
    """Whether what is there now is neither what the form showed nor what it wants to save."""
    return seal(now) not in {seen, seal(wanted)}


def told(before: Mapping[str, Any], clash: Clash, *, by: UUID, at: datetime, kept: str) -> Any:  # noqa: ANN401 - JSON
    """The notices of an assessment with one more: to whoever wrote first, from who came second.

    `kept` says which of the two stands: FIRST until the second saves all the same.
    """
    note = {
        "to": str(clash.by),
        "by": str(by),
        "at": at.isoformat(),
        "what": clash.what,
        "title": clash.title,
        "kept": kept,
        "first": {name: clash.now.get(name, "") for name in clash.fields},
        "second": {name: clash.wanted.get(name, "") for name in clash.fields},
    }
    same = ("to", "by", "what")
    others = [
        one for one in before.get("clashes", []) if any(one[name] != note[name] for name in same)
    ]
    return {**before, "clashes": [*others, note]}
