"""The documents lead where they say, and each can be found from the README."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted(ROOT.glob("docs/**/*.md")), *ROOT.glob("data/*.md")]
LINK = re.compile(r"\]\(([^)#\s]+)")
FILE = re.compile(r"`((?:app|data|docs|frontend|geo|migrations|scripts|tests)/[\w./-]+)`")


def targets(document):
    return [
        (document.parent / to).resolve()
        for to in LINK.findall(document.read_text())
        if not to.startswith(("https:", "http:", "mailto:"))
    ]


def name(path):
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_every_link_and_every_named_file_is_there(document):
    named = [ROOT / path for path in FILE.findall(document.read_text())]

    assert [str(to) for to in targets(document) + named if not to.exists()] == []


def test_every_document_can_be_found_from_the_readme():
    found, waiting = set(), [ROOT / "README.md"]
    while waiting:
        document = waiting.pop()
        found.add(document)
        listed = [
            each for to in targets(document) for each in (to.glob("*.md") if to.is_dir() else [to])
        ]
        waiting += [to for to in listed if to.suffix == ".md" and to not in found]

    assert [name(document) for document in DOCUMENTS if document not in found] == []


def test_the_operators_year_leads_to_every_page_for_operators():
    year = ROOT / "docs" / "operator" / "year.md"
    pages = set(ROOT.glob("docs/operator/*.md")) - {year}

    assert sorted(name(page) for page in pages - set(targets(year))) == [], f"Link in {name(year)}."


def test_no_two_decisions_have_one_number():
    numbers = [path.name[:4] for path in ROOT.glob("docs/adr/*.md")]

    assert sorted(n for n in set(numbers) if numbers.count(n) > 1) == []


def test_a_decision_says_its_own_number():
    for path in ROOT.glob("docs/adr/*.md"):
        assert path.read_text().startswith(f"# {int(path.name[:4])}. "), name(path)
