"""From a report of the public to a place of concern that is assessed, page by page."""

import re
import time
from datetime import date, timedelta

from app.assessments.indicators import CODES
from app.core import clock
from app.reports.jobs import SCREEN
from app.reports.screening import screen
from app.reports.sealing import Keys
from tests.e2e.life import PHONE, Life, Someone

SLOW_ENOUGH_S = 2.5  # somebody who sends faster than anybody reads waits in quarantine
IDENTIFY = "Identify it as a place of concern"
SHOP = "Takeaway, corner shop, cafe, vape or phone shop"


def a_resident_reports(life: Life, settings) -> None:
    """Without an account, on a telephone."""
    resident = life.people["resident"] = Someone(life, size=PHONE)
    resident.open("/report").picture("resident-start").press("Start now").tick("No")
    resident.press("Continue").tick("A place I can point to").press("Continue")
    resident.write(where_q="KT1 1EU").press("Continue")
    resident.write(match="0", where_text="The covered steps in front of the shop")
    resident.press("Continue").tick("Drugs or county lines", "It feels unsafe")
    noticed = "Adults wait here after school. They give children food, then ask them to carry bags."
    resident.write(notice_text=noticed).picture("resident-what").press("Continue")
    resident.tick("It happens often", "After school").press("Continue").press("Continue")
    time.sleep(SLOW_ENOUGH_S)
    resident.reads("KT1 1EU", noticed).picture("resident-check").press("Send")
    resident.reads("We have received it", "Your code").picture("resident-done")
    ((report,),) = life.write("select id from app.report order by created_at desc limit 1")
    with life.db.begin(SCREEN) as session:  # the worker does it
        screen(session, Keys.of(settings), report)


def the_lead_decides_about_it(life: Life, lead: Someone) -> None:
    lead.open("/").picture("lead-work-list").open("/reports").press(re.compile("^Take"))
    lead.reads("They give children food").write(identifiable="NO", tone="CARE")
    lead.tick("County lines", "Unsafe surroundings", "Propose a new place")
    lead.page.get_by_label("What kind of place is it?").select_option(label=SHOP)
    lead.write(new_name="Corner shop at the steps").picture("lead-triage").press("Decide")
    lead.reads("A new place is proposed").press("Corner shop at the steps")
    life.place = lead.ref


def it_is_not_identified_by_one_report(life: Life, worker: Someone, lead: Someone) -> None:
    """The practitioner screens it; the lead is refused, and told what is missing."""
    decides(worker, life, "Screen it", "Many children use the steps.", class_confirmed="yes")
    worker.reads("Screened")
    decides(lead, life, IDENTIFY, "A resident tells of harm to children.", level="CL3")
    lead.reads("Two independent items are needed", "1 item counts that you may see")
    lead.picture("lead-refused", axe=True)


def decides(someone: Someone, life: Life, what: str, why: str, **fields: str) -> None:
    someone.open(f"/places/{life.place}").press("Decide what happens next").tick(what)
    someone.write(reason=why, **fields).press("Decide")


def the_police_add_what_they_know(life: Life, police: Someone, second: Someone) -> None:
    """Graded 1A by one analyst, checked and released by another."""
    police.open("/intelligence").press("Write an item").press("Start a new item").press("Kind")
    police.write(kind="OBSERVATION").press("Save and go on")
    police.write(where="PLACE", place=life.place).press("Save and go on")
    police.write(when="NOT_KNOWN").press("Save and go on")
    police.write(body="Adults hand bags to children at the shop and wait until they come back.")
    police.write(discovered_by="CASEWORK").press("Save and go on")
    police.write(source_eval="1", info_assess="A", handling="P").picture("police-grades")
    police.press("Save and go on").tick("County lines").press("Save and go on")
    police.picture("police-check").press("Send for QA")
    second.open(f"/intelligence/{police.ref}").press("Check it").press("Take it into QA")
    second.write(decision="RELEASE").picture("police-second").press("Decide").reads("Released")


def it_is_identified(life: Life, lead: Someone, assessor: str) -> None:
    decides(lead, life, IDENTIFY, "A resident and the police tell of the same.", level="CL3")
    lead.reads("Identified").press("Decide what happens next").tick("Begin an assessment")
    who = lead.page.locator("#assessor option", has_text=assessor).first.get_attribute("value")
    lead.write(assessor=who, boundary="The shop, the covered steps and both landings.")
    lead.write(reason="Two sources tell of the same harm, so we look at the place.")
    lead.picture("lead-assessing").press("Decide").reads("Being assessed").picture("lead-place")


def two_practitioners_assess_it(life: Life, worker: Someone, youth: Someone) -> str:
    """One looks, the other asks children; each answers what they know."""
    worker.open(f"/places/{life.place}/assessments").press("Begin an assessment")
    worker.write(prompted_by="REPORT", bounds="AROUND", radius_m="60")
    worker.write(boundary_reason="The shop, the landings and the ways into them.")
    worker.picture("practitioner-begins", axe=True).press("Begin")
    at = f"/assessments/{worker.ref}"
    step(worker, at, "Begin scoping")
    monday, saturday = last(0), last(5)
    held(worker, at, monday, method_code="DESKTOP")
    held(worker, at, monday, method_code="OBSERVATION", day_part="AFTER_SCHOOL", after_dark="no")
    held(worker, at, monday, method_code="OBSERVATION", day_part="EVENING", after_dark="yes")
    held(worker, at, saturday, method_code="OBSERVATION", day_part="DAYTIME", after_dark="no")
    held(youth, at, monday, method_code="CHILD_SESSION", n_children="9")
    step(worker, at, "Begin gathering")
    answered(youth, at, CODES[:9], children="3")
    answered(worker, at, CODES[9:18])
    answered(worker, at, CODES[18:])
    for column, view, body in (
        ("WORKING", "CHILDREN", "The shopkeeper knows us and lets us wait inside."),
        ("WORRIED", "CHILDREN", "Nobody sees the lower landing after dark."),
        ("NEEDS", "PARENTS_CARERS", "Light, and an adult whom children trust."),
    ):
        youth.open(f"{at}/signs/new").write(column_code=column, view=view, body=body).press("Save")
    scored(youth, at, monday, "CHILDREN", "9", "3")
    scored(worker, at, monday, "POLICE", "2", "6")
    worker.picture("practitioner-signs").open(at).picture("practitioner-tasks")
    step(worker, at, "Begin the analysis")
    step(worker, at, "Send to peer review")
    return at


def last(weekday: int) -> date:
    """The newest such day of the week that is over."""
    day = clock.today() - timedelta(days=1)
    return day - timedelta(days=(day.weekday() - weekday) % 7)


def step(someone: Someone, at: str, words: str) -> None:
    someone.open(f"{at}/check").press(words)


def held(someone: Someone, at: str, day: date, **fields: str) -> None:
    someone.open(f"{at}/methods/new").write(**fields).dated("held_on", day).press("Save")


def scored(someone: Someone, at: str, day: date, party: str, people: str, score: str) -> None:
    someone.open(f"{at}/scale/new").write(party=party, n_people=people, score=score)
    someone.dated("on_date", day).press("Save")


def answered(someone: Someone, at: str, codes: list[str], children: str = "") -> None:
    """The nine questions of a domain, one after the other."""
    someone.open(f"{at}/items/{codes[0]}")
    for code in codes:
        assert someone.ref == code
        if children:
            someone.write(rating_CHILDREN=children)
        someone.write(rating_SETTLED="3")
        if code == "D2_TRUST":
            someone.picture("practitioner-question")
        someone.press("Save and go to the next question")


def another_lead_signs_it(life: Life, lead: Someone, peer: Someone, at: str) -> None:
    """Never its author."""
    ref = at.removeprefix("/assessments/")
    peer.open("/").press("Assessments to review").press(ref).press("Check and send")
    peer.write(signed="yes").picture("peer-signs").press("Approve and sign")
    peer.reads("Approved by").picture("peer-whole")
    decides(lead, life, "End the assessment", "It is signed by a second lead.")
    lead.reads("Assessed", "Children were heard")
