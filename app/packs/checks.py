"""Checks of a pack before its chairs may sign it. Each has one sentence; what stops is mended."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.core.personal import PERSONAL, strings
from app.packs.content import Json
from app.packs.rules import Kind
from app.places.rules import LanguageRule, lint

K3 = 'Part "{part}" may identify someone: {field}.'
K4 = 'Part "{part}" fails the language check.'
K10_RECIPIENTS = "A conditional item has no recipients."
K10_CONDITIONS = "A conditional item does not say its conditions."
K10_SUMMARY = "The summary holds a conditional item."
K11 = 'An address could be found from part "{part}".'
K11_SUMMARY = "An address could be found from the summary."
HOME = "Address PL-"


@dataclass(frozen=True, slots=True)
class Subject:
    """What is checked; `homes` are reference and name of every place that is a home."""

    kind: Kind
    sections: Sequence[Json]
    summary: Sequence[Json]
    language: Sequence[LanguageRule]
    homes: Sequence[tuple[str, str]] = ()


def problems(of: Subject) -> list[dict[str, str]]:
    """In the order of their numbers; empty when the chairs may sign."""
    found = (*_personal(of), *_language(of), *_conditional(of), *_homes(of))
    return [{"code": code, "words": words, "stops": "yes"} for code, words in found]


def items(section: Json) -> Iterator[Json]:
    """Every item of a section, the parts of pages too."""
    for item in section["items"]:
        yield item
        yield from item.get("parts", ())


def words_of(item: Json) -> str:
    """What is printed of an item for who may read all of it, but the references of children."""
    rows = (one for row in item.get("rows", ()) for one in row)
    conditions = (item["conditional"] or {}).get("conditions", "")
    said = (item["body"], item["inner"], conditions, *rows)
    return " \n".join(str(one) for one in said)


def _personal(of: Subject) -> Iterator[tuple[str, str]]:
    """K3; a child's reference stands in its own field, and in a daily briefing nowhere."""
    for section in of.sections:
        told = " \n".join(words_of(item) for item in items(section))
        if of.kind is Kind.DAILY:
            told += " ".join(one for item in items(section) for one in item["children"])
        yield from _identifying(section["title"], told)
    yield from _identifying("Summary", " \n".join(strings(list(of.summary))))


def _identifying(part: str, told: str) -> Iterator[tuple[str, str]]:
    for field, pattern in PERSONAL:
        if pattern.search(told):
            yield "K3", K3.format(part=part, field=field)


def _language(of: Subject) -> Iterator[tuple[str, str]]:
    for section in of.sections:
        told = [words_of(item) for item in items(section)]
        if any(one.severity == "stop" for said in told for one in lint(said, of.language)):
            yield "K4", K4.format(part=section["title"])


def _conditional(of: Subject) -> Iterator[tuple[str, str]]:
    """K10."""
    for section in of.sections:
        for item in items(section):
            if item["conditional"] and not item["conditional"]["recipients"]:
                yield "K10", K10_RECIPIENTS
            if item["conditional"] and not item["conditional"]["conditions"].strip():
                yield "K10", K10_CONDITIONS
    if any("conditional" in said.lower() for said in strings(list(of.summary))):
        yield "K10", K10_SUMMARY


def _homes(of: Subject) -> Iterator[tuple[str, str]]:
    """K11: a home is its reference, in an item that says it is about a home; never a name."""
    for section in of.sections:
        if any(_leads_home(item, of.homes) for item in items(section)):
            yield "K11", K11.format(part=section["title"])
    told = " \n".join(strings(list(of.summary)))
    if HOME in told or any(part in told for home in of.homes for part in home):
        yield "K11", K11_SUMMARY


def _leads_home(item: Json, homes: Sequence[tuple[str, str]]) -> bool:
    said = words_of(item)
    named = any(name in said for ref, name in homes if name != f"Address {ref}")
    told = HOME in said or any(ref in said for ref, _ in homes)
    return named or (told and not item["home"])
