"""Every router of outcomes, in the order in which their addresses are tried."""

from app.outcomes.design_routes import designs
from app.outcomes.review_routes import reviewing_pages
from app.outcomes.routes import due_pages, outcomes
from app.outcomes.scale_routes import scores
from app.outcomes.verdict_routes import verdicts, verdicts_api

OUTCOMES = (due_pages, outcomes, designs, scores, reviewing_pages, verdicts, verdicts_api)
