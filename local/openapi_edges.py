"""What answers without an API key, as the API's description tells it: webhooks and tracking.

These routes read headers, bytes and tokens by themselves, so their form stands here; a route that
does not is an error, and `tests/functions/test_edges_fuzz.py` compares answers with it.
Source: OpenAPI 3.1; docs/domain/links.md (tokens), docs/domain/inbound.md (hooks).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from local import openapi_problems as problems

_JSON, _PAGE = "application/json", "text/html; charset=utf-8"
_TRACKED = ("token_invalid", "not_found", "unavailable")
_POSTED = ("invalid_json", "signature_invalid", "payload_too_large", "unavailable")

SCHEMES: Mapping[str, Any] = {
    "signature": {
        "type": "apiKey",
        "in": "header",
        "name": "X-Signature",
        "description": "HMAC-SHA-256 of the body with the source's `signature_key`",
    },
    "hook": {"type": "http", "scheme": "bearer", "description": "the source's inbound token"},
}


@dataclass(frozen=True, slots=True)
class _Edge:
    """One operation."""

    name: str
    summary: str
    kind: str  # of a success, by media type; "" for one without a body
    codes: Sequence[str]
    status: str = "200"
    takes: str = ""  # media type of the body
    proof: str | None = None  # a scheme's name


_EDGES: Mapping[tuple[str, str], _Edge] = {
    ("post", "/webhooks/stalwart/{source_id}"): _Edge(
        "post_stalwart_events",
        "Take a batch of Stalwart's events",
        _JSON,
        ("signature_missing", "not_found", *_POSTED),
        takes=_JSON,
        proof="signature",
    ),
    ("post", "/webhooks/inbound/{source_id}"): _Edge(
        "post_inbound_mail",
        "Take one inbound mail of an MTA hook",
        _JSON,
        ("signature_missing", "not_found", *_POSTED),
        takes=_JSON,
        proof="hook",
    ),
    ("post", "/webhooks/ses"): _Edge(
        "post_sns_message",
        "Take one message of SNS, which is signed within",
        _JSON,
        ("message_expired", "topic_refused", *_POSTED),
        takes="text/plain",
    ),
    ("get", "/t/o/{token}"): _Edge("get_pixel", "Get the pixel of a message", "image/gif", ()),
    ("get", "/t/c/{token}/{link}"): _Edge(
        "get_link", "Go where a link of a message leads", "", _TRACKED, status="302"
    ),
    ("get", "/u/{token}"): _Edge(
        "get_unsubscribe_page", "Get the page that asks whether to unsubscribe", _PAGE, _TRACKED
    ),
    ("post", "/u/{token}"): _Edge(
        "post_unsubscribe", "Unsubscribe in one click (RFC 8058); any body will do", _PAGE, _TRACKED
    ),
}


def described(method: str, path: str) -> dict[str, Any]:
    """Return the description of an edge's operation.

    Raises:
        KeyError: this page does not know it.
    """
    edge = _EDGES[method, path]
    shown: dict[str, Any] = {
        "tags": ["webhooks" if path.startswith("/webhooks/") else "tracking"],
        "summary": edge.summary,
        "operationId": edge.name,
        "security": [{edge.proof: []}] if edge.proof else [],
        "responses": {edge.status: _success(edge), **_refusals(edge.codes)},
    }
    if names := re.findall(r"{(\w+)}", path):
        shown["parameters"] = [_parameter(name) for name in names]
    if edge.takes:
        shown["requestBody"] = {"required": True, "content": {edge.takes: {}}}
    return shown


def _parameter(name: str) -> dict[str, Any]:
    schema = {"type": "string", "title": name.replace("_", " ").title()}
    return {"required": True, "schema": schema, "name": name, "in": "path"}


def _success(edge: _Edge) -> dict[str, Any]:
    if not edge.kind:
        location = {"description": "where it leads", "schema": {"type": "string"}}
        return {"description": "Found", "headers": {"Location": location}}
    return {"description": "OK", "content": {edge.kind: {}}}


def _refusals(codes: Sequence[str]) -> dict[str, Any]:
    """Describe problems, which a browser gets as a page."""
    answers = problems.of_codes(codes)
    for answer in answers.values():
        answer["content"][_PAGE] = {}
    return answers
