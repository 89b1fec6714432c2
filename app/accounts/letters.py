"""What people are told by e-mail about their own account. No names, no links, no case content."""

from datetime import datetime

from app.core import clock
from app.core.mail import Mail

NOT_YOU = "If this was not you, tell an administrator now."


def failures(to: str) -> Mail:
    return _letter(
        to,
        "Somebody tried to sign in to your account",
        "There were 5 failed tries to sign in to your account within 5 minutes.",
    )


def new_browser(to: str) -> Mail:
    return _letter(
        to,
        "Your account was signed in to with another browser",
        "Somebody signed in to your account with a browser that was not used for it before.",
    )


def recovery_code_used(to: str, *, left: int) -> Mail:
    kept = f"{left} of your recovery codes are left." if left != 1 else "1 recovery code is left."
    return _letter(
        to, "A recovery code was used", f"A recovery code of your account was used. {kept}"
    )


def set_up(to: str) -> Mail:
    return _letter(
        to,
        "Your account is set up",
        "A password and an authenticator app were set for your account.",
    )


def password_changed(to: str) -> Mail:
    return _letter(to, "Your password was changed", "The password of your account was changed.")


def factor_changed(to: str, what: str) -> Mail:
    """`what` is a sentence of ours: which factor was added, removed or made anew."""
    return _letter(to, "How you sign in was changed", what)


def emergency_opened(to: str, *, ref: str, user_ref: str, until: datetime) -> Mail:
    """To auditors and leads. Who and why are in the service, not in a letter."""
    time = until.astimezone(clock.LONDON).strftime("%H:%M on %-d %B %Y")
    words = (
        f"Emergency access {ref} was opened by account {user_ref}. It ends at {time}. "
        "Sign in to see the reason and what was opened."
    )
    return Mail(to, "Emergency access was opened", f"{words}\n\nContextmap\n")


def _letter(to: str, subject: str, words: str) -> Mail:
    return Mail(to, subject, f"{words}\n\n{NOT_YOU}\n\nContextmap\n")
