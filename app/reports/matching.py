"""What may be the same place or the same worry: likeness in numbers and words. Pure.

Runs after a report was received, so that the form never learns what is known. It suggests;
a person decides.
"""

import hashlib
import hmac
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit

from app.places.rules import OnlineAddress
from app.reports import rules

NEAR_M = 150
WITHIN_DAYS = 90
SHINGLE = 3
ALIKE = 0.35  # from here on wording counts as alike where nothing else says where it is
# With a scheme, or a host with something behind it; a full stop in a sentence is none.
HOST = r"(?:[\w-]+\.)+[a-z]{2,24}"
ADDRESS = re.compile(rf"(?<![\w.@-])(?:(https?)://({HOST})|({HOST})(?=[/:?#]|$))", re.IGNORECASE)
TRACKING = re.compile(r"^(utm_\w+|fbclid|gclid|igsh\w*|si|feature|ref)$")
ROUTE_TYPES = {
    "BUS": "ROUTE_BUS",
    "RAIL": "ROUTE_RAIL",
    "TRAM": "ROUTE_RAIL",
    "WALK": "ROUTE_WALK",
    "CYCLE": "ROUTE_WALK",
    "CAR": "ROUTE_VEHICLE",
}


def marked(key: bytes, said: str) -> bytes:
    """What may be compared in the database without telling what it was."""
    return hmac.new(key, said.encode(), hashlib.sha256).digest()


def identity(
    where_kind: str, platform: str | None, mode: str | None, said: Mapping[str, str]
) -> str | None:
    """The online address or account, or the route, in one spelling; None for what has none.

    >>> identity("ONLINE", None, None, {"online_raw": "https://www.Example.com/@Someone/?utm_id=1"})
    'online example.com/someone'
    >>> identity("ROUTE", None, "BUS", {"line": " K2 "})
    'route BUS k2'
    """
    if where_kind == "ONLINE":
        typed = said.get("online_raw", "")
        return one_address(typed) or f"account {platform or 'OTHER'} {plain(typed).strip('@ ')}"
    if where_kind == "ROUTE" and said.get("line"):
        return f"route {mode} {plain(said['line']).replace(' ', '')}"
    return None


def one_address(typed: str) -> str | None:
    """One spelling of a web address, defanged or not; None when it is no address."""
    try:
        read = OnlineAddress.read(typed)
    except ValueError:
        return None
    parts = urlsplit(read.url_defanged.replace("hxxp", "http", 1).replace("[.]", "."))
    host = re.sub(r"^(www|m|mobile)\.", "", read.host)
    path = parts.path.replace("/@", "/").rstrip("/")
    kept = [pair for pair in parse_qsl(parts.query) if not TRACKING.match(pair[0])]
    query = f"?{urlencode(sorted(kept))}" if kept else ""
    # The part after the host may tell capitals apart; people who copy it do not.
    return f"online {host}{path.casefold()}{query}"


def defanged(words: str) -> str:
    """Addresses in a text, so that nothing opens one by accident.

    >>> defanged("He sends https://www.example.com/a.b and chat.example/x to children. Ask a@b.com")
    'He sends hxxps://www[.]example[.]com/a.b and chat[.]example/x to children. Ask a@b.com'
    """
    return ADDRESS.sub(_harmless, words)


def _harmless(found: re.Match[str]) -> str:
    scheme = found[1].lower().replace("http", "hxxp") + "://" if found[1] else ""
    return scheme + (found[2] or found[3]).replace(".", "[.]")


def as_typed(words: str) -> str:
    """A defanged address as it was before."""
    return re.sub(r"\bhxxp(?=s?://)", "http", words).replace("[.]", ".")


def plain(words: str) -> str:
    """Small letters and single spaces, without punctuation."""
    return " ".join(re.findall(r"[\w@]+", words.casefold()))


def shingles(words: str) -> frozenset[tuple[str, ...]]:
    """Every three words in a row; of fewer, the words themselves."""
    said = plain(words).split()
    size = min(SHINGLE, len(said))
    return frozenset(tuple(said[at : at + size]) for at in range(len(said) - size + 1)) - {()}


def likeness(one: str, other: str) -> float:
    """From 0, no three words alike, to 1, the same words.

    >>> likeness("dealing by the bridge at night", "Dealing by the bridge, at night!")
    1.0
    """
    first, second = shingles(one), shingles(other)
    union = first | second
    return len(first & second) / len(union) if union else 0.0


@dataclass(frozen=True, slots=True)
class Seen:
    """One report as compared. `identity` as above; `metres` from the one that is screened."""

    where_kind: str
    worries: Collection[str]
    identity: str | None
    words: str
    metres: float | None = None
    days: int = 0


@dataclass(frozen=True, slots=True)
class Likely:
    """From 0 to 100, and why."""

    score: int
    reasons: tuple[str, ...]


def similar(new: Seen, known: Seen) -> Likely | None:
    """Whether `known` may be about the same; None when it is not worth showing."""
    shared = [code for code in rules.WORRIES if code in new.worries and code in known.worries]
    if new.where_kind != known.where_kind or not shared or known.days > WITHIN_DAYS:
        return None
    alike = likeness(new.words, known.words)
    where = _where(new, known, alike)
    if where is None:
        return None
    points, reason = where
    points += 15 + 5 * min(len(shared) - 1, 2) + round(20 * alike)
    points += round(10 * (1 - known.days / WITHIN_DAYS))
    reasons = [reason, f"Same worry: {', '.join(rules.WORRIES[code] for code in shared)}"]
    reasons.append(f"Received {_apart(known.days)}")
    if alike > 0:
        reasons.append(f"Wording {round(100 * alike)}% alike")
    return Likely(min(points, 100), tuple(reasons))


def _where(new: Seen, known: Seen, alike: float) -> tuple[int, str] | None:
    """Points for being in the same spot, and the sentence."""
    if new.identity is not None and new.identity == known.identity:
        return 45, "Same route" if new.where_kind == "ROUTE" else "Same online address or account"
    if known.metres is not None and known.metres <= NEAR_M:
        return round(45 - 20 * known.metres / NEAR_M), f"{round(known.metres)} metres away"
    if new.where_kind == "DESCRIBED" and alike >= ALIKE:
        return 20, "Both describe where it is in words"
    return None


def _apart(days: int) -> str:
    return "on the same day" if days == 0 else f"{days} day{'s' if days > 1 else ''} apart"


def near_place(metres: float) -> Likely:
    """A place of concern whose shape is close by."""
    words = "The pin is inside its shape" if metres < 1 else f"{round(metres)} metres from the pin"
    return Likely(round(90 - 60 * min(metres, NEAR_M) / NEAR_M), (words,))


def same_route(mode: str | None, line: str | None, type_code: str, name: str) -> bool:
    """A recorded route of that kind whose name holds the line as a word."""
    if not line or ROUTE_TYPES.get(mode or "") != type_code:
        return False
    return plain(line).replace(" ", "") in plain(name).split()
