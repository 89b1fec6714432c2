"""Every router of meetings, in the order in which their addresses are tried."""

from app.meetings.item_routes import items
from app.meetings.routes import pages
from app.meetings.weighting_routes import weighing

MEETINGS = (pages, items, weighing)
