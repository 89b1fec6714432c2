"""Read an .mbox file that nobody promises anything about: one message at a time, within limits.

What comes out is plain text and few headers. Attachments are counted and never kept; HTML is taken
for its words alone; nothing in a message is followed, fetched or run. Pure.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.header import decode_header
from email.message import Message
from email.utils import getaddresses, parsedate_to_datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import BinaryIO
from unicodedata import normalize

LONGEST_BYTES = 40_000_000
LONGEST_HEADER = 2_000
LONGEST_HEADERS_BYTES = 256_000
LONGEST_TEXT = 200_000
MOST_PARTS = 200
MOST_BOUNDARIES = 60
CHUNK = 65_536
SENDER = re.compile(rb"From \S")
HIDDEN = frozenset({"script", "style", "head", "title", "template", "noscript"})
BLOCKS = frozenset({"p", "div", "br", "li", "tr", "h1", "h2", "h3", "h4", "blockquote", "table"})
# What never ends takes the parser of the library hours: a tag that does not close is text.
LONE = re.compile(r"<(?![^<>]*>)")
DECLARATION = re.compile(r"<[!?][^<>]*>")
ADDRESS = re.compile(r"[^@\s<>\"]{1,64}@[^@\s<>\"]{1,189}")


class UnusableMailError(ValueError):
    """A message that cannot be taken; the words say why, and nothing of it."""


@dataclass(frozen=True, slots=True)
class Mail:
    """What is kept of a message. `key` is the same whenever and wherever the same mail is read."""

    key: bytes
    subject: str
    text: str
    sent: str
    email: str | None
    name: str | None
    attachments: int


def messages(path: Path) -> Iterator[bytes | None]:
    """The raw messages of a file, in its order; None for one that is longer than anybody writes.

    Raises
    ------
    UnusableMailError
        The file does not begin as an .mbox file does.
    """
    with path.open("rb") as file:
        if not SENDER.match(file.readline(CHUNK)):
            raise UnusableMailError("This is not an .mbox file: it does not begin with 'From '.")
        yield from _split(file)


def _split(file: BinaryIO) -> Iterator[bytes | None]:
    parts: list[bytes] = []
    size, blank, fresh = 0, False, True  # fresh: what comes next begins a line
    while line := file.readline(CHUNK):
        if fresh and blank and SENDER.match(line):
            yield b"".join(parts) if size <= LONGEST_BYTES else None
            parts, size, blank = [], 0, False
            fresh = line.endswith(b"\n")
            continue
        size += len(line)
        if size <= LONGEST_BYTES:
            quoted = fresh and line.startswith(b">From ")
            parts.append(line[1:] if quoted else line)
        blank, fresh = fresh and line in {b"\n", b"\r\n"}, line.endswith(b"\n")
    yield b"".join(parts) if size <= LONGEST_BYTES else None


def read(raw: bytes | None) -> Mail:
    """
    What is kept of one message.

    Raises
    ------
    UnusableMailError
        Too long, too deep, or without any words.
    """
    if raw is None:
        raise UnusableMailError(f"Longer than {LONGEST_BYTES // 1_000_000} MB.")
    _refuse_costly(raw)
    try:
        message = message_from_bytes(raw, policy=policy.compat32)
        text, attachments = _words(message)
        return _mail(message, text, attachments, raw)
    except UnusableMailError:
        raise
    except Exception as broken:
        raise UnusableMailError("It cannot be read as an e-mail.") from broken


def _refuse_costly(raw: bytes) -> None:
    end = re.search(rb"\r?\n\r?\n", raw[: LONGEST_HEADERS_BYTES + 4])
    if end is None and len(raw) > LONGEST_HEADERS_BYTES:
        raise UnusableMailError("Its headers are longer than 256 kB.")
    if raw.lower().count(b"boundary") > MOST_BOUNDARIES:
        raise UnusableMailError("It is nested too deeply.")


def _mail(message: Message, text: str, attachments: int, raw: bytes) -> Mail:
    subject = _header(message, "Subject")
    if not text and not subject:
        raise UnusableMailError("It has no words.")
    name, email = _sender(message)
    mail_id = _header(message, "Message-ID") or hashlib.sha256(raw).hexdigest()
    # Programs give one id to several mails: the words tell them apart.
    key = hashlib.sha256(f"{mail_id}\0{subject}\0{text}".encode()).digest()
    return Mail(key, subject, text, _sent(message), email, name, attachments)


def _words(message: Message) -> tuple[str, int]:
    """Plain text, or the text of HTML where there is no other; and how many attachments."""
    plain: list[str] = []
    html: list[str] = []
    attachments = 0
    for number, part in enumerate(message.walk()):
        if number > MOST_PARTS:
            raise UnusableMailError("It has too many parts.")
        if part.is_multipart():
            continue
        kind = part.get_content_type()
        if kind.startswith("multipart/"):  # it says so, and has no parts
            kind = "text/plain"
        if part.get_filename() or kind not in {"text/plain", "text/html"}:
            attachments += 1
        else:
            (plain if kind == "text/plain" else html).append(_decoded(part))
    said = _clean("\n".join(plain)) or _clean("\n".join(map(text_of_html, html)))
    if len(said) > LONGEST_TEXT:
        raise UnusableMailError(f"Its text is longer than {LONGEST_TEXT:,} characters.")
    return said, attachments


def _decoded(part: Message) -> str:
    payload = part.get_payload(decode=True)
    body = payload if isinstance(payload, bytes) else str(payload).encode("utf-8", "replace")
    if len(body) > 8 * LONGEST_TEXT:
        raise UnusableMailError(f"Its text is longer than {LONGEST_TEXT:,} characters.")
    for charset in (part.get_content_charset() or "utf-8", "utf-8"):
        try:
            return body.decode(charset)
        except (LookupError, ValueError):
            continue
    return body.decode("cp1252", "replace")


class _Words(HTMLParser):
    """The words that a person would see, and nothing of what is around them."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self.hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in HIDDEN:
            self.hidden += 1
        elif tag in BLOCKS:
            self.found.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in HIDDEN:
            self.hidden = max(0, self.hidden - 1)
        elif tag in BLOCKS:
            self.found.append("\n")

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.found.append(data)


def text_of_html(source: str) -> str:
    """The words that a person would see.

    >>> text_of_html("<style>x</style><p>Behind the <b>shelter</b></p><script>y()</script>")
    'Behind the shelter'
    """
    parser = _Words()
    parser.feed(DECLARATION.sub("", LONE.sub("&lt;", _without_comments(source))))
    parser.close()
    return re.sub(r"[^\S\n]+", " ", "".join(parser.found)).strip()


def _without_comments(source: str) -> str:
    """A comment without an end is text: the parser would look for its end from each beginning."""
    kept, at = [], 0
    while (begin := source.find("<!--", at)) >= 0:
        end = source.find("-->", begin + 4)
        if end < 0:
            break
        kept.append(source[at:begin])
        at = end + 3
    return "".join([*kept, source[at:]])


def _header(message: Message, name: str) -> str:
    """Decoded, on one line, and no longer than anybody reads."""
    said = str(message.get(name, ""))[:LONGEST_HEADER]
    try:
        pieces = [
            piece.decode(charset or "utf-8", "replace") if isinstance(piece, bytes) else piece
            for piece, charset in decode_header(said)
        ]
        said = "".join(pieces)
    except (ValueError, LookupError):
        pass  # as it stands
    return " ".join(_clean(said).split())


def _sender(message: Message) -> tuple[str | None, str | None]:
    """Who would be answered."""
    for header in ("Reply-To", "From"):
        for name, address in getaddresses([_header(message, header)]):
            if ADDRESS.fullmatch(address):
                return name[:100] or None, address
    return None, None


def _sent(message: Message) -> str:
    try:
        return parsedate_to_datetime(_header(message, "Date")).strftime("%Y-%m-%d %H:%M")
    except (ValueError, TypeError, OverflowError):
        return ""


def _clean(text: str) -> str:
    """Without what cannot be shown: controls, and halves of characters."""
    kept = (
        normalize("NFC", text)
        .replace("\r\n", "\n")
        .replace("\r", "\n")
        .encode("utf-8", "replace")
        .decode()
    )
    kept = "".join(c for c in kept if c in "\n\t" or (c >= " " and not "\x7f" <= c <= "\x9f"))
    return re.sub(r"\n{3,}", "\n\n", kept).strip()
