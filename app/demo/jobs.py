"""What the worker does for the demonstration: its releases and reports, step by step."""

from procrastinate import JobContext
from procrastinate.blueprints import Blueprint

from app.demo import publishing

blueprint = Blueprint()


@blueprint.task(name="documents", pass_context=True)
def documents(context: JobContext) -> None:
    given = context.additional_context
    if given["settings"].demo:
        publishing.go_on(given["db"], given["settings"])
