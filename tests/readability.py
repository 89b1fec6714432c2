"""How many years of school a text asks for (Flesch and Kincaid)."""

import re

VOWELS = re.compile(r"[aeiouy]+")


def syllables(word: str) -> int:
    """
    Groups of vowels, without a silent e at the end.

    >>> [syllables(word) for word in ("place", "safe", "table", "worries", "anonymous")]
    [1, 1, 2, 2, 4]
    """
    low = word.lower()
    count = len(VOWELS.findall(low))
    silent = low.endswith("e") and not low.endswith("le") and count > 1
    return max(1, count - silent)


def grade(lines: list[str]) -> float:
    """Of sentences; a line without a full stop is one, and addresses are no words."""
    text = ". ".join(line.rstrip(".:?! ") for line in lines if line.strip())
    text = re.sub(r"\S+[@/]\S+|[\w-]+(\.[\w-]+){2,}", "", text)
    sentences = [s for s in re.split(r"[.!?:]+(?:\s|$)", text) if re.search("[A-Za-z]", s)]
    words = re.findall(r"[A-Za-z]+(?:['\u2019][A-Za-z]+)?", text)
    if not words:
        return 0.0
    spoken = sum(syllables(word) for word in words)
    return 0.39 * len(words) / len(sentences) + 11.8 * spoken / len(words) - 15.59
