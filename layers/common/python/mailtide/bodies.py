"""Bodies: what a request of the API may bring: one JSON object of limited size.

Source: RFC 8259 (JSON); docs/api.md.
"""

import base64
import json
from collections.abc import Mapping
from typing import Any, NoReturn

from mailtide.errors import InvalidInputError, TooLargeError

BODY_LIMIT = 1_000_000  # bytes; Lambda's own limit is 6 MB, larger things go by presigned upload
LARGER_LIMITS = {"/api/messages": 5_000_000}  # by path: 500 messages, or small files in base64


def read_json(text: str) -> dict[str, Any]:
    """Read a body: one JSON object, without the NaN and Infinity that Python would let pass.

    Raises:
        InvalidInputError: `invalid_json`.
    """
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
        # Half of a surrogate pair cannot be stored, nor can 1e999, which Python reads as infinity.
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError) as error:
        raise InvalidInputError(f"The body is not JSON: {error}.", code="invalid_json") from error
    if not isinstance(value, dict):
        raise InvalidInputError("The body must be a JSON object.", code="invalid_json")
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON value")


def raw_body(event: Mapping[str, Any]) -> bytes:
    """Return the body of a request of the HTTP API (payload 2.0) as it was sent."""
    body = event.get("body") or ""
    return base64.b64decode(body) if event.get("isBase64Encoded") else body.encode()


def check_body(raw: bytes, content_type: str, path: str = "") -> None:
    """Refuse a body that is too large, or that is not JSON by its type or its encoding.

    Raises:
        TooLargeError: over the limit.
        InvalidInputError: `invalid_request` for the type, `invalid_json` for the encoding.
    """
    if not raw:
        return
    limit = LARGER_LIMITS.get(path, BODY_LIMIT)
    if len(raw) > limit:
        raise TooLargeError(f"The body has {len(raw)} bytes; the limit is {limit}.")
    if content_type.split(";")[0].strip().lower() != "application/json":
        raise InvalidInputError("Send the body as `Content-Type: application/json`.")
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        raise InvalidInputError("The body is not UTF-8.", code="invalid_json") from error
