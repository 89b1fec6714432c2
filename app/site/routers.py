"""Every router of the work with a context, in the order in which their addresses are tried."""

from app.assessments.routers import ASSESSMENTS
from app.briefings.routers import BRIEFINGS
from app.comments import routes as comments
from app.meetings.routers import MEETINGS
from app.outcomes.routers import OUTCOMES
from app.packs.routers import PACKS
from app.plans.routers import PLANS
from app.releases.routers import RELEASES
from app.safety_maps.routers import SAFETY_MAPS
from app.subjects.routes import subject_pages
from app.timeline import as_known_routes as as_known

COMMENTS = (comments.pages, comments.api)
DOCUMENTS = (*RELEASES, *PACKS, *BRIEFINGS)
CONTEXT_WORK = (
    *(*PLANS, *OUTCOMES, *ASSESSMENTS, *SAFETY_MAPS, *MEETINGS, *COMMENTS),
    *DOCUMENTS,
    as_known.pages,
    subject_pages,
)
