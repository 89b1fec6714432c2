"""Work with contexts for the matrix: every table of it, at places of each borough and tier."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from uuid import UUID

from app.core.ids import new_reference, random_id
from tests.sql import world
from tests.sql.oracle import Row
from tests.sql.world import BOROUGHS, ME, OTHER_AGENCY, OWN_AGENCY, SOMEBODY, TIERS, Place, Plain

HASH = "0" * 64
POINTS = dict.fromkeys(("PEER", "SCHOOL", "NEIGHBOURHOOD", "ONLINE", "SERVICES", "STRUCTURAL"), 0)
POINTS |= {"HOME": 100}
DRAWN = "SRID=27700;MULTIPOLYGON(((518000 169000,518100 169000,518100 169100,518000 169000)))"
DAY = "2026-01-05"
DETAILS = ("assessment_method", "assessment_answer", "signs_panel", "safety_scale", "plan_goal")
DETAILS += ("plan_measure", "measure_observation", "wdd_result", "safety_map")
DETAILS += ("context_comment",)
RECORDS = {"context_assessment": "AS", "context_plan": "PN", "plan_action": "AC"}
RECORDS |= {"outcome_review": "OR"}
GRANTS = {"context_assessment": "assessment", "context_plan": "plan", "plan_action": "action"}
GRANTS |= {"outcome_review": "outcome_review", "safety_map": "safety_map"}

# Their policies are the same, word for word, as those of a table of the same object that is
# compared (a test sees to it): comparing them, too, would take minutes and tell nothing.
ALIKE = {
    "app.assessment_answer": "app.assessment_method",
    "app.signs_panel": "app.assessment_method",
    "app.safety_scale": "app.assessment_method",
    "app.plan_measure": "app.plan_goal",
    "app.wdd_result": "app.measure_observation",
    "app.meeting_item": "app.meeting_member",
}


@dataclass
class Work:
    """One record of each kind at one place."""

    place: Place
    author: UUID = ME
    owner: tuple[str, UUID | None] = (OWN_AGENCY, None)
    gone: bool = False
    synthetic: bool = True
    ids: dict[str, UUID] = field(default_factory=dict)

    def made(self) -> Iterator[Plain]:
        self.ids = {name: random_id() for name in (*RECORDS, *DETAILS)}
        values = self._values()
        for name in values:
            yield Plain(self._row(name), self._basis(name) | values[name])
        yield Plain(self._priority(), self._priority_values())

    def changes(self) -> Iterator[Row]:
        """Written by triggers."""
        for name in (*list(RECORDS)[:3], "safety_map"):
            yield Row(f"app.{name}_state_change", str(self.place.id), **self._scope(name))

    def _scope(self, name: str) -> dict:
        tier = self.place.tier
        tier = world.at_least_h1(tier) if name == "safety_map" else tier
        return {"boroughs": BOROUGHS[self.place.where], "tier": tier}

    def _row(self, name: str) -> Row:
        owner = {}
        if name == "plan_action":
            owner = {"owner_agency": self.owner[0], "owner": self.owner[1]}
        return Row(
            f"app.{name}",
            str(self.ids[name]),
            **self._scope(name),
            **owner,
            agency=OWN_AGENCY if name in RECORDS or name == "context_comment" else None,
            author=self.author,
            gone=self.gone,
            synthetic=self.synthetic,
            granted={GRANTS[name]: self.ids[name]} if name in GRANTS else {},
        )

    def _basis(self, name: str) -> dict:
        found = {
            "id": self.ids[name],
            "created_by": self.author,
            "updated_by": self.author,
            "is_synthetic": self.synthetic,
            "deleted_at": DAY if self.gone else None,
        }
        if prefix := RECORDS.get(name):
            found |= {"ref": new_reference(prefix), "agency_code": OWN_AGENCY}
            found |= {"purpose_code": "PLAN"}
        return found

    def _values(self) -> dict[str, dict]:
        """In the order in which they hang on each other."""
        here, ids = {"place_id": self.place.id}, self.ids
        of = {"assessment_id": ids["context_assessment"]}
        return {
            "context_assessment": here | {"assessor_user_id": self.author},
            "assessment_method": of | {"method_code": "DESKTOP"},
            "assessment_answer": of | {"indicator_code": "D1_USE", "view": "SETTLED"},
            "signs_panel": of | {"column_code": "WORKING", "body": "Synthetic", "view": "DATA"},
            "safety_scale": of | {"party": "OTHER", "n_people": 1, "score": 5, "on_date": DAY},
            "context_plan": here | of,
            "plan_goal": {
                "plan_id": ids["context_plan"],
                "goal_code": "G_NORM",
                "body": "Synthetic",
                "indicator_code": "D1_PEER_RULES",
            },
            "plan_measure": {
                "goal_id": ids["plan_goal"],
                "kind": "INDICATOR",
                "is_change": True,
                "body": "Synthetic",
                "direction": "DOWN",
            },
            "measure_observation": {"measure_id": ids["plan_measure"], "on_date": DAY, "value": 1},
            "wdd_result": {
                "measure_id": ids["plan_measure"],
                "design_hash": HASH,
                "run_at": DAY,
                "verdict": "WITHHELD_FEW",
                "code_version": "test",
            },
            "plan_action": here
            | {
                "response_code": "SAFE_SPACE",
                "kind": "welfare",
                "body": "Synthetic",
                "owner_agency": self.owner[0],
                "owner_user_id": self.owner[1],
                "due_on": DAY,
            },
            "outcome_review": {"plan_id": ids["context_plan"], "round": "M3"},
            "context_comment": {
                "plan_id": ids["context_plan"],
                "agency_code": OWN_AGENCY,
                "body": "Synthetic",
            },
            "safety_map": here
            | {
                "session_on": DAY,
                "sheet_id": random_id(),
                "group_size": 3,
                "area_label": "Synthetic",
                "drawing": DRAWN,
                "colour": "RED",
            },
        }

    def _priority(self) -> Row:
        return Row(
            "app.place_priority",
            str(self.place.id),
            **self._scope("place_priority"),
            gone=self.gone,
            synthetic=self.synthetic,
        )

    def _priority_values(self) -> dict:
        said = {"p": 50, "p_without_proactive": 40, "band": "HIGH", "confidence": "L", "terms": {}}
        said |= {"place_id": self.place.id, "run_on": DAY, "weights_version": "test"}
        return said | {"is_synthetic": self.synthetic, "deleted_at": DAY if self.gone else None}


@dataclass
class Gathering:
    """A meeting about one place, who is named in it, and what one of them rated."""

    place: Place
    members: tuple[UUID, ...] = (ME,)
    author: UUID = ME
    rater: UUID = ME
    ended: bool = False
    rated: bool = False
    gone: bool = False
    synthetic: bool = True
    left: bool = False  # the last of them is named no more

    def made(self) -> Iterator[Plain]:
        key, item, weighting = random_id(), random_id(), random_id()
        present = self.members[:-1] if self.left else self.members
        all_rated = self.rated or set(present) == {self.rater}
        tier = self.place.tier if self.place.tier == "P" else "H1"
        scope = {"boroughs": BOROUGHS[self.place.where], "gone": self.gone}
        scope |= {"members": frozenset() if self.ended else frozenset(present)}
        own = {"author": self.author, "synthetic": self.synthetic}
        granted = {"granted": {"meeting_pack": key}}
        basis = {
            "created_by": self.author,
            "updated_by": self.author,
            "is_synthetic": self.synthetic,
            "deleted_at": DAY if self.gone else None,
        }
        yield Plain(
            Row("app.meeting", str(key), tier=tier, agency=OWN_AGENCY, **scope, **own, **granted),
            basis
            | {
                "id": key,
                "ref": new_reference("MT"),
                "agency_code": OWN_AGENCY,
                "purpose_code": "PLAN",
                "kind": "CONTEXT_CONFERENCE",
                "held_at": DAY if self.ended else "2100-01-01",
                "place_ids": [self.place.id],
            },
        )
        for person in self.members:
            member = random_id()
            named = {"id": member, "meeting_id": key, "user_id": person, "rates": not self.rated}
            gone = self.gone or person not in present
            of = scope | {"gone": gone}
            yield Plain(
                Row("app.meeting_member", str(member), tier=tier, **of, **own, **granted),
                basis | named | {"agency_code": OWN_AGENCY, "deleted_at": DAY if gone else None},
            )
        said = {"section": "T", "subject_kind": "THEME", "body": "Synthetic"}
        yield Plain(
            Row("app.meeting_item", str(item), tier=tier, **scope, **own, **granted),
            basis | said | {"id": item, "meeting_id": key},
        )
        yield from self._pack(key, scope["members"], own, granted)
        points = {"points": POINTS, "must_change_first": "HOME", "rationale": "Synthetic"}
        yield Plain(
            Row(
                "app.context_weighting",
                str(weighting),
                tier=self.place.tier,
                person=self.rater,
                rated=all_rated,
                **scope,
                **own,
                granted={"context_weighting": weighting},
            ),
            basis
            | points
            | {
                "id": weighting,
                "place_id": self.place.id,
                "session_id": key,
                "rater_id": self.rater,
                "rater_kind": "PRACTITIONER",
            },
        )
        yield Plain(
            Row(
                "app.meeting_state_change",
                str(key),
                tier=tier,
                **scope,
            ),
            {},
        )

    def _pack(self, meeting: UUID, members: frozenset, own: dict, granted: dict) -> Iterator[Plain]:
        """A draft for the meeting, and a line of it; a meeting that is gone names nobody."""
        key, line = random_id(), random_id()
        of = {"tier": "H1", "members": frozenset() if self.gone else members}
        basis = {
            "created_by": self.author,
            "updated_by": self.author,
            "is_synthetic": self.synthetic,
            "meeting_id": meeting,
        }
        window = {"window_from": "2026-01-01", "window_to": "2026-01-02"}
        yield Plain(
            Row("app.pack", str(key), **of, **own, **granted),
            basis
            | window
            | {"id": key, "ref": new_reference("BR"), "kind": "MARVE", "period_code": str(key)},
        )
        said = {"section": "1", "kind": "LINE", "body": "Synthetic", "agency_code": OWN_AGENCY}
        yield Plain(
            Row("app.pack_entry", str(line), **of, **own, **granted),
            basis | said | {"id": line, "pack_id": key},
        )


def context_work() -> list:
    """Own and other borough and author; all tiers; tasks of each agency; meetings named in."""
    made: list = []
    owners = ((OWN_AGENCY, None), (OTHER_AGENCY, ME), (OTHER_AGENCY, None))
    spots = [Place(w, t, author=a) for w, t, a in product(BOROUGHS, TIERS, (ME, SOMEBODY))]
    works = [Work(p, p.author, owners[n % 3]) for n, p in enumerate(spots)]
    works += [
        Work(Place("K", "H1"), author, owner) for author in (ME, SOMEBODY) for owner in owners
    ]
    works += [Work(Place(w, "H1"), gone=True) for w in "KR"]
    works += [Work(Place(w, "H1"), synthetic=False) for w in "KR"]
    some = [Place(w, t) for w, t in product("KR", TIERS)]
    people = ((ME, ME), (SOMEBODY, SOMEBODY), (ME, SOMEBODY), (SOMEBODY, ME))
    meetings = [
        Gathering(place, members, *people[n % 4], ended, rated)
        for n, place in enumerate(some)
        for members in ((ME,), (SOMEBODY,), (ME, SOMEBODY))[n % 2 :]
        for ended, rated in ((False, False), (False, True), (True, True))
    ]
    meetings += [Gathering(some[1], gone=True), Gathering(some[1], synthetic=False)]
    meetings += [Gathering(some[1], (ME, SOMEBODY), left=True)]
    made += [work.place for work in works] + some
    made += [plain for one in (*works, *meetings) for plain in one.made()]
    made += [Plain(row, {}) for work in works for row in work.changes()]
    return made
