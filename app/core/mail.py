"""Outgoing mail. Sent after the commit; what cannot be sent is logged without its words."""

import smtplib
import ssl
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from ipaddress import ip_address
from threading import BoundedSemaphore
from typing import NamedTuple, Protocol
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from app.core import clock, log
from app.core.settings import Settings

TIMEOUT_S = 15
WAITING = 200  # letters at most; a mail server that hangs must not fill the memory
PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}


class Mail(NamedTuple):
    """One letter. The words hold no case content, ever: mail is not a safe place."""

    to: str
    subject: str
    text: str


class Mailer(Protocol):
    """Sends, or says in the log that it could not. Never fails and never makes anybody wait."""

    def send(self, to: str, subject: str, text: str) -> None: ...


@dataclass(slots=True)
class NoMail:
    """No mail server is set."""

    def send(self, to: str, subject: str, text: str) -> None:
        log.info("mail.not-sent")


@dataclass(slots=True)
class RecordedMail:
    """Keeps letters instead of sending them, for tests."""

    sent: list[Mail] = field(default_factory=list)

    def send(self, to: str, subject: str, text: str) -> None:
        self.sent.append(Mail(to, subject, text))


@dataclass(frozen=True, slots=True)
class Server:
    """Where mail goes out, and in whose name."""

    host: str
    port: int
    scheme: str
    user: str | None
    password: str | None
    sender: str

    @classmethod
    def of(cls, url: str, base_url: str) -> "Server":
        """`smtp://`, `smtp+starttls://` or `smtps://user:password@host:port?from=address`.

        ValueError in words when it is none of these.
        """
        parts = urlsplit(url)
        if parts.scheme not in PORTS or not parts.hostname:
            raise ValueError(
                "CONTEXTMAP_SMTP_URL begins with smtp://, smtp+starttls:// or smtps:// and a host."
            )
        secret = _unquoted(parts.password)
        if secret and parts.scheme == "smtp" and not _is_here(parts.hostname):
            raise ValueError(
                "CONTEXTMAP_SMTP_URL would send a password in the clear: "
                "use smtps:// or smtp+starttls://."
            )
        return cls(
            host=parts.hostname,
            port=parts.port or PORTS[parts.scheme],
            scheme=parts.scheme,
            user=_unquoted(parts.username),
            password=secret,
            sender=_sender(parts, base_url),
        )


@dataclass(frozen=True, slots=True)
class Post:
    """Sends a letter at once, and fails aloud: for jobs that note what was sent."""

    server: Server

    def __call__(self, mail: Mail, key: str) -> None:
        """The letter of one `key` has the same Message-ID each time: a repeated one is known."""
        with _connected(self.server) as smtp:
            smtp.send_message(_letter(self.server, mail, key))


class SmtpMail:
    """Letters wait for one thread, so that no request waits for a mail server."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self._sender = ThreadPoolExecutor(max_workers=1, thread_name_prefix="mail")
        self._room = BoundedSemaphore(WAITING)

    def send(self, to: str, subject: str, text: str) -> None:
        if not self._room.acquire(blocking=False):
            log.error("mail.not-sent")
            return
        self._sender.submit(self._deliver, Mail(to, subject, text))

    def close(self) -> None:
        """Waits for what is still to be sent."""
        self._sender.shutdown()

    def _deliver(self, mail: Mail) -> None:
        try:
            with _connected(self.server) as smtp:
                smtp.send_message(_letter(self.server, mail))
        except (OSError, smtplib.SMTPException, ValueError) as failed:
            log.error("mail.not-sent", error=failed)
        finally:
            self._room.release()


def mailer_of(settings: Settings) -> Mailer:
    """What the settings say; ValueError in words when they cannot be used."""
    server = _server_of(settings)
    return NoMail() if server is None else SmtpMail(server)


def post_of(settings: Settings) -> Post | None:
    """None where no mail server is set."""
    server = _server_of(settings)
    return None if server is None else Post(server)


def has_mail(settings: Settings) -> bool:
    return bool(settings.smtp_url and settings.smtp_url.get_secret_value())


def _server_of(settings: Settings) -> Server | None:
    if settings.smtp_url is None or not has_mail(settings):
        return None
    return Server.of(settings.smtp_url.get_secret_value(), settings.base_url)


def send_all(mailer: Mailer, mails: list[Mail]) -> None:
    """After the commit: the caller's transaction has ended."""
    for mail in mails:
        mailer.send(*mail)


def _connected(server: Server) -> smtplib.SMTP:
    """TLS is checked against the authorities this machine trusts."""
    trusted = ssl.create_default_context()
    if server.scheme == "smtps":
        smtp: smtplib.SMTP = smtplib.SMTP_SSL(
            server.host, server.port, timeout=TIMEOUT_S, context=trusted
        )
    else:
        smtp = smtplib.SMTP(server.host, server.port, timeout=TIMEOUT_S)
    try:
        if server.scheme == "smtp+starttls":
            smtp.starttls(context=trusted)
        if server.user and server.password:
            smtp.login(server.user, server.password)
    except BaseException:
        smtp.close()
        raise
    return smtp


def _letter(server: Server, mail: Mail, key: str = "") -> EmailMessage:
    """ValueError when an address or subject would break out of its line."""
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Subject"] = server.sender, mail.to, mail.subject
    letter["Date"] = formatdate(clock.now().timestamp())
    domain = server.sender.rpartition("@")[2]
    letter["Message-ID"] = f"<{key}@{domain}>" if key else make_msgid(domain=domain)
    letter["Auto-Submitted"] = "auto-generated"
    letter.set_content(mail.text)
    return letter


def _sender(parts: SplitResult, base_url: str) -> str:
    said = parse_qs(parts.query).get("from", [])
    return said[0] if said else f"contextmap@{urlsplit(base_url).hostname or 'localhost'}"


def _unquoted(text: str | None) -> str | None:
    return None if text is None else unquote(text)


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
