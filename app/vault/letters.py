"""What auditors and custodians are told at once. No names, no reasons, no child's reference."""

from collections.abc import Iterable

from app.core.mail import Mail


def identity_read(to: Iterable[str], *, grant: str) -> list[Mail]:
    words = (
        f"Somebody read the identity of a child, under the approved request {grant}. "
        "Sign in to see who asked, why, and who approved it."
    )
    return [Mail(each, "A child's identity was read", f"{words}\n\nContextmap\n") for each in to]


def decoy_read(to: Iterable[str]) -> list[Mail]:
    words = (
        "Somebody opened a child's reference that belongs to no work and that nobody has a reason "
        "to open. Sign in and look at the audit, at reads of children of the last minutes."
    )
    return [
        Mail(each, "A reference that nobody works with was opened", f"{words}\n\nContextmap\n")
        for each in to
    ]
