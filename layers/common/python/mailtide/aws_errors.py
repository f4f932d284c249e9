"""Errors of AWS in our words: what may work on the next try is a `RetryableError`, by code.

A failed condition is an answer, which the store that asked reads itself; everything else stays
what it is and fails loudly. Nothing here loads botocore: what never calls it must not pay for it.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mailtide.errors import RetryableError

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

PASSING = frozenset(
    {
        "InternalError",
        "InternalFailure",
        "InternalServerError",
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServiceUnavailable",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionInProgressException",
    }
)


def code_of(error: "ClientError") -> str:
    """Return the error's code as AWS names it."""
    return str(error.response.get("Error", {}).get("Code", ""))


@contextmanager
def translated() -> Iterator[None]:
    """Raise RetryableError for throttling, trouble at AWS's side and lost connections."""
    try:
        yield
    except Exception as error:
        words = _passing(error)
        if words is None:
            raise
        raise RetryableError(words) from error


def _passing(error: Exception) -> str | None:
    """Say why a call may work on the next try; None when it will not, or is none of botocore's."""
    if "botocore.exceptions" not in sys.modules:  # so it cannot have raised anything
        return None
    from botocore.exceptions import ClientError, HTTPClientError
    from botocore.exceptions import ConnectionError as NoConnectionError

    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        passes = code_of(error) in PASSING or status >= 500
        return f"AWS says {code_of(error)}; try again" if passes else None
    if isinstance(error, HTTPClientError | NoConnectionError):
        return f"no answer from AWS: {type(error).__name__}"
    return None
