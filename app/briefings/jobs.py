"""What the worker does for briefings: it builds and checks them."""

from procrastinate import JobContext
from procrastinate.blueprints import Blueprint

from app.briefings import building
from app.core.partnership import partnership

blueprint = Blueprint()


@blueprint.task(name="check", pass_context=True)
def check(context: JobContext, ref: str) -> None:
    given = context.additional_context
    told = partnership(given["settings"].partnership)
    building.check(given["db"], ref, {one.code: one.name for one in told.borough})
