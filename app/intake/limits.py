"""How much one connection may send, without keeping where anybody is.

Counters stand in the database, because several web processes must agree and a killed one must not
forget. They are found by an HMAC of the address under a key of the London day, and that key is made
from the secret of the service: the database, or a copy of it, tells no address and cannot be asked
for one, and tomorrow's marks have nothing to do with today's. A key that is only in memory would be
another in each process. Rows go when their hour is over.
"""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.core import clock
from app.core.actor import PUBLIC
from app.core.db import Database
from app.core.errors import TooManyError
from app.core.settings import Settings
from app.core.together import Asked
from app.intake.work import challenge_of, is_done

SEND, LOOK, START = "send", "look", "start"
FREE_SENDS, MOST_SENDS, MOST_LOOKS = 5, 30, 10
MOST_STARTS = 120  # an open form is a row for an hour, and a whole class may open one

# A counter may be lost in a crash: it is not worth waiting for a disk while a row is locked.
COUNTED = text("""
    select intake.counted(:what, :source), set_config('synchronous_commit', 'off', true)
""")
SO_FAR = text("select intake.so_far(:what, :source)")


@dataclass(frozen=True, slots=True)
class Limits:
    """Keys of what is counted and of what is worked for; `contact` is told to the refused."""

    rates: bytes
    work: bytes
    contact: str

    @classmethod
    def of(cls, settings: Settings, contact: str) -> "Limits":
        return cls(settings.key_for("rates"), settings.key_for("work"), contact)

    def source(self, address: str) -> bytes:
        """Where from, for today; `address` is as `accounts.deps.Source` gives it."""
        of_day = _mark(self.rates, clock.today().isoformat().encode())
        return _mark(of_day, address.encode())[:16]

    def challenge(self, sending: bytes) -> str:
        """What has to be worked on for this sending, this hour."""
        return challenge_of(self.work, sending, clock.now())

    def worked(self, sending: bytes, proof: str) -> bool:
        """Done for this sending, in this hour or the one before."""
        now = clock.now()
        hours: Sequence[datetime] = (now, now - timedelta(hours=1))
        return any(is_done(challenge_of(self.work, sending, hour), proof) for hour in hours)


def work_wanted(session: Session, limits: Limits, address: str, sending: bytes) -> str | None:
    """The challenge for the page before sending; None while this connection has sent little."""
    sent: int = session.scalar(SO_FAR, {"what": SEND, "source": limits.source(address)}) or 0
    return limits.challenge(sending) if sent >= FREE_SENDS else None


def count_sending(
    db: Database, limits: Limits, address: str, *, sending: bytes, proof: str = ""
) -> tuple[str, ...]:
    """Count it, before anything else is done with it, and say why it has to wait in quarantine.

    `sending` is its idempotency key. A connection may be a school: over the soft limit nothing is
    refused. Nothing here depends on what is reported.

    Raises
    ------
    TooManyError
        More than anybody sends in an hour; with the time to wait.
    """
    counted = Counted(limits, address, sending, proof)
    return counted.waits(_counted(db, counted.asked))


@dataclass(frozen=True, slots=True)
class Counted:
    """The same in two steps, for whoever asks the database more than this at once."""

    limits: Limits
    address: str
    sending: bytes
    proof: str = ""

    @property
    def asked(self) -> Asked:
        """A group of its own: it is counted whatever becomes of the rest."""
        return _counting(SEND, self.limits, self.address)

    def waits(self, sent: int) -> tuple[str, ...]:
        """Of how many it is, as `count_sending`."""
        _refuse_over(MOST_SENDS, sent, self.limits, self.address, "Too many reports came")
        if sent <= FREE_SENDS or self.limits.worked(self.sending, self.proof):
            return ()
        return ("MANY_SENT",)


def count_start(db: Database, limits: Limits, address: str) -> None:
    """Count an opened form.

    Raises
    ------
    TooManyError
        More in this hour than people open.
    """
    begun = _counted(db, _counting(START, limits, address))
    _refuse_over(MOST_STARTS, begun, limits, address, "Too many forms were opened")


def count_look(db: Database, limits: Limits, address: str) -> None:
    """Count one try of a receipt, found or not.

    Raises
    ------
    TooManyError
        Ten in this hour; with the time to wait.
    """
    looked = _counted(db, _counting(LOOK, limits, address))
    _refuse_over(MOST_LOOKS, looked, limits, address, "Too many codes were tried")


def _refuse_over(most: int, done: int, limits: Limits, address: str, words: str) -> None:
    if done > most and not _on_this_machine(address):
        raise TooManyError(
            f"{words} from this connection. Try again in an hour, or e-mail {limits.contact}.",
            retry_after_s=_to_next_hour_s(),
        )


def _counting(what: str, limits: Limits, address: str) -> Asked:
    return Asked(COUNTED, {"what": what, "source": limits.source(address)})


def _counted(db: Database, asked: Asked) -> int:
    with db.together(PUBLIC) as asks:
        return int(asks.scalar(*asked) or 0)


def _on_this_machine(address: str) -> bool:
    """A proxy that the operator did not name: everybody would be refused as one."""
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


def _to_next_hour_s() -> int:
    now = clock.now()
    return 3600 - now.minute * 60 - now.second


def _mark(key: bytes, value: bytes) -> bytes:
    return hmac.new(key, value, hashlib.sha256).digest()
