"""Idempotency: the HTTP side of calls that name an `Idempotency-Key`.

A key counts on every method but GET, once the caller's scope and the form of the request have been
found good: a call that was refused for those has claimed nothing.
Source: draft-ietf-httpapi-idempotency-key-header-07; docs/api.md.
"""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.event_handler import Response

from mailtide import naming, problems
from mailtide.domain.idempotency import Call, check_key, fingerprint, is_kept
from mailtide.errors import MailtideError, RetryableError
from mailtide.observability import logger
from mailtide.problems import Problem

if TYPE_CHECKING:
    from mailtide.flows.repeats import Claim, Repeats

HEADER = "idempotency-key"
REPLAYED = "Idempotent-Replayed"  # marks the answer of an earlier call


def call_of(
    event: Mapping[str, Any], headers: Mapping[str, str], raw: bytes, org_id: str
) -> Call | None:
    """Return the call that a request names a key for; None without one, and for a GET.

    Raises:
        InvalidInputError: `invalid_idempotency_key`.
    """
    method = event["requestContext"]["http"]["method"]
    if method == "GET" or HEADER not in headers:
        return None
    check_key(headers[HEADER])
    print_ = fingerprint(method, event["rawPath"], event.get("rawQueryString", ""), raw)
    return Call(org_id, headers[HEADER], print_)


def once(
    repeats: "Repeats",
    call: Call,
    clock: Callable[[], datetime],
    proceed: Callable[[], Response[Any]],
    answer: Callable[[Problem], Response[Any]],
) -> Response[Any]:
    """Carry a call out and keep its answer, or answer as an earlier one was answered.

    Args:
        repeats: knows the calls of the last 24 hours.
        call: the call.
        clock: reads the time.
        proceed: carries it out.
        answer: makes the answer that a problem is.
    """
    begun = repeats.begin(call, clock())
    if isinstance(begun, bytes):
        return _read(begun)
    try:
        with naming.alike(begun.seed, begun.begun_at):
            response = _carried_out(proceed, answer)
    except Exception:
        repeats.release(begun)
        raise
    if is_kept(response.status_code):
        _keep(repeats, begun, response)
    else:
        repeats.release(begun)
    return response


def _carried_out(
    proceed: Callable[[], Response[Any]], answer: Callable[[Problem], Response[Any]]
) -> Response[Any]:
    """Return the answer with its body as text, an error of ours as the problem that it is."""
    try:
        response = proceed()
    except MailtideError as error:
        return answer(problems.of_error(error))
    if response.body is not None and not isinstance(response.body, str):
        response.body = json.dumps(response.body, separators=(",", ":"))
    return response


def _keep(repeats: "Repeats", claim: "Claim", response: Response[Any]) -> None:
    kept = {
        "status": response.status_code,
        "type": response.content_type,
        "headers": dict(response.headers),
        "body": response.body,
    }
    try:
        repeats.finish(claim, json.dumps(kept).encode())
    except RetryableError as error:
        # The call is done, and its caller may know; a repeat is carried out again.
        logger.warning("the answer of a call could not be kept", exc_info=error)


def _read(kept: bytes) -> Response[Any]:
    answer = json.loads(kept)
    headers = {**answer["headers"], REPLAYED: "true"}
    return Response(answer["status"], answer["type"], answer["body"], headers=headers)
