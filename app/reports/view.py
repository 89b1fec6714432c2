"""What the report page shows, put together for its reader. Opening is done, and audited, here."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.audit import service as audit
from app.core import clock
from app.core.partnership import Partnership
from app.places.models import Place
from app.places.queries import boroughs as borough_names
from app.places.queries import language, place_types
from app.places.rules import lint
from app.reference import queries as reference
from app.reports import decisions, inbox, queries, replies, rules, screening, triage, unfinished
from app.reports.matching import defanged
from app.reports.models import Report, ReportOutcome
from app.reports.rules import UNDECIDED, State
from app.reports.sealing import Keys
from app.reports.triage import LABELS, Extract, Opened
from geo import crs


class Piece(NamedTuple):
    """A stretch of what was said; `n` where it may identify somebody."""

    text: str
    n: int | None


class Pin(NamedTuple):
    """Where the reporter pointed, to be shown in a picture and opened on the map."""

    lon: float
    lat: float
    accuracy_m: int | None


class NearPlace(NamedTuple):
    ref: str
    name: str
    type: str
    metres: int | None
    level: str
    score: int
    reasons: Sequence[str]


def for_lead(
    session: Session, keys: Keys, report: Report, told: Partnership, sent: Mapping[str, str] | None
) -> dict[str, Any]:
    """Everything: words, extracts, suggestions, mailbox, the form of triage."""
    found = triage.opened_by(session, keys, report)
    audit.record(session, "report.read", "report", report.ref)
    suggestion = found.original.suggestion or {}
    kept = unfinished.saved(keys, found)
    values = dict(sent) if sent is not None else kept.get("sent") or _before(keys, found)
    kept_outcomes = queries.outcomes(session, report)
    session.flush()
    return facts(session, report) | {
        "found": found,
        "said": [(LABELS[n], list(pieces(n, words, found.extracts))) for n, words in _shown(found)],
        "came": inbox.came(session, report),
        "pin": _pin(report),
        "about_ref": found.said.get("about_ref"),
        "near_places": list(_near(session, suggestion.get("places", []))),
        "like_reports": suggestion.get("reports", []),
        "spam": screening.spam(found.said),
        "spam_limit": screening.TOO_MANY_POINTS,
        "messages": replies.messages(session, keys, report),
        "taken_by": queries.name_of(session, found.original.assigned_to),
        "merged_into": queries.ref_of(session, found.original.duplicate_of_id),
        "merged_here": [each.ref for each in queries.merged_into(session, report)],
        "told_too": [each.ref for each in replies.merged_too(session, report)],
        "outcomes": list(_outcomes(session, kept_outcomes)),
        "remarks": _remarks(session, kept_outcomes),
        "triaged": list(_triaged(session, report)) if report.tone else [],
        "history": queries.history(session, report),
        "templates": replies.offered(report),
        "quarantine": inbox.quarantine_words(report),
        "steps": rules.STATES,
        "values": values,
        "saved_at": datetime.fromisoformat(kept["at"]) if kept and sent is None else None,
        "ticked_harms": [name[5:] for name in values if name.startswith("harm_")],
        "front_door": told.front_door,
        **choices(session, report, sorted(told.codes)),
    }


def _pin(report: Report) -> Pin | None:
    if report.pin is None:
        return None
    ((lon, lat),) = crs.to_wgs84([report.pin])
    return Pin(round(float(lon), 5), round(float(lat), 5), report.pin_accuracy_m)


def for_others(session: Session, keys: Keys, report: Report) -> dict[str, Any]:
    """What is left after redaction; no contact, no flags, no online address."""
    words = triage.redacted(keys, report).get("words", {})
    audit.record(session, "report.read", "report", report.ref, view="redacted")
    shown = [name for name in LABELS if name in words]
    said = [(LABELS[name], [Piece(defanged(words[name]), None)]) for name in shown]
    harms = {harm.code: harm.label for harm in reference.harms(session)}
    outcomes = [rules.OUTCOMES.get(code, code) for code in report.outcome_codes]
    return facts(session, report) | {
        "said": said,
        "outcomes": outcomes,
        "harms": [harms.get(code, code) for code in report.harm_codes],
    }


def facts(session: Session, report: Report) -> dict[str, Any]:
    """What is in the clear, in words."""
    names = borough_names(session)
    due = inbox.due_at(report.created_at)
    return {
        "report": report,
        "where": inbox.whereabouts(session, [report], names)[report.id],
        "state_words": rules.STATES[report.state],
        "undecided": report.state in UNDECIDED,
        "due": inbox.due_words(due, clock.now()),
        "overdue": due <= clock.now(),
        "boroughs": names,
        "facts": [(label, words) for label, words in _facts(session, report, names) if words],
    }


def _facts(
    session: Session, report: Report, names: Mapping[str, str]
) -> Iterator[tuple[str, str | None]]:
    platforms = dict(reference.codes(session, "platform"))
    lad = report.out_of_area_lad
    yield "In danger now", rules.DANGER.get(report.danger_answer)
    yield "Worries", "; ".join(rules.WORRIES.get(code, code) for code in report.what_ticks)
    yield "When", rules.WHEN_KINDS.get(report.when_kind)
    yield "Time of day", _parts(report.day_parts)
    yield "Platform", platforms.get(report.platform_code or "", report.platform_code)
    yield "Who can see it", rules.AUDIENCES.get(report.audience or "")
    yield "How they know", rules.HOW_KNOWN.get(report.how_known or "")
    count = report.child_count_band
    yield "How many children", rules.CHILD_COUNTS.get(count) if count != "NOT_KNOWN" else None
    yield "Reported by", rules.REPORTER_KINDS.get(report.reporter_kind)
    yield "Outside area", names.get(lad, lad) if lad else None
    yield from _as_sent(report)


def _triaged(session: Session, report: Report) -> Iterator[tuple[str, str]]:
    """What the lead found, once it is decided."""
    known = {harm.code: harm.label for harm in reference.harms(session)}
    harms = "; ".join(known.get(code, code) for code in report.harm_codes)
    yield "Harms", harms or "None chosen"
    yield "Tone", rules.TONES.get(report.tone or "", "Not said")


def _as_sent(report: Report) -> Iterator[tuple[str, str | None]]:
    """What the reporter ticked, where triage says otherwise."""
    sent = (report.provenance or {}).get("sent", {})
    if sent.get("day_parts", report.day_parts) != report.day_parts:
        yield "Time of day, as it was sent", _parts(sent["day_parts"]) or "Not said"
    if sent.get("how_known", report.how_known) != report.how_known:
        yield "How they know, as it was sent", rules.HOW_KNOWN.get(sent["how_known"], "Not said")


def _parts(codes: Sequence[str]) -> str:
    return "; ".join(rules.DAY_PARTS.get(code, code) for code in codes)


def choices(session: Session, report: Report, partners: Sequence[str]) -> dict[str, Any]:
    """What the lists of the form offer. Suggested harms come first and are not ticked."""
    suggested = {
        code for worry in report.what_ticks for code in rules.HARMS_OF_WORRY.get(worry, ())
    }
    harms = [(harm.code, harm.label) for harm in reference.harms(session) if not harm.valid_to]
    return {
        "harms_suggested": [pair for pair in harms if pair[0] in suggested],
        "harms_others": [pair for pair in harms if pair[0] not in suggested],
        "discovered": reference.codes(session, "discovered_by"),
        "how_known": rules.HOW_KNOWN.items(),
        "day_parts": rules.DAY_PARTS.items(),
        "tones": rules.TONES.items(),
        "reasons": rules.NFA_REASONS.items(),
        "by_hand": rules.CHOSEN_BY_HAND.items(),
        "place_types": [(found.code, found.label) for found in place_types(session)],
        "other_boroughs": decisions.others(session, partners).items(),
        "partner_boroughs": [(c, n) for c, n in borough_names(session).items() if c in partners],
    }


def pieces(name: str, words: str, extracts: Sequence[Extract]) -> Iterator[Piece]:
    """Cut where something may identify somebody, so that the page can mark it; no address opens."""
    at = 0
    for each in sorted((e for e in extracts if e.name == name), key=lambda each: each.start):
        yield Piece(defanged(words[at : each.start]), None)
        yield Piece(defanged(each.text), each.n)
        at = each.end
    yield Piece(defanged(words[at:]), None)


def _shown(found: Opened) -> list[tuple[str, str]]:
    return [(name, str(found.said[name])) for name in LABELS if name in found.said]


def _before(keys: Keys, found: Opened) -> dict[str, Any]:
    """What the reporter said, and what was decided the last time; nothing of ours is ticked."""
    report, cut = found.report, triage.cut_before(keys, found.report)
    values: dict[str, Any] = {f"part_{part}": "yes" for part in report.day_parts}
    values |= {"how_known": report.how_known, "sent_to": report.out_of_area_lad}
    if report.tone is not None:  # decided once before
        values |= {f"harm_{code}": "yes" for code in report.harm_codes}
        values |= {"tone": report.tone, "discovered_by": report.discovered_by}
    values |= {f"choice_{n}": said for n, said in cut.choices.items()}
    values |= {f"why_{n}": said for n, said in cut.whys.items()}
    return values | {"also": "\n".join(cut.also)}


def _near(session: Session, suggested: Sequence[Mapping[str, Any]]) -> Iterator[NearPlace]:
    """As they are called now; one that is gone since is left out."""
    refs = [found["ref"] for found in suggested]
    known = {p.ref: p for p in session.scalars(select(Place).where(Place.ref.in_(refs)))}
    types = {found.code: found.label for found in place_types(session)}
    for found in suggested:
        place = known.get(found["ref"])
        if place is not None and place.state != State.CLOSED:
            label = types.get(place.type_code, place.type_code)
            told = (found["metres"], place.level, found["score"], found["reasons"])
            yield NearPlace(place.ref, place.name, label, *told)


def _remarks(session: Session, kept: Sequence[ReportOutcome]) -> list[str]:
    """What the word list says of the notes, and of the name of a place that was proposed."""
    new = [each.place_id for each in kept if each.code == "NEW_PLACE"]
    names = session.scalars(select(Place.name).where(Place.id.in_(new))).all()
    said = "\n".join([*names, *(each.note for each in kept if each.note)])
    return [remark.sentence for remark in lint(said, language(session))]


def _outcomes(
    session: Session, kept: Sequence[ReportOutcome]
) -> Iterator[tuple[str, Place | None, str | None, ReportOutcome]]:
    for each in kept:
        place = session.get(Place, each.place_id) if each.place_id else None
        other = queries.ref_of(session, each.other_report_id)
        yield rules.OUTCOMES[each.code], place, other, each
