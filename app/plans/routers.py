"""Every router of plans, in the order in which their addresses are tried."""

from app.plans.action_routes import acting
from app.plans.measure_routes import measuring
from app.plans.owner_routes import owners
from app.plans.routes import pages

PLANS = (pages, measuring, acting, owners)
