"""The partnership as data: boroughs, contacts, exit site, words of the public form."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class Told(BaseModel):
    """A part of the file; a name that is not known stops the start."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Borough(Told):
    """`residents_10_17`: for rates in the quarterly report; without it there are none."""

    code: str
    name: str
    residents_10_17: Annotated[int, Field(ge=1000)] | None = None


class Helper(Told):
    """Somebody else who can help: by telephone, or at an address."""

    name: str
    phone: str | None = None
    url: str | None = None


class FrontDoor(Told):
    """Where a worry about one child goes."""

    name: str
    phone: str
    out_of_hours_phone: str | None = None
    url: str | None = None


class PublicForm(Told):
    service_name: str
    reader: str
    silent_999: str


class Partnership(Told):
    """CONTEXTMAP_PARTNERSHIP, read once."""

    name: str
    contact_email: str
    contact_phone: str | None = None
    exit_site: str
    exit_name: str
    public: PublicForm
    front_door: FrontDoor
    help_line: tuple[Helper, ...] = ()
    online_help: tuple[Helper, ...] = ()
    borough: tuple[Borough, ...]
    residents_source: str | None = None  # printed beside each rate
    expected_to_report: tuple[str, ...] = ()  # codes of organisations, named when they are silent

    @property
    def names(self) -> dict[str, str]:
        """Of each borough, by its code."""
        return {one.code: one.name for one in self.borough}

    @property
    def codes(self) -> frozenset[str]:
        return frozenset(found.code for found in self.borough)


@cache
def partnership(path: Path) -> Partnership:
    """As the file says; ValueError with what is wrong."""
    return Partnership.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
