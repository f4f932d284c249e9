"""The problems of the API's description: which codes an operation may answer, by status.

Most follow from the operation's form; a route names the others (`problems=`), and the page of
problems has the status of each.
Source: RFC 9457; docs/problems.md.
"""

import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from mailtide.problems import CONTENT_TYPE
from mailtide.resource import PROBLEMS

PAGE = Path(__file__).resolve().parent.parent / "docs" / "problems.md"
_LINE = re.compile(r"^\| `([a-z_]+)` \| (\d{3}) \|", re.MULTILINE)

SCHEMAS: dict[str, Any] = {
    "Problem": {
        "type": "object",
        "description": "What went wrong (RFC 9457); codes stand in docs/problems.md.",
        "required": ["type", "title", "status", "detail", "code", "request_id"],
        "properties": {
            "type": {"type": "string"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string", "description": "for people; may change"},
            "code": {"type": "string", "description": "stable; what a program may test"},
            "request_id": {"type": "string"},
            "errors": {
                "type": "array",
                "description": "places in the input",
                "items": {
                    "type": "object",
                    "required": ["at", "detail"],
                    "properties": {"at": {"type": "string"}, "detail": {"type": "string"}},
                },
            },
        },
    }
}


def _answer(*codes: str) -> dict[str, Any]:
    """Describe a problem with one of these codes, or with any."""
    named = {"properties": {"code": {"enum": list(codes)}}} if codes else {}
    schema = {"$ref": "#/components/schemas/Problem", **named}
    words = " or ".join(f"`{code}`" for code in codes) or "A problem"
    return {"description": words, "content": {CONTENT_TYPE: {"schema": schema}}}


_EVERYWHERE = {
    "401": ("Unauthenticated", "unauthenticated"),
    "403": ("Forbidden", "forbidden_scope"),
    "429": ("RateLimited", "rate_limited"),
    "500": ("Internal", "internal"),
    "503": ("Unavailable", "unavailable"),
}
_OF_KEYS = (
    "invalid_idempotency_key",
    "idempotency_key_reused",
    "idempotency_in_progress",
    "idempotency_answer_too_large",
)
RESPONSES: dict[str, Any] = {name: _answer(code) for name, code in _EVERYWHERE.values()}


def answers(method: str, path: str, operation: dict[str, Any]) -> dict[str, Any]:
    """Return the responses of an operation that are problems, by status.

    Raises:
        KeyError: a route names a code that the page does not explain.
    """
    own = of_codes((*_of_form(method, path, operation), *operation.pop(PROBLEMS, ())))
    shared = {
        status: {"$ref": f"#/components/responses/{name}"}
        for status, (name, _) in _EVERYWHERE.items()
    }
    return own | shared


def of_codes(codes: Iterable[str]) -> dict[str, Any]:
    """Return the responses that are problems with these codes, by status.

    Raises:
        KeyError: the page does not explain one of them.
    """
    by_status: dict[str, set[str]] = {}
    for code in codes:
        by_status.setdefault(statuses()[code], set()).add(code)
    return {status: _answer(*sorted(found)) for status, found in sorted(by_status.items())}


@cache
def statuses() -> dict[str, str]:
    """Return the status of every code that the page of problems explains."""
    return dict(_LINE.findall(PAGE.read_text(encoding="utf-8")))


def _of_form(method: str, path: str, operation: dict[str, Any]) -> Iterator[str]:
    names = {parameter.get("name") for parameter in operation.get("parameters", ())}
    yield "invalid_request"  # a body of another form, which even a route without one refuses
    if "{" in path:
        yield "not_found"
    if "after" in names:
        yield "invalid_cursor"
    yield from ("invalid_json", "payload_too_large")
    if method != "get":
        yield from _OF_KEYS
