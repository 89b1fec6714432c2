"""What the worker does for the demonstration: its briefings, releases and reports."""

from procrastinate import JobContext
from procrastinate.blueprints import Blueprint

from app.demo import briefed, publishing

blueprint = Blueprint()


@blueprint.task(name="documents", pass_context=True)
def documents(context: JobContext) -> None:
    given = context.additional_context
    if given["settings"].demo:
        briefed.go_on(given["db"], given["settings"])
        publishing.go_on(given["db"], given["settings"])
