"""No key, password or token lies in the project."""

import math
import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
KINDS = {
    "a private key": re.compile(r"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----"),
    "a key of age": re.compile(r"AGE-SECRET-KEY-1[0-9A-Z]{58}"),
    "a token with a known beginning": re.compile(
        r"\b(?:ghp_|gho_|github_pat_|glpat-|xox[bap]-|sk_live_|AKIA|ASIA|pypi-AgEI|npm_)\w{12,}"
    ),
    "a signed token": re.compile(r"\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}"),
    "a password in an address": re.compile(
        r"\b[a-z+]{3,12}://[^\s:/@\"'{}<>]+:([^\s/@\"'{}<>$]{3,})@"
    ),
    "a key in a setting": re.compile(
        r"(?i)\b\w*(?:secret|password|passwd|token|api_?key)\w*[\"']?\s*[:=]\s*[\"']([^\"'\s]{20,})[\"']"
    ),
}
# What an address or a setting of an example says instead of a secret.
INSTEAD = re.compile(
    r"(?i)example|password|secret|synthetic|change|ROLE|word|user|\.\.\.|%s|test|canary|JBSWY3DPEHPK"
)
TEXT = {
    ".py",
    ".toml",
    ".yaml",
    ".yml",
    ".md",
    ".js",
    ".html",
    ".sql",
    ".json",
    ".sh",
    ".txt",
    ".env",
}
# Hashes of known files, and the bill of materials that repeats them.
OF_HASHES = {"requirements.lock", "sbom.cdx.json", "manifest.json"}


def randomness(text: str) -> float:
    """Bits a letter: words have less than four, keys more."""
    counts = Counter(text).values()
    return -sum(n / len(text) * math.log2(n / len(text)) for n in counts)


def secrets_in(text: str) -> list[str]:
    found = []
    for kind, expression in KINDS.items():
        for match in expression.finditer(text):
            said = match.group(match.lastindex or 0)
            named = match.lastindex is not None
            if named and (INSTEAD.search(said) or randomness(said) < 3):
                continue
            found.append(f"{kind}: {said[:12]}")
    return found


FOLDERS = ("app", "geo", "migrations", "tests", "scripts", "docs", "frontend", "data")


def project() -> list[Path]:
    """Every text of the project; what is larger is data of others."""
    inside = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*")]
    return [
        path
        for path in [*inside, *ROOT.glob("*"), *ROOT.glob(".env*")]
        if (path.suffix in TEXT or path.parent.name == "scripts" or path.name.startswith(".env"))
        and path.is_file()
        and path.stat().st_size < 300_000
    ]


@pytest.mark.asvs("13.3.1")
def test_no_secret_is_in_the_project():
    files = [p for p in project() if p.name not in OF_HASHES and p != Path(__file__)]
    found = {str(p.relative_to(ROOT)): secrets_in(p.read_text(errors="replace")) for p in files}

    assert len(files) > 1000
    assert {name: what for name, what in found.items() if what} == {}


@pytest.mark.parametrize(
    "planted",
    [
        "-----BEGIN PRIVATE KEY-----",
        "-----BEGIN OPENSSH PRIVATE KEY-----",
        "AGE-SECRET-KEY-1" + "Q" * 58,
        "token = ghp_" + "a1B2" * 6,
        "AKIA" + "ABCDEFGH12345678",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJsZWFkMSJ9.c2lnbmF0dXJlLW9mLWl0",
        "DATABASE_URL=postgresql://owner:hK7d9Qz2@db/app",
        'SECRET_KEY = "q8Zt4vLm2Xc9Rb7Nk1Wd5Ye3"',
        "api_key: 'f3a9c17be4d2086f95ab73c1'",
    ],
)
def test_a_planted_one_is_found(planted):
    assert secrets_in(planted) != []


@pytest.mark.parametrize(
    "innocent",
    [
        "smtps://user:password@host:465",
        'secret_key="a key of the tests only"',
        'token = "aaaaaaaaaaaaaaaaaaaaaaaaaaaa"',
        "postgresql://{user}:{password}@{host}/db",
    ],
)
def test_what_only_speaks_of_secrets_is_left_alone(innocent):
    assert secrets_in(innocent) == []
