"""Every router of children's maps."""

from app.safety_maps.check_routes import checking
from app.safety_maps.draw_routes import drawing
from app.safety_maps.routes import pages

SAFETY_MAPS = (pages, drawing, checking)
