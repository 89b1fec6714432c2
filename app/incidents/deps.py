"""What routes of incidents ask of an address: whose partnership it is, and the filters.

They are async, although nothing waits: a plain function would be sent to a thread, 0.1 ms each.
"""

from typing import Annotated, Any

from fastapi import Depends, Request
from pydantic import BeforeValidator, Field, WithJsonSchema

from app.core.types import BoxText, PeriodText
from app.incidents.queries import Filters, Standing
from app.incidents.rules import Confidence, State
from app.places import queries as places
from app.places.schemas import Box, Period, box_of, period_of


async def partners_of(request: Request) -> tuple[str, ...]:
    return places.partner_codes(request.app.state.settings.partnership)


Partners = Annotated[tuple[str, ...], Depends(partners_of)]


def _or_none(value: Any) -> Any:  # noqa: ANN401 - whatever was asked
    """A filter form sends what was left open as an empty text."""
    return value or None


StateAsked = Annotated[
    State | None,
    BeforeValidator(_or_none),
    WithJsonSchema({"type": "string", "enum": ["", *State]}),
]
ConfidenceAsked = Annotated[
    Confidence | None,
    BeforeValidator(_or_none),
    WithJsonSchema({"type": "string", "enum": ["", *Confidence]}),
]


async def standing_of(state: StateAsked = None, confidence: ConfidenceAsked = None) -> Standing:
    return Standing(state, confidence)


async def boxed(bbox: BoxText | None = None) -> Box | None:
    return box_of(bbox)


async def dated(
    period: Annotated[PeriodText | None, Field(alias="datetime")] = None,
) -> Period:
    return period_of(period)


async def filters_of(
    period: Annotated[Period, Depends(dated)],
    box: Annotated[Box | None, Depends(boxed)],
    standing: Annotated[Standing, Depends(standing_of)],
    harm: str | None = None,
    source: str | None = None,
    place: str | None = None,
    borough: str | None = None,
) -> Filters:
    return Filters(
        harm or None, source or None, place or None, borough or None, box, period, standing
    )


Asked = Annotated[Filters, Depends(filters_of)]
