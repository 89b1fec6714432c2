"""What the wizard takes: the kinds of file, and the questions that a column may answer. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

UNSAID = "unsaid"


@dataclass(frozen=True, slots=True)
class Question:
    """One answer of a record. `codes` names the list that its values come from.

    `sort` says how a cell is read: text, date, number, code, codes, yes.
    """

    name: str
    label: str
    sort: str = "text"
    codes: str | None = None
    needed: bool = False
    words: tuple[str, ...] = ()
    hint: str = ""

    @property
    def missing(self) -> str:
        return f"Choose a column for {self.label[0].lower()}{self.label[1:]}."


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file; `permission` is what its importer needs beside import_batch.create."""

    name: str
    label: str
    permission: str
    singular: str = "row"
    questions: Sequence[Question] = ()
    police: bool = False
    explains: str = ""
    must_locate: bool = True

    def question(self, name: str) -> Question | None:
        return next((asked for asked in self.questions if asked.name == name), None)


EXTERNAL = Question(
    "external_id",
    "Your reference",
    words=("id", "ref", "reference", "record id", "crime number", "crime id", "log number"),
    hint="Of your own system. A second file with the same references updates what came in before.",
)
WHERE = (
    Question("longitude", "Longitude", "number", words=("lon", "lng", "long", "x")),
    Question("latitude", "Latitude", "number", words=("lat", "y")),
    Question("easting", "Easting", "number", words=("eastings", "grid east", "osgr east")),
    Question("northing", "Northing", "number", words=("northings", "grid north", "osgr north")),
    Question("grid_reference", "Grid reference", words=("gridref", "grid ref", "osgr", "ngr")),
    Question("postcode", "Postcode", words=("post code", "pcd", "pcds", "zip")),
    Question(
        "shape", "Shape as text (WKT)", words=("wkt", "geometry", "geom"), hint="POINT(517900 ...)"
    ),
)
LOCATING = (
    ("longitude", "latitude"),
    ("easting", "northing"),
    ("grid_reference",),
    ("postcode",),
    ("shape",),
    ("place",),
)
INCIDENTS = Kind(
    "incidents",
    "Incidents",
    "incident.create",
    "incident",
    (
        EXTERNAL,
        Question(
            "date",
            "Date",
            "date",
            needed=True,
            words=("occurred from", "occurred", "incident date", "date from", "when", "day"),
        ),
        Question("time", "Time of day", words=("time from", "incident time", "hour")),
        Question(
            "occurred_to", "Date and time of the end", "date", words=("date to", "end", "to date")
        ),
        Question("time_precision", "How exactly the time is known", "code", "time_precision"),
        Question(
            "harm_code",
            "Harm",
            "code",
            "harm",
            needed=True,
            words=("harm", "type", "category", "offence", "crime type", "incident type"),
        ),
        Question("other_harm_codes", "Other harms", "codes", "harm", words=("other harms",)),
        *WHERE,
        Question("place", "Place (PL-...)", words=("place reference", "place ref")),
        Question("uncertainty_m", "Accuracy in metres", "number", words=("accuracy", "radius")),
        Question(
            "source_agency",
            "Who reported it",
            "code",
            "agency",
            needed=True,
            words=("source", "agency", "reported by", "source agency", "organisation"),
        ),
        Question(
            "discovered_by", "How it came to light", "code", "discovered_by", words=("discovered",)
        ),
        Question("confidence", "How sure it is", "code", "confidence", words=("certainty",)),
        Question(
            "child_count_band",
            "How many children",
            "code",
            "child_count_band",
            words=("children", "number of children"),
        ),
        Question("line_linked", "Linked to a county line", "yes", words=("county lines",)),
        Question("summary", "Summary", words=("description", "notes", "text", "what happened")),
    ),
    explains="Something that happened at a place or a time: one row is one incident.",
)
PLACES = Kind(
    "places-of-concern",
    "Places of concern",
    "place.create",
    "place",
    (
        EXTERNAL,
        Question(
            "type_code",
            "Type of place",
            "code",
            "place_type",
            needed=True,
            words=("type", "place type", "category", "kind"),
        ),
        Question("name", "Name", needed=True, words=("place", "place name", "title", "location")),
        Question("description", "Description", words=("notes", "text", "details")),
        Question("harm_codes", "Harms", "codes", "harm", words=("harm", "harms", "concerns")),
        *WHERE,
        Question("precision_m", "Accuracy in metres", "number", words=("accuracy", "precision")),
        Question("after_dark_concern", "Worse after dark", "yes", words=("after dark", "dark")),
    ),
    explains="A park, street, shop or other context: one row is one place with a point or shape.",
)
INTELLIGENCE = Kind(
    "intelligence",
    "Intelligence",
    "intelligence_p.create",
    "item",
    (
        EXTERNAL,
        Question("kind", "Kind of item", "code", "intel_kind", words=("item type", "type")),
        Question("date", "Date", "date", words=("event date", "date from", "when", "day")),
        Question("time", "Time of day", words=("time from", "event time")),
        Question("occurred_to", "Last date", "date", words=("date to", "end", "to date")),
        Question(
            "body",
            "Information",
            needed=True,
            words=("text", "sanitised text", "intelligence", "content", "description"),
        ),
        Question(
            "provenance_id",
            "Pointer to the police system",
            words=("provenance", "source reference", "crimint", "log"),
        ),
        Question(
            "source_eval",
            "Source",
            "code",
            "source_eval",
            needed=True,
            words=("source", "source evaluation", "source grade"),
        ),
        Question(
            "info_assess",
            "Information grade",
            "code",
            "info_assess",
            needed=True,
            words=("information assessment", "intelligence assessment", "information"),
        ),
        Question("handling", "Handling", "code", "handling", needed=True, words=("handling code",)),
        Question("conditions", "Conditions for sharing", words=("handling conditions",)),
        Question("action_codes", "Action codes", "codes", "intel_action", words=("action",)),
        Question("agencies", "Who may see it", "codes", "agency", words=("recipients",)),
        Question(
            "discovered_by",
            "How it was discovered",
            "code",
            "discovered_by",
            needed=True,
            words=("discovered",),
        ),
        Question("harm_codes", "Harms", "codes", "harm", words=("harm", "harms")),
        *WHERE,
        Question("place", "Places (PL-...)", words=("place reference", "place ref")),
        Question("valid_from_on", "Holds from", "date", words=("valid from",)),
        Question("valid_to_on", "Holds until", "date", words=("valid to", "valid until")),
    ),
    must_locate=False,
    explains="Sanitised text with its 3x5x2 grading: each row waits for quality assurance.",
)
STREET = Kind(
    "police-street",
    "Street crime of data.police.uk",
    "reference_data.create",
    police=True,
    explains="A monthly file as it was downloaded. It tells the month, not the day, and a place "
    "nearby: the publisher has moved the points.",
)
STOPS = Kind(
    "stop-search",
    "Stop and search of data.police.uk",
    "reference_data.create",
    police=True,
    explains="A monthly file as it was downloaded: where police looked and what for. Nothing about "
    "the person searched is stored.",
)
KINDS: Mapping[str, Kind] = {
    kind.name: kind for kind in (INCIDENTS, PLACES, INTELLIGENCE, STREET, STOPS)
}


def label(name: str) -> str:
    """What a batch is called in a list; batches of the command line have kinds of their own."""
    known = KINDS.get(name)
    if known is not None:
        return known.label
    return "Not said yet" if name == UNSAID else name.replace("-", " ").capitalize()
