"""What can go wrong, in domain words and without HTTP. `problems` has the only map to status.

AppError
├── SignInNeededError   nobody is signed in
├── StepUpNeededError   the second factor was shown too long ago
├── ForbiddenError      the role does not allow it
├── NotFoundError       absent, or out of scope: the same answer
├── GoneError           it was there, and its time is over
├── RuleBrokenError     a state or rule refuses it
├── StaleError          somebody changed it first
├── ConflictError       a constraint refuses it
├── TooLargeError       more than the limit
├── InvalidError        input that cannot be used; one message a field
├── TooManyError        too often
├── BusyError           the database did not answer in time
├── ReadOnlyError       the disk is nearly full, or no primary: read, not changed
└── AuditFailedError    the trace of it could not be written, so it is not shown
"""


class AppError(Exception):
    """`detail` is shown to people: words they can act on, no input, no personal data."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail

    def beside(self, field: str) -> dict[str, str]:
        """What is wrong by the field of a form that it is about: this one, if it names none."""
        return {field: self.detail}


class SignInNeededError(AppError): ...


class StepUpNeededError(AppError): ...


class ForbiddenError(AppError): ...


class NotFoundError(AppError): ...


class GoneError(AppError): ...


class RuleBrokenError(AppError): ...


class StaleError(AppError): ...


class ConflictError(AppError): ...


class TooLargeError(AppError): ...


class TooManyError(AppError):
    """`retry_after_s` is told to programs, where the usual few seconds would be too soon."""

    def __init__(self, detail: str, retry_after_s: int | None = None) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


class BusyError(AppError): ...


class ReadOnlyError(AppError): ...


class AuditFailedError(AppError): ...


# What may be otherwise a moment later: a job tries again instead of telling somebody.
PASSING: tuple[type[AppError], ...] = (BusyError, ReadOnlyError, AuditFailedError)


class InvalidError(AppError):
    """`fields` maps a form field to its message."""

    def __init__(self, detail: str, fields: dict[str, str] | None = None) -> None:
        super().__init__(detail)
        self.fields = fields or {}

    def beside(self, field: str) -> dict[str, str]:
        return self.fields or super().beside(field)
