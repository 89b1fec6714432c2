"""Real uses of the routes of outcomes, as tests/uses.py says."""

from datetime import timedelta

from tests.outcomes import FAR, Maker, Work, begun
from tests.people import in_days
from tests.uses import AT, Sent, World, posting, use

REVIEW = {"round": "M3", "voice": "NOT_HEARD", "displacement": "NOT_CHECKED"}
REVIEW |= {"no_voice_reason": "Synthetic: the club is closed until the first of September."}
DECISION = {"decision": "CONTINUE", "reason": "Synthetic: the plan does what it should."}


def worked_on(world: World, *, counts: bool = False) -> tuple[Work, Maker]:
    """A place with a plan; `counts`: with incidents, and another that could be its control."""
    maker = Maker(world.db)
    here = world.shop()
    there = here
    if counts:
        north = {"northing": AT["northing"] + FAR}
        shop = {"type_code": "TAKEAWAY_SHOP", "name": "Synthetic", **AT, **north}
        there = world.made("/api/v1/places", shop)
    work = maker.at_work(here, there)
    if not counts:
        maker.measure(work)
        maker.activate(work)
        return work, maker
    maker.counted(work)
    for ref in (here, there):
        maker.incidents(ref, begun() - timedelta(weeks=52), 52, every=7)
    return work, maker


def designed(world: World, work: Work) -> Sent:
    url = f"/places/{work.ref}/outcomes/measures/{work.measures['counts']}/design"
    return posting(world.lead, url, starts_on=begun().isoformat(), weeks="26", harms="ALL")


def reviewed(world: World, work: Work) -> str:
    url = f"/places/{work.ref}/outcomes/reviews/new"
    return posting(world.lead, url, held_on=in_days(0), **REVIEW)().headers["location"]


@use("POST /places/{ref}/outcomes/measures/{key}")
def measure_again(world: World) -> Sent:
    work, _ = worked_on(world)
    url = f"/places/{work.ref}/outcomes/measures/{work.measures['survey']}"
    return posting(world.lead, url, on_date=in_days(0), k="12", n="20")


@use("POST /places/{ref}/outcomes/measures/{key}/design")
def choose_what_it_is_compared_with(world: World) -> Sent:
    work, _ = worked_on(world, counts=True)
    return designed(world, work)


@use("POST /places/{ref}/outcomes/measures/{key}/compare")
def compare_the_counts(world: World) -> Sent:
    work, maker = worked_on(world, counts=True)
    assert designed(world, work)().status_code == 200
    maker.activate(work)
    url = f"/places/{work.ref}/outcomes/measures/{work.measures['counts']}/compare"
    return posting(world.lead, url, recording="SAME")


@use("POST /places/{ref}/outcomes/reviews/new")
def begin_a_review(world: World) -> Sent:
    work, _ = worked_on(world)
    url = f"/places/{work.ref}/outcomes/reviews/new"
    return posting(world.lead, url, held_on=in_days(0), **REVIEW)


@use("POST /places/{ref}/outcomes/reviews/{review}")
def change_a_review(world: World) -> Sent:
    work, _ = worked_on(world)
    url = reviewed(world, work)
    return posting(world.lead, url, held_on=in_days(0), version="1", **REVIEW)


@use("POST /places/{ref}/outcomes/reviews/{review}/decide")
def decide_a_review(world: World) -> Sent:
    work, _ = worked_on(world)
    return posting(world.lead, f"{reviewed(world, work)}/decide", version="1", **DECISION)


@use("POST /places/{ref}/outcomes/reviews/{review}/agree")
def agree_with_a_review(world: World) -> Sent:
    work, _ = worked_on(world)
    url = reviewed(world, work)
    posting(world.lead, f"{url}/decide", version="1", **DECISION)()
    other = world.as_("cs_lead", boroughs=())
    return posting(other, f"{url}/agree", version="2")


@use("POST /places/{ref}/outcomes/reviews/{review}/scale/{key}")
def ask_how_safe_it_is(world: World) -> Sent:
    work, _ = worked_on(world)
    url = f"{reviewed(world, work)}/scale/new"
    return posting(world.lead, url, party="SCHOOL", n_people="9", score="5", on_date=in_days(0))
