"""Errors of AWS in our words: what may work on the next try is a `RetryableError`, by code.

A failed condition is an answer, which the store that asked reads itself; everything else stays
what it is and fails loudly.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NoConnectionError

from mailtide.errors import RetryableError

_PASSING = frozenset(
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


def code_of(error: ClientError) -> str:
    """Return the error's code as AWS names it."""
    return str(error.response.get("Error", {}).get("Code", ""))


@contextmanager
def translated() -> Iterator[None]:
    """Raise RetryableError for throttling, trouble at AWS's side and lost connections."""
    try:
        yield
    except ClientError as error:
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if code_of(error) in _PASSING or status >= 500:
            raise RetryableError(f"AWS says {code_of(error)}; try again") from error
        raise
    except (HTTPClientError, NoConnectionError) as error:
        raise RetryableError(f"no answer from AWS: {type(error).__name__}") from error
