"""Every router of packs, in the order in which their addresses are tried."""

from app.packs.routes import packs
from app.packs.work_routes import work

PACKS = (work, packs)
