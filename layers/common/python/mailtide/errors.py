"""Errors: what can go wrong, by what the caller can do about it.

    MailtideError
    ├── InvalidInputError     400  the request must change
    ├── UnauthenticatedError  401  no key, an unknown or a revoked one
    ├── ForbiddenError        403  the key's scope is too small
    ├── NotFoundError         404  no such thing in this organisation
    ├── ConflictError         409  the thing is in a state that does not allow it
    ├── TooLargeError         413  the body is over a stated limit
    ├── RateLimitedError      429  more calls than are allowed
    ├── RetryableError        503  our own trouble: back to the queue, or "try again"
    └── PermanentError        recorded, never retried

The class decides what happens; `code` is the stable word a program may test.
"""


class MailtideError(Exception):
    """Base of every error of ours.

    Args:
        detail: one sentence that says what is wrong and what to do.
        code: the stable code of the problem (docs/problems.md).
        errors: places in the input, each `{"at": "...", "detail": "..."}`.
        retry_after_seconds: when the same call may work, if that is known.
    """

    code = "error"

    def __init__(
        self,
        detail: str,
        *,
        code: str | None = None,
        errors: list[dict[str, str]] | None = None,
        retry_after_seconds: int | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code or type(self).code
        self.errors = errors or []
        self.retry_after_seconds = retry_after_seconds


class InvalidInputError(MailtideError):
    """The request must change before it can work."""

    code = "invalid_request"


class UnauthenticatedError(MailtideError):
    """No key, an unknown key or a revoked one; or a signature that does not fit."""

    code = "unauthenticated"


class ForbiddenError(MailtideError):
    """The key is good, but its scopes do not allow this."""

    code = "forbidden_scope"


class NotFoundError(MailtideError):
    """No such thing in this organisation."""

    code = "not_found"


class ConflictError(MailtideError):
    """The thing is in a state that does not allow what was asked."""

    code = "conflict_state"


class TooLargeError(MailtideError):
    """The body is over a stated limit."""

    code = "payload_too_large"


class RateLimitedError(MailtideError):
    """More calls than are allowed; the same call works later."""

    code = "rate_limited"


class RetryableError(MailtideError):
    """Our own trouble or a dependency's; the same call may work later."""

    code = "unavailable"


class PermanentError(MailtideError):
    """It can never work; it is recorded and not tried again."""

    code = "permanent"
