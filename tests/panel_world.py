"""Seeded MARVE panels: who came, what was on the agenda, what was decided, what became of it."""

from datetime import timedelta
from random import Random

import psycopg

from app.core.ids import new_reference, random_id
from tests.pack_world import AGENCIES, SINCE, UNTIL
from tests.sql import world
from tests.sql.world import SOMEBODY

BY = {"created_by": SOMEBODY, "updated_by": SOMEBODY, "is_synthetic": True}
CLOSES = ("SAFER", "NOT_SUBSTANTIATED", "EXPIRED")


def panels(admin: psycopg.Connection, seed: int) -> dict[str, list]:
    """Five meetings, two of them before the window; ten places, some named and some homes."""
    rng = Random(seed)
    places = [_place(admin, rng, number) for number in range(10)]
    made = {"places": places, "meetings": [], "items": [], "tasks": []}
    for days in (-40, -12, 3, 17, 31):
        _meeting(admin, rng, made, SINCE + timedelta(days=days, hours=10))
    return made


def _place(admin, rng, number) -> dict:
    sensitivity = ("PUBLIC_REALM", "MANAGED", "RESIDENTIAL")[number % 3 if number < 6 else 0]
    one = world.Place("K", "H1" if sensitivity == "RESIDENTIAL" else "H0", author=SOMEBODY,
                      sensitivity=sensitivity, type_code="PARK", state="IDENTIFIED")  # fmt: skip
    world.write(one, admin)
    may_name = sensitivity == "MANAGED" and number > 3
    closed = rng.choice([None, None, SINCE + timedelta(days=9), UNTIL + timedelta(days=1)])
    told = {"id": one.id, "named": sensitivity == "PUBLIC_REALM" or may_name,
            "closed": closed, "code": rng.choice(CLOSES) if closed else None,
            "voice": rng.random() < 0.5}  # fmt: skip
    admin.execute(
        "update app.place set may_name = %s, may_name_reason = %s, state = %s, closed_at = %s, "
        "close_code = %s where id = %s",
        (may_name, "Synthetic: the owner agreed to it." if may_name else None,
         "CLOSED" if closed else "IDENTIFIED", closed, told["code"], one.id),
    )  # fmt: skip
    if told["voice"]:
        _voice(admin, one.id)
    return told


def _voice(admin, place) -> None:
    key = random_id()
    world.insert(admin, "app.context_assessment", BY | {
        "id": key, "ref": new_reference("AS"), "agency_code": "AFC", "place_id": place,
        "purpose_code": "CONTEXT_ASSESSMENT", "assessor_user_id": SOMEBODY,
    })  # fmt: skip
    world.insert(admin, "app.assessment_method", BY | {
        "id": random_id(), "assessment_id": key, "method_code": "CHILD_SESSION", "n_children": 4,
        "held_on": (SINCE - timedelta(days=4)).date(),
    })  # fmt: skip


def _meeting(admin, rng, made, held_at) -> None:
    key, state = random_id(), "PLANNED" if held_at > UNTIL else "HELD"
    about = rng.sample(made["places"], 2)
    world.insert(admin, "app.meeting", BY | {
        "id": key, "ref": new_reference("MT"), "agency_code": "AFC", "purpose_code": "MARVE",
        "kind": "MARVE", "held_at": held_at, "state": state, "tier": "H1",
        "place_ids": [one["id"] for one in about], "created_at": held_at - timedelta(days=20),
    })  # fmt: skip
    there = {}
    for agency in AGENCIES:
        there[agency] = rng.choice([True, False, None])
        world.insert(admin, "app.meeting_member", BY | {
            "id": random_id(), "meeting_id": key, "user_id": random_id(), "agency_code": agency,
            "attended": there[agency],
        })  # fmt: skip
    made["meetings"].append({"id": key, "held": held_at, "state": state, "there": there,
                             "about": [one["id"] for one in about]})  # fmt: skip
    for number, one in enumerate(rng.sample(made["places"], 4)):
        _item(admin, rng, made, (key, held_at, number), one)


def _item(admin, rng, made, where, place) -> None:
    meeting, held_at, number = where
    key, put_on = random_id(), held_at - timedelta(days=rng.randint(0, 20), hours=3)
    decided = rng.random() < 0.8
    tasks = [_task(admin, rng, place, held_at) for _ in range(rng.randint(0, 2) * decided)]
    world.insert(admin, "app.meeting_item", BY | {
        "id": key, "meeting_id": meeting, "section": "L", "position": number,
        "subject_kind": "PLACE", "subject_id": place["id"], "body": "Synthetic",
        "decision": "Synthetic" if decided else None, "created_at": put_on,
        "action_ids": [task["id"] for task in tasks],
    })  # fmt: skip
    made["items"].append({"meeting": meeting, "held": held_at, "place": place, "put_on": put_on,
                          "decided": decided, "tasks": tasks})  # fmt: skip


def _task(admin, rng, place, held_at) -> dict:
    key, due = random_id(), (held_at + timedelta(days=rng.randint(2, 30))).date()
    done = held_at + timedelta(days=rng.randint(1, 40))
    state = rng.choice(["OPEN", "DONE", "DONE", "WITHDRAWN"])
    owner = rng.choice(AGENCIES)
    world.insert(admin, "app.plan_action", BY | {
        "id": key, "ref": new_reference("AC"), "agency_code": "AFC", "purpose_code": "PLAN",
        "place_id": place["id"], "response_code": "SAFE_SPACE", "kind": "welfare",
        "body": "Synthetic", "owner_agency": owner, "due_on": due, "created_at": held_at,
    })  # fmt: skip
    admin.execute("delete from app.plan_action_state_change where record_id = %s", (key,))
    for to, at in (("OPEN", held_at), *([(state, done)] if state != "OPEN" else [])):
        world.insert(admin, "app.plan_action_state_change", {
            "record_id": key,
                "place_id": place["id"], "to_state": to, "at": at, "by": SOMEBODY,
        })  # fmt: skip
    return {"id": key, "due": due, "state": state, "at": done, "owner": owner}
