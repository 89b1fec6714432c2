"""What a report is, how it moves, and what its plain words may mean. Pure."""

import re
from collections.abc import Collection, Mapping
from enum import StrEnum

# What the permission file calls the reach of a reader: the lead's, and a partner's.
FULL, STATUS = "full", "status"


class State(StrEnum):
    RECEIVED = "RECEIVED"
    QUARANTINED = "QUARANTINED"
    SCREENED = "SCREENED"
    IN_TRIAGE = "IN_TRIAGE"
    NEEDS_INFO = "NEEDS_INFO"
    DECIDED = "DECIDED"
    FEEDBACK_SENT = "FEEDBACK_SENT"
    CLOSED = "CLOSED"


MOVES: Mapping[str, Collection[str]] = {
    State.RECEIVED: {State.SCREENED, State.QUARANTINED},
    State.QUARANTINED: {State.SCREENED},
    State.SCREENED: {State.IN_TRIAGE},
    State.IN_TRIAGE: {State.NEEDS_INFO, State.DECIDED},
    State.NEEDS_INFO: {State.IN_TRIAGE},
    # Back by undo, with a reason, as long as nobody was told.
    State.DECIDED: {State.FEEDBACK_SENT, State.CLOSED, State.IN_TRIAGE},
    State.FEEDBACK_SENT: {State.CLOSED},
    State.CLOSED: {State.IN_TRIAGE},
}

UNDECIDED = (
    *(State.RECEIVED, State.QUARANTINED, State.SCREENED, State.IN_TRIAGE, State.NEEDS_INFO),
)

# All that a reporter is told of what became of it.
PUBLIC_WORD: Mapping[str, str] = {
    State.RECEIVED: "Received",
    State.QUARANTINED: "Received",
    State.SCREENED: "Received",
    State.IN_TRIAGE: "Being considered",
    State.NEEDS_INFO: "Being considered",
    State.DECIDED: "Being considered",
    State.FEEDBACK_SENT: "Closed",
    State.CLOSED: "Closed",
}

# The form's questions, in the words of the form.
DANGER = {"YES": "Yes", "NO": "No", "NOT_SURE": "I am not sure"}
WHERE_KINDS = {
    "PLACE": "A place I can point to",
    "ROUTE": "A route or journey",
    "ONLINE": "Something online",
    "DESCRIBED": "I would rather describe it",
}
WORRIES = {
    "PRESSURED": "Someone being pressured or groomed",
    "SEXUAL": "Sexual harm",
    "DRUGS": "Drugs or county lines",
    "VIOLENCE": "Weapons or violence",
    "ROBBERY": "Robbery",
    "GROUPS": "Groups gathering",
    "MISSING": "Missing children",
    "ADULTS": "Adults who worry me",
    "CONTENT": "Harmful content",
    "UNSAFE": "It feels unsafe (dark, no staff, no way out)",
    "OTHER": "Something else",
}
# Suggested in triage, never ticked by themselves.
HARMS_OF_WORRY: Mapping[str, Collection[str]] = {
    "PRESSURED": ("PEER_GROOMING", "CCE"),
    "SEXUAL": ("CSE", "HSB", "SEXUAL_HARASS"),
    "DRUGS": ("COUNTY_LINES", "DRUG_EXPLOIT", "SUBSTANCE"),
    "VIOLENCE": ("KNIFE", "SYV"),
    "ROBBERY": ("ROBBERY",),
    "GROUPS": ("GROUP_CONFLICT", "INTIMIDATION"),
    "MISSING": ("MISSING_HOME", "MISSING_CARE"),
    "ADULTS": ("CSE", "CCE", "TRAFFICKING"),
    "CONTENT": ("ONLINE_HARM",),
    "UNSAFE": ("UNSAFE_ENV",),
    "OTHER": (),
}
WHEN_KINDS = {
    "OFTEN": "It happens often",
    "D7": "In the last 7 days",
    "D30": "In the last month",
    "LONGER": "Longer ago",
    "NOT_SURE": "I am not sure",
}
DAY_PARTS = {
    "MORNING": "Early morning, 6am to 8am",
    "SCHOOL_RUN": "On the way to school, 8am to 9am",
    "DAYTIME": "Daytime, 9am to 3pm",
    "AFTER_SCHOOL": "After school, 3pm to 6pm",
    "EVENING": "Evening, 6pm to 10pm",
    "LATE": "Late, 10pm to 6am",
}
TRAVEL_MODES = {
    "BUS": "Bus",
    "RAIL": "Train or Tube",
    "TRAM": "Tram",
    "WALK": "Walking",
    "CYCLE": "Cycling",
    "CAR": "Car or taxi",
    "OTHER": "Something else",
}
# As data/lookups/lists/platform.csv has them: the form's database role reads no list.
PLATFORMS = {
    "VIDEO": "Video platform",
    "SOCIAL": "Social network",
    "MESSAGING": "Messaging app",
    "GAME": "Game",
    "SITE": "Website",
    "OTHER": "Other",
}
AUDIENCES = {
    "PUBLIC": "Anyone can see it",
    "CLOSED": "Only people in the group",
    "UNKNOWN": "I do not know",
}
HOW_KNOWN = {
    "SAW": "I saw it",
    "TOLD_BY_CHILD": "A child told me",
    "TOLD_BY_ADULT": "An adult told me",
    "ONLINE": "I saw it online",
    "WORK_RECORD": "From work records",
}
CHILD_COUNTS = {
    "NONE": "None",
    "B1_2": "1 or 2",
    "B3_7": "3 to 7",
    "B8_19": "8 to 19",
    "B20_PLUS": "20 or more",
    "NOT_KNOWN": "I do not know",
}
REPORTER_KINDS = {
    "SCHOOL": "School or college",
    "HOUSING": "Housing",
    "BUSINESS": "Shop or business",
    "TRANSPORT": "Transport",
    "VCS": "Charity or community group",
    "FAITH": "Faith group",
    "HEALTH": "Health",
    "RESIDENT": "Resident",
    "YOUNG_PERSON": "Young person",
    "PARENT_CARER": "Parent or carer",
    "COUNCIL": "Council",
    "POLICE": "Police",
    "OTHER": "Someone else",
    "NOT_SAID": "I would rather not say",
}

# Why a report waits in quarantine; nothing is ever discarded.
QUARANTINE = {
    "HIDDEN_FIELD": "a field that people do not see was filled in",
    "TOO_FAST": "it was sent within seconds",
    "MANY_SENT": "many reports came from one connection",
    "SPAM_WORDS": "the words look like advertising",
    "REPEATED": "the same words came before",
}

STATES = {
    "RECEIVED": "Received",
    "QUARANTINED": "Quarantined",
    "SCREENED": "Ready for triage",
    "IN_TRIAGE": "In triage",
    "NEEDS_INFO": "Waiting for the reporter",
    "DECIDED": "Decided",
    "FEEDBACK_SENT": "Feedback sent",
    "CLOSED": "Closed",
}
# What became of a report. The first two follow from the place, REFERRED_SPA from the child.
OUTCOMES = {
    "LINKED_PLACE": "Linked to a place",
    "NEW_PLACE": "A new place is proposed",
    "REFERRED_SPA": "Referred to the front door",
    "REFERRED_POLICE": "Referred to the police",
    "OUT_OF_AREA_SENT": "Sent to another borough",
    "DUPLICATE": "Merged with another report",
    "NFA": "No further action",
    "REJECTED_ABUSIVE": "Rejected as abusive",
}
# The others are ticked, in the words of the form.
CHOSEN_BY_HAND = {
    "REFERRED_POLICE": "Refer to the police",
    "OUT_OF_AREA_SENT": "Send to another borough",
    "DUPLICATE": "Merge with another report",
    "NFA": "No further action",
    "REJECTED_ABUSIVE": "Reject as abusive",
}
NFA_REASONS = {
    "NO_HARM_DESCRIBED": "No harm is described",
    "PRESENCE_ONLY": "Children simply being there: passed to the youth service",
    "TOO_LITTLE": "Too little to act on",
    "NOT_A_PLACE": "Not about a place or online space",
    "NOT_LOCAL": "Not in our area, and nobody to send it to",
}
TONES = {
    "CARE": "Worried for children",
    "COMPLAINT": "Complaining about children",
    "UNCLEAR": "Unclear",
}


def decided_by(place: str, identifiable: str, chosen: Collection[str]) -> list[str]:
    """All outcomes: those ticked, and those that follow from the place and the child.

    >>> decided_by("LINK", "YES", ["REFERRED_POLICE"])
    ['LINKED_PLACE', 'REFERRED_SPA', 'REFERRED_POLICE']
    """
    held = {*chosen} & {*CHOSEN_BY_HAND}
    held |= {"LINKED_PLACE"} if place == "LINK" else {"NEW_PLACE"} if place == "NEW" else set()
    held |= {"REFERRED_SPA"} if identifiable == "YES" else set()
    return [code for code in OUTCOMES if code in held]


def outcome_problem(outcomes: Collection[str]) -> str | None:
    """Outcomes that cannot go together, in words."""
    if not outcomes:
        return "Choose what happens to this report."
    others = {*outcomes} - {"REFERRED_SPA"}
    for alone in ("NFA", "REJECTED_ABUSIVE"):
        if alone in others and len(others) > 1:
            return f"'{CHOSEN_BY_HAND[alone]}' goes with no other outcome but the front door."
    return None


def pasted_data(text: str) -> bool:
    """A picture or file pasted as an address: never taken in."""
    return re.match(r"\s*(data|blob|file):", text, re.IGNORECASE) is not None
