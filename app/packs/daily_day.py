"""What each part of a daily risk briefing asks with, and how its places and times are told."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, TextClause
from sqlalchemy.orm import Session

from app.core.clock import london
from app.packs.content import About, Asked


@dataclass(frozen=True, slots=True)
class Day:
    """What each part asks with."""

    session: Session
    asked: Asked

    @property
    def day(self) -> date:
        return date.fromisoformat(self.asked.window.period)

    def rows(self, statement: TextClause) -> Sequence[Row[Any]]:
        window = self.asked.window
        given = {"since": window.start_at, "until": window.end_at, "day": self.day,
                 "first_day": london(window.start_at).date(),
                 "boroughs": list(self.asked.boroughs)}  # fmt: skip
        wanted = {name: given[name] for name in statement.compile().params}
        return self.session.execute(statement, wanted).all()


def about(row: Row[Any]) -> About:
    """Who reads a line about a place."""
    return {
        "boroughs": row.borough_codes,
        "tier": row.tier,
        "home": row.home,
        "statutory": not row.listed,
        "href": f"/places/{row.ref}" if row.ref else "",
    }


def statutory(row: Row[Any], href: str = "") -> About:
    """The same for what is never shown to partners, with the address of its own record."""
    made = about(row)
    return {**made, "statutory": True, "href": href or made["href"]}


def moment(at: datetime) -> str:
    return f"{london(at):%A %-d %B, %H:%M}"
