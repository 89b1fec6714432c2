"""Screen a report after it was received: who might be named, advertising, what it may be about.

Runs in the worker, after the commit of whoever sent it: the form and its timing know nothing of
it. Nothing is decided here and nothing discarded; a person reads every report.
"""

import re
from collections import Counter
from collections.abc import Mapping
from uuid import UUID

from sqlalchemy.orm import Session

from app.audit import service as audit
from app.core import clock
from app.core.states import moved
from app.reference import personal
from app.reports import matching, suggestions
from app.reports.models import Report, ReportOriginal
from app.reports.rules import MOVES, State
from app.reports.schemas import APART
from app.reports.sealing import Content, Keys, SealBrokenError, opened

LINK = re.compile(r"(?:https?://|hxxps?://|www\.)\S+", re.IGNORECASE)
ADVERTISING = re.compile(
    r"\b(?:casino|betting odds|viagra|cialis|crypto(?:currency)?|bitcoin|forex|seo|backlinks?|"
    r"payday loans?|cheap loans?|promo code|discount code|\d+% off|click here|buy now|order now|"
    r"free trial|limited offer|make money|earn money|work from home|subscribe|weight loss)\b",
    re.IGNORECASE,
)
LINK_POINTS, ADVERTISING_POINTS, LOOP_POINTS = 1.5, 2.0, 2.0
TOO_MANY_POINTS = 4.0
LOOP_WORDS, LOOP_SHARE = 12, 0.4
REPEATS = 3  # the same words so often in a day are a program's, not a person's


def screen(session: Session, keys: Keys, report_id: UUID) -> None:
    """Once a report; again, it changes nothing. A person who was quicker keeps the state."""
    report = session.get(Report, report_id, with_for_update=True)
    original = session.get(ReportOriginal, report_id)
    if report is None or original is None or original.screened_at is not None:
        return
    try:
        said = opened(original.sealed, keys.triage, report=report_id, use="words")
    except SealBrokenError:
        # Sealed with another secret: still a person's to see, with what is in the clear.
        _settle(session, report, original, [])
        return
    identity = matching.identity(report.where_kind, report.platform_code, report.mode_code, said)
    original.match_hash = matching.marked(keys.matching, identity) if identity else None
    words = _mark_of_words(keys, said)
    points, _ = spam(said)
    reasons = ["SPAM_WORDS"] if points >= TOO_MANY_POINTS else []
    if suggestions.repeats(session, report, words) >= REPEATS:
        reasons.append("REPEATED")
    original.spam_score = points
    original.pii_flags = sorted({span.kind.value for _, span in flagged(said)})
    report.redaction = "NEEDED" if original.pii_flags else "NONE"
    found = suggestions.of(session, keys, report, original, said)
    original.suggestion = found | {"words": words}
    _settle(session, report, original, reasons)


def _settle(session: Session, report: Report, original: ReportOriginal, reasons: list[str]) -> None:
    original.screened_at = clock.now()
    if reasons:
        report.quarantine = list(dict.fromkeys([*report.quarantine, *reasons]))
    if report.state == State.RECEIVED:
        # Danger is never put aside.
        aside = bool(reasons) and report.danger_answer != "YES"
        to = State.QUARANTINED if aside else State.SCREENED
        report.state = moved("report", report.state, to, MOVES)
    audit.record(
        session,
        "report.screen",
        "report",
        report.ref,
        state=report.state,
        flags=original.pii_flags or [],
        quarantine=reasons,
    )


def flagged(said: Mapping[str, str]) -> list[tuple[str, personal.Span]]:
    """By field of the report, in the order of the form: what may identify somebody.

    An online address is what the report is about, and only the lead sees it.
    """
    return [
        (name, span)
        for name, words in said.items()
        if name not in APART
        for span in personal.found(words)
    ]


def spam(said: Content) -> tuple[float, list[str]]:
    """Points, and what they were given for."""
    words = " ".join(text for name, text in said.items() if name not in APART)
    links, adverts = len(LINK.findall(words)), ADVERTISING.findall(words)
    points, reasons = 0.0, []
    if links:
        points += LINK_POINTS * links
        reasons.append(f"{links} web address{'es' if links > 1 else ''} in the words")
    if adverts:
        points += ADVERTISING_POINTS * len({found.casefold() for found in adverts})
        reasons.append("words of advertising")
    if _loops(words):
        points += LOOP_POINTS
        reasons.append("one word again and again")
    return min(points, 99.0), reasons


def _loops(words: str) -> bool:
    said = matching.plain(words).split()
    if len(said) < LOOP_WORDS:
        return False
    return Counter(said).most_common(1)[0][1] / len(said) >= LOOP_SHARE


def _mark_of_words(keys: Keys, said: Content) -> str | None:
    """To count the same words in other reports without reading them; none for a few words."""
    told = matching.plain(said.get("notice_text", ""))
    return matching.marked(keys.matching, told).hex() if len(told.split()) >= 6 else None
