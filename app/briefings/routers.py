"""Every router of briefings, in the order in which their addresses are tried."""

from app.briefings.public_routes import open_to_all, publishing
from app.briefings.routes import briefings
from app.briefings.write_routes import writing

BRIEFINGS = (open_to_all, publishing, writing, briefings)
