"""Every router of assessments, in the order in which their addresses are tried."""

from app.assessments import routes
from app.assessments.item_routes import asking
from app.assessments.part_routes import forms_of_parts
from app.assessments.section_routes import sections

# The last two take what is left: /check and /items/D1_USE are tried before them.
ASSESSMENTS = (routes.at_place, routes.pages, asking, sections, forms_of_parts)
