"""Every router of briefings, in the order in which their addresses are tried."""

from app.briefings.routes import briefings
from app.briefings.write_routes import writing

BRIEFINGS = (writing, briefings)
