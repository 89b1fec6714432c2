"""Which passwords are too easy to guess. Patterns and a short list of our own, no copied file."""

import re
import unicodedata
from collections.abc import Iterator

SHORTEST, LONGEST = 12, 200
TOO_SHORT = "Use at least 12 characters."
TOO_LONG = "Use at most 200 characters."
TOO_COMMON = "Many people choose a password like this. Use three words that do not belong together."
ABOUT_YOU = "Leave your own name and username out of it."

# What people start from. Digits, capitals and signs around and inside them add next to nothing.
STARTING = """
    password passwort passphrase pass word secret letmein welcome login signin admin
    administrator root user test testing guest default change changeme access open sesame master
    system server computer internet office work company council borough police officer analyst
    school teacher college social worker youth justice service services safeguarding contextual
    context map contextmap safety child children family families kingston richmond london thames
    surrey england britain partnership partner manager team lead audit auditor data protect
    protection hello iloveyou love lovely baby angel princess prince queen king dragon monkey
    tiger lion eagle shadow sunshine summer winter spring autumn monday tuesday wednesday
    thursday friday saturday sunday january february march april may june july august september
    october november december football soccer cricket rugby tennis arsenal chelsea fulham
    liverpool everton tottenham manchester united city brentford palace baseball hockey superman
    batman spiderman starwars pokemon minecraft fortnite trustno one two three four five six
    seven eight nine zero cheese coffee chocolate banana orange apple flower purple yellow
    silver golden black white red blue green mustang ferrari porsche mercedes freedom whatever
    money jesus blessed charlie thomas george oliver jack harry james daniel jessica emily
    sophie michael jordan ashley matthew andrew joshua jennifer hannah please correct horse
    battery staple my the our new old is me you and in it for
"""
WORDS = frozenset(STARTING.split())
ROWS = (
    *("qwertyuiop", "asdfghjkl", "zxcvbnm", "qwertzuiop", "azertyuiop", "1qaz2wsx3edc4rfv5tgb"),
    *("1q2w3e4r5t6y7u8i9o0p", "q1w2e3r4t5y6u7i8o9p0", "abcdefghijklmnopqrstuvwxyz"),
    *("01234567890123456789", "qazwsxedcrfvtgbyhnujm", "112233445566778899"),
)
LEET = str.maketrans("013457@$!|+", "oieastasiit")


def problem(password: str, *, username: str = "", name: str = "") -> str | None:
    """What is wrong with a new password, in words; None when it may be used."""
    if len(password) < SHORTEST:
        return TOO_SHORT
    if len(password) > LONGEST:
        return TOO_LONG
    plain = unicodedata.normalize("NFKC", password).casefold()
    if any(own in plain for own in _parts(username, name)):
        return ABOUT_YOU
    return TOO_COMMON if is_common(plain) else None


def normal(password: str) -> str:
    """The same characters however a keyboard composed them."""
    return unicodedata.normalize("NFKC", password)


def is_common(password: str) -> bool:
    """Made of listed words, runs of the keyboard or alphabet, or one short piece repeated."""
    plain = password.casefold()
    return _repeats(plain) or any(_made_of_patterns(text) for text in _readings(plain))


def _readings(plain: str) -> Iterator[str]:
    """As typed without signs, and with the usual stand-ins read as letters."""
    yield re.sub(r"[\W_]", "", plain)
    yield re.sub(r"[\W\d_]", "", plain.translate(LEET))
    yield re.sub(r"[\W\d_]", "", re.sub(r"[\d\W_]+$|^[\d\W_]+", "", plain).translate(LEET))


def _repeats(plain: str) -> bool:
    """Few different characters, or up to four of them again and again."""
    return len(set(plain)) <= 4 or re.fullmatch(r"(.{1,6}?)\1+.{0,5}", plain, re.DOTALL) is not None


def _made_of_patterns(text: str) -> bool:
    """At most four pieces, each a listed word or a run, and nothing but digits left over."""
    reached = {0: 0}
    for start in range(len(text)):
        if start not in reached:
            continue
        for end in _ends(text, start):
            reached[end] = min(reached.get(end, 99), reached[start] + 1)
    return reached.get(len(text), 99) <= 4


def _ends(text: str, start: int) -> Iterator[int]:
    """Where a piece that begins here may stop."""
    for end in range(start + 2, min(len(text), start + 15) + 1):
        if text[start:end] in WORDS:
            yield end
    yield start + _run(text[start:])
    digits = re.match(r"\d+", text[start:])
    if digits:
        yield start + len(digits[0])


def _run(text: str) -> int:
    """Length of the keyboard or alphabet run it begins with, in either direction."""
    longest = 0
    for row in (*ROWS, *(row[::-1] for row in ROWS)):
        length = 3
        while length <= len(text) and text[:length] in row:
            longest = max(longest, length)
            length += 1
    return longest


def _parts(username: str, name: str) -> set[str]:
    own = re.split(r"[\W_]+", f"{username} {name}".casefold())
    return {part for part in own if len(part) >= 4}
