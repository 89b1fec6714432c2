"""From an assessed place to one that is safer: conference, plan, actions, outcome, closing."""

import re
from datetime import timedelta

from app.core import clock
from tests.e2e.life import PHONE, Life, Someone
from tests.e2e.life_begins import SHOP, decides, held, scored
from tests.outcomes import FAR, Maker, begun
from tests.people import ref_of

KEEPS_OPEN = "Keep the shop open to children until seven"
LIGHT = "Light the lower landing"
OF_A_CHILD = "Three girls aged 13 are waited for here."
LANDING = "The lower landing is dark and nobody looks after it."
FAIR = "Girls and disabled children were asked apart: quiet light, seats, and nobody is moved on."
SUMMARY = "More light on the steps, and adults whom you know until seven."
TRUST = "Children asked here name an adult they trust"
COUNTED = "Incidents here, against a control area"


def a_conference_is_planned(
    life: Life, lead: Someone, chair: Someone, raters: list[Someone]
) -> str:
    """The day after the assessment was signed. Its chair is not who planned it."""
    life.later(days=1)
    lead.open(f"/places/{life.place}").press("Plan a meeting about it")
    lead.write(kind="CONTEXT_CONFERENCE", at="0:00").dated("on", clock.today())
    lead.press("Plan it and name people")
    for someone, role in [(chair, {"chair": "yes"}), *((one, {"rates": "yes"}) for one in raters)]:
        lead.write(user=ref_of(life.db, someone.person))
        for name in ("chair", "rates"):
            lead.page.locator(f"#{name}").set_checked(name in role)
        lead.press("Save")
    lead.press("Go to the meeting")
    at = f"/meetings/{lead.ref}"
    for section, body in (
        ("S", "The shopkeeper lets children wait inside."),
        ("T", OF_A_CHILD),
        ("L", LANDING),
    ):
        lead.write(section=section, body=body).press("Add it")
    decides(lead, life, "Hold a context conference", "Its day is agreed with all.")
    lead.reads("In conference").open(at).reads(OF_A_CHILD).picture("lead-conference")
    return at


def everybody_weighs(life: Life, at: str, raters: list[Someone]) -> None:
    """Nobody sees the points of others before all have rated."""
    points = [("PRACTITIONER", "10", "90"), ("PRACTITIONER", "20", "80"), ("POLICE", "70", "30")]
    for n, (someone, (kind, home, here)) in enumerate(zip(raters, points, strict=True), 1):
        someone.open(f"{at}/weighting").write(rater_kind=kind, HOME=home, NEIGHBOURHOOD=here)
        why = "What happens after school is decided by the place."
        someone.write(must_change_first="NEIGHBOURHOOD", rationale=why).press("Save my points")
        if n < len(raters):
            someone.reads("Nobody sees the points of others")
    lead = raters[0]
    lead.open(f"{at}/weighting").reads("Everybody has rated.", "raters disagree")
    lead.write(decision="The neighbourhood first: light, and an adult.").picture("lead-weighting")
    lead.press("Save the decision")


def the_room_chooses_goals(life: Life, at: str, lead: Someone) -> None:
    """On a wall that everybody reads: nothing about a child, also not in what is sent."""
    lead.page.set_viewport_size({"width": 1920, "height": 1080})
    lead.open(f"{at}?screen=1").press("Choose goals from the library")
    lead.write(goal_G_TRUSTED_ADULT="yes").press("Make them goals of the plan")
    lead.reads("Children can name an adult here they trust", LANDING).picture("wall", axe=True)
    sent = lead.page.evaluate("fetch(location.href).then(r => r.text())") + lead.page.content()
    told = ("girls", "aged 13", "CH-", "9 children", "children took part", OF_A_CHILD)
    assert [one for one in told if one in sent] == []
    lead.page.set_viewport_size({"width": 1280, "height": 900})


def minutes_become_actions(life: Life, at: str, lead: Someone, chair: Someone) -> None:
    lead.open(at).press("Issue the pack").press("Say that it was held")
    due = clock.today() + timedelta(days=14)
    for what, who, how in (
        (KEEPS_OPEN, "BUSINESS", "GUARDIAN_TRAIN"),
        (LIGHT, "LA_KINGSTON", "DESIGN_OUT"),
    ):
        lead.open(at).press(re.compile("add an action.*lower landing"))
        lead.write(body=what, owner_agency=who, response_code=how).dated("due_on", due)
        lead.press("Add the action")
    lead.reads(f"{LIGHT} Kingston Council, by").picture("lead-minutes-actions").open(at).press(
        "Minutes and attendance"
    )
    for box in lead.page.locator("main [type=checkbox]").all():
        box.check()
    lead.write(minutes="The place was talked about: light first, then an adult.").press("Save")
    chair.open(at).press("Agree the minutes").reads("Minutes agreed").picture("chair-agrees")


def a_plan_is_agreed(life: Life, worker: Someone, lead: Someone) -> None:
    """It measures change, says how, and what it is compared with before it begins."""
    due = clock.today() + timedelta(days=30)
    worker.open(f"/places/{life.place}/plan")
    worker.reads(KEEPS_OPEN, LIGHT, "Add at least one measure of change.")
    for fields in (
        {"body": TRUST, "kind": "SURVEY_SHARE", "unit": "per cent", "direction": "UP",
         "baseline": "40", "baseline_n": "20", "target": "70"},
        {"body": COUNTED, "kind": "INCIDENT_WDD", "unit": "incidents", "direction": "DOWN",
         "baseline": "46", "target": "20"},
    ):  # fmt: skip
        worker.press(re.compile("Add a measure")).write(is_change="yes", **fields)
        worker.dated("baseline_on", begun() - timedelta(days=7)).dated("due_on", due)
        worker.press("Save the measure")
    worker.press("Change these words").write(
        equality_check=FAIR, summary_plain=SUMMARY, ring_m="250"
    )
    worker.dated("shown_on", clock.today()).press("Save")
    history_of_incidents(life, lead)
    lead.open(f"/places/{life.place}/outcomes").press(re.compile("what this place is compared"))
    lead.dated("starts_on", begun()).write(harms="ALL").press("Choose by rule")
    lead.reads("Shop at the bridge", "could be seen").picture("lead-design")
    for _ in range(2):
        lead.open(f"/places/{life.place}/plan").press("Decide about the plan")
        lead.page.locator("[name=to]").first.check()
        lead.press("Decide")
    lead.reads("Active", "with children's voice").picture("lead-plan")
    decides(lead, life, "Begin the plan", "Everybody knows what they do.")
    lead.reads("Plan active")


def history_of_incidents(life: Life, lead: Someone) -> None:
    """What is on record of this shop and of one like it: before the plan alike, after it not."""
    ((east, north),) = life.write(
        "select st_x(c)::int, st_y(c)::int from app.place, st_centroid(geom) as c where ref = %s",
        life.place,
    )
    lead.open("/places/new").page.locator("#type_code").select_option(label=SHOP)
    lead.write(name="Shop at the bridge", easting=str(east), northing=str(north - FAR))
    lead.press("Propose this place")
    maker = Maker(life.db, lead.person.user_id)
    for ref, after in ((life.place, 8), (lead.ref, 46)):
        maker.incidents(ref, begun() - timedelta(weeks=52), 91)
        maker.incidents(ref, begun(), after)


def the_shopkeeper_does_their_part(life: Life, keeper: Someone) -> None:
    """On a telephone, and of the plan nothing but this."""
    keeper.open("/").press("My actions").press(KEEPS_OPEN)
    assert [one for one in (life.place, LIGHT, FAIR) if one in keeper.page.content()] == []
    keeper.write(state="DONE_PENDING_EVIDENCE").press("Update").reads("Say what was done.")
    keeper.write(evidence="It is open until seven, and all staff know whom to ring.")
    keeper.picture("shopkeeper-action").press("Update").reads("Done, to be confirmed")


def actions_are_confirmed(life: Life, worker: Someone, lead: Someone) -> None:
    """By somebody who did not do them."""
    worker.open("/actions?show=all").press(LIGHT)
    worker.write(state="DONE_PENDING_EVIDENCE", evidence="Two lamps were fitted.").press("Update")
    for what in (KEEPS_OPEN, LIGHT):
        lead.open("/actions?show=confirm").press(what).press("Confirm or withdraw this action")
        lead.write(to="DONE").press("Decide").reads("Done")
    life.later(days=(clock.today() - begun()).days)
    lead.open(f"/places/{life.place}").press("Decide what happens next").tick("Watch it")
    lead.dated("review_on", clock.today()).write(reason="All was done; now we look again.")
    lead.press("Decide").reads("Monitoring")


def young_people_draw(life: Life, youth: Someone, lead: Someone) -> None:
    """Ten of them, on the telephone of the worker; nobody else sees a single drawing."""
    at = f"/places/{life.place}/safety-maps"
    phone = life.people["Tom Reed's telephone"] = Someone(life, youth.person, PHONE)
    phone.open(f"{at}/new").dated("on", clock.today()).write(group="10")
    phone.tick("The place and right around it", "By day", "On this phone or computer")
    phone.tick("I read it out").press("Begin")
    for n in range(10):
        phone.page.locator("[data-square=B2]").click()
        phone.page.locator("label.cm-pen--green").click()
        for square in ("C2", "D3", "E4"):
            phone.page.locator(f"[data-square={square}]").click()
        if n == 0:
            phone.picture("young-people-draw")
        phone.press("Save this drawing")
    phone.reads("All 10 drawings are saved.")
    lead.open(f"{at}/check")
    for box in lead.page.locator("fieldset input[type=checkbox]").all():
        box.check()
    lead.press("They are checked").open(f"{at}/release").press(re.compile("Release these 10"))
    lead.reads("Put together from 10 drawings.").picture("lead-safety-map")


def children_are_asked_again(life: Life, worker: Someone, youth: Someone) -> None:
    """By the same method as at the start."""
    youth.open(f"/places/{life.place}/assessments").press("Begin an assessment")
    youth.write(prompted_by="REVIEW").press("Begin")
    at, today = f"/assessments/{youth.ref}", clock.today()
    held(youth, at, today, method_code="CHILD_SURVEY", n_children="40")
    worker.open(f"/places/{life.place}/outcomes").press(re.compile("Measure again"))
    worker.dated("on_date", today).write(k="31", n="40").press("Keep it")
    worker.reads("Better than at the start: 77.5% of 40 asked", "The target is reached")


def the_outcome_is_reviewed(life: Life, lead: Someone, worker: Someone, peer: Someone) -> None:
    """Counts beside a control area, what children say, and two people who decide."""
    lead.open(f"/places/{life.place}/outcomes").press(re.compile("Compare the counts"))
    lead.tick("Yes").press("Compare").reads("Fewer than expected: about 38 fewer")
    assert lead.page.locator("svg.cm-chart circle").count() == 2
    lead.picture("lead-outcomes", axe=True).press("Hold an outcome review")
    worker.open(f"/places/{life.place}/outcomes/reviews/new").write(round="M6", voice="HEARD")
    worker.dated("held_on", clock.today()).write(displacement="NONE_SEEN")
    looked = "Youth workers walked the streets around and asked two shops."
    worker.write(displacement_text=looked).press("Begin the review")
    at = f"/places/{life.place}/outcomes/reviews/{worker.ref}"
    scored(worker, at, clock.today(), "CHILDREN", "40", "7")
    worker.reads("7 of 10")
    why = "Children name an adult they trust, and nobody saw harm elsewhere."
    lead.open(at).write(decision="CLOSE_SAFER", reason=why).press("Decide")
    lead.reads("Somebody other than the person who decided must agree.")
    peer.open(at).picture("peer-review").press("I agree with this decision")
    lead.open(at).press("Close the place now").reads("It is watched now.").tick("Close it")
    lead.write(close_code="SAFER", reason="Two people read the outcome review.")
    lead.picture("lead-closing", axe=True).press("Decide")


def it_is_safer(life: Life, lead: Someone) -> None:
    """The page says so, and who took each step."""
    lead.reads("This place is closed: safer", "See what changed").picture("lead-safer", axe=True)
    steps = lead.page.locator("#history .cm-steps li").all_inner_texts()
    states = ("Proposed", "Screened", "Identified", "Being assessed", "Assessed", "In conference")
    states += ("Plan active", "Monitoring", "Closed")
    assert [one for one, said in zip(states, steps, strict=True) if one not in said] == []
    assert "by a practitioner" in steps[1]
    assert all("by a contextual safeguarding lead" in one for one in (steps[0], *steps[2:]))
