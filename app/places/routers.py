"""Every router of places, in the order in which their addresses are tried."""

from app.places import decision_routes, guardian_routes, routes
from app.places.address import addresses
from app.places.objection_routes import objecting
from app.places.online_routes import spaces
from app.places.section_routes import sections

PLACES = (
    addresses,
    routes.pages,
    routes.api,
    sections,
    guardian_routes.watching,
    guardian_routes.api,
    decision_routes.decisions,
    decision_routes.api,
    objecting,
    spaces,
)
