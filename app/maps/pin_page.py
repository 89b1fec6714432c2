"""What a page with the small map needs, for its script and for its picture."""

from typing import Any, NamedTuple

from app.core.settings import Settings
from app.maps import basemap, pin
from app.maps.pin import View

KEY = "map-picture"


class PinMap(NamedTuple):
    """For the macros of report/_pin_map.html. `chosen`: somebody clicked or moved already."""

    lon: float
    lat: float
    zoom: int
    picture_url: str
    basemap: dict[str, Any]
    near_label: str | None
    chosen: bool
    partnership: str


def shown(
    settings: Settings,
    view: View,
    near_label: str | None,
    partnership: str,
    *,
    chosen: bool,
    cookie: str,
) -> PinMap:
    """The map around a view; `near_label` is what its middle is near, `cookie` the form's."""
    lon, lat = pin.lonlat(view)
    return PinMap(
        round(lon, 6),
        round(lat, 6),
        view.zoom,
        picture_url(settings, view, cookie),
        basemap.page(settings.basemap),
        near_label,
        chosen,
        partnership,
    )


def picture_url(settings: Settings, view: View, cookie: str) -> str:
    """Where the picture of a view is; the address tells nobody else where that is."""
    return f"/report/where/map.png?t={pin.signed_view(settings.key_for(KEY), view, cookie)}"


def view_of(settings: Settings, token: str, cookie: str) -> View | None:
    return pin.read_view(settings.key_for(KEY), token, cookie)
