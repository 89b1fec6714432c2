"""Words of the filters that have a list of their own: key in the address, words on the page.

The first of each is the default; other filters have code lists.
"""

from collections.abc import Mapping

Words = Mapping[str, str]

PERIODS: Words = {
    "90d": "Last 90 days",
    "quarter": "Last full quarter",
    "12m": "Last 12 months",
    "all": "All dates",
    "own": "Own dates",
}
COMPARE: Words = {
    "no": "No comparison",
    "previous": "The period before",
    "year": "The same period last year",
}
SOURCES: Words = {"all": "All sources", "police": "Police, published", "partnership": "Partnership"}
GRADES: Words = {
    "all": "All, without intelligence graded 3 or E",
    "reports": "Reports only",
    "unprompted": "Without proactive police work",
}
PARTS: Words = {
    "all": "Any time of day",
    "MORNING": "Morning, 6am to 8am",
    "SCHOOL_RUN": "School run, 8am to 9am",
    "DAYTIME": "Daytime, 9am to 3pm",
    "AFTER_SCHOOL": "After school, 3pm to 6pm",
    "EVENING": "Evening, 6pm to 10pm",
    "LATE": "Late, 10pm to 6am",
}
DARK: Words = {"all": "Light or dark", "yes": "After dark"}
DAYS: Words = {
    "all": "Any day",
    "SCHOOL_DAY": "School day",
    "HOLIDAY": "School holiday",
    "WEEKEND": "Weekend",
}
STAGES: Words = {
    "open": "Open",
    "identification": "Identification",
    "assessment": "Assessment",
    "intervention": "Intervention",
    "monitoring": "Monitoring",
    "dormant": "Dormant",
    "closed": "Closed",
    "any": "Every stage",
}
LEVELS: Words = {
    "all": "All levels",
    "CL0": "0, not levelled",
    "CL1": "1, universal",
    "CL2": "2, targeted",
    "CL3": "3, several agencies",
    "CL4": "4, significant harm",
}
CHILDREN: Words = {
    "any": "Any number",
    "none": "None",
    "1-2": "1 or 2",
    "3-7": "3 to 7",
    "8": "8 or more",
}
LAYERS: Words = {
    "places": "Places",
    "incidents": "Incidents",
    "hotspots": "Hot spots",
    "clusters": "Clusters",
}
LISTS: Mapping[str, Words] = {
    "period": PERIODS,
    "compare": COMPARE,
    "source": SOURCES,
    "grade": GRADES,
    "part": PARTS,
    "dark": DARK,
    "day": DAYS,
    "stage": STAGES,
    "level": LEVELS,
    "children": CHILDREN,
    "layer": LAYERS,
}
LABELS = {
    "type": "Place type",
    "harm": "Harm",
    "borough": "Borough",
    "q": "Words in names and descriptions",
    "period": "Period",
    "from": "First day",
    "to": "Last day",
    "part": "Time of day",
    "dark": "Light",
    "day": "Kind of day",
    "source": "Source",
    "agency": "Agency that reported",
    "grade": "What counts",
    "stage": "Stage",
    "level": "Level",
    "children": "Linked children",
    "compare": "Compare with",
    "run": "Calculation",
    "layer": "What the map shows",
    "screen": "Meeting mode",
}
