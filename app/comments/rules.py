"""What a comment is about, and where that is read. Pure."""

from dataclasses import dataclass

MOST = 1000  # characters
WRONG = "Change the fields named below."
EMPTY = "Write a comment, in at most 1,000 characters."
NOT_YOURS = "Only who wrote it, or a lead, takes a comment back."
TAKEN_BACK = "This comment was taken back already."


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of record that is commented on."""

    table: str
    column: str  # of the comment
    object: str  # of the audit
    label: str
    page: str

    def url(self, ref: str, place: str) -> str:
        """Where the record is read.

        >>> KINDS["PN"].url("PN-1", "PL-1")
        '/places/PL-1/plan?plan=PN-1#comments'
        """
        return f"{self.page.format(ref=ref, place=place)}#comments"


KINDS = {
    "AS": Kind(
        "context_assessment", "assessment_id", "assessment", "assessment", "/assessments/{ref}"
    ),
    "PN": Kind("context_plan", "plan_id", "plan", "plan", "/places/{place}/plan?plan={ref}"),
    "OR": Kind(
        *("outcome_review", "review_id", "review", "outcome review"),
        "/places/{place}/outcomes/reviews/{ref}",
    ),
}
