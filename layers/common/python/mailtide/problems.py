"""Problems: what the HTTP API answers when something is wrong.

Source: RFC 9457 (problem details), RFC 6750 section 3 (the challenge of a 401).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from itertools import islice
from typing import Any

from mailtide.errors import (
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    MailtideError,
    NotFoundError,
    RateLimitedError,
    RetryableError,
    TooLargeError,
    UnauthenticatedError,
)

CONTENT_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = 5
MAX_PLACES = 50  # of one problem; a body of 1 MB can hold 100,000 mistakes
PLACE_LIMIT = 200  # characters of a place; the caller names it, too

_STATUS: Mapping[type[MailtideError], HTTPStatus] = {
    InvalidInputError: HTTPStatus.BAD_REQUEST,
    UnauthenticatedError: HTTPStatus.UNAUTHORIZED,
    ForbiddenError: HTTPStatus.FORBIDDEN,
    NotFoundError: HTTPStatus.NOT_FOUND,
    ConflictError: HTTPStatus.CONFLICT,
    TooLargeError: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    RateLimitedError: HTTPStatus.TOO_MANY_REQUESTS,
    RetryableError: HTTPStatus.SERVICE_UNAVAILABLE,
}
_HEADERS: Mapping[HTTPStatus, Mapping[str, str]] = {
    HTTPStatus.UNAUTHORIZED: {"WWW-Authenticate": 'Bearer realm="mailtide"'},
    HTTPStatus.SERVICE_UNAVAILABLE: {"Retry-After": str(RETRY_AFTER_SECONDS)},
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem, before it is written as JSON."""

    status: HTTPStatus
    code: str
    detail: str
    errors: list[dict[str, str]] = field(default_factory=list)  # {"at": place, "detail": words}
    retry_after_seconds: int | None = None

    @property
    def headers(self) -> dict[str, str]:
        """Headers that belong to the status, and when to try again."""
        headers = dict(_HEADERS.get(self.status, {}))
        if self.retry_after_seconds is not None:
            headers["Retry-After"] = str(self.retry_after_seconds)
        return headers

    def body(self, request_id: str) -> dict[str, Any]:
        """Return the JSON object; `errors` is there only when there are any."""
        shown: dict[str, Any] = {
            "type": f"urn:mailtide:problem:{self.code}",
            "title": self.status.phrase,
            "status": self.status.value,
            "detail": self.detail,
            "code": self.code,
            "request_id": request_id,
        }
        return shown | ({"errors": self.errors} if self.errors else {})


UNKNOWN_ROUTE = Problem(HTTPStatus.NOT_FOUND, "not_found", "There is nothing under this path.")
UNEXPECTED = Problem(
    HTTPStatus.INTERNAL_SERVER_ERROR,
    "internal",
    "Something went wrong on our side; it is logged under this request_id.",
)


def of_error(error: MailtideError) -> Problem:
    """Return the problem that an error of ours stands for; the class decides the status."""
    status = next((_STATUS[cls] for cls in type(error).__mro__ if cls in _STATUS), None)
    if status is None:
        return UNEXPECTED
    return Problem(status, error.code, error.detail, error.errors, error.retry_after_seconds)


def of_validation(errors: Iterable[Mapping[str, Any]]) -> Problem:
    """Return the problem for what pydantic found wrong: `loc` is a path, `msg` its words.

    Of many mistakes the first are named: an answer has a limit of its own.
    """
    places = [
        {
            "at": ".".join(str(part) for part in error["loc"])[:PLACE_LIMIT],
            "detail": str(error["msg"]),
        }
        for error in islice(errors, MAX_PLACES)
    ]
    detail = "; ".join(f"{place['at']}: {place['detail']}" for place in places[:3])
    return Problem(HTTPStatus.BAD_REQUEST, InvalidInputError.code, detail, places)
