"""Describe the HTTP API: `python -m local.openapi` writes docs/openapi.json from the routes.

The routes of all functions that answer HTTP are merged into one description. What follows from a
route's form (its scope, parameters, body) is added to what the route itself says; of webhooks and
tracking, which need no API key, `local/openapi_edges.py` knows the form.
Source: OpenAPI 3.1; RFC 9457 (problems).
"""

import json
import sys
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any

from local import openapi_edges as edges
from local import openapi_problems as problems

OUTPUT = Path(__file__).resolve().parent.parent / "docs" / "openapi.json"
TITLE = "Mailtide"
VERSION = "1"

Json = dict[str, Any]

_ABOUT = (
    "Serverless email campaigns. What holds for every route (keys, scopes, listings, problems, "
    "`Idempotency-Key`, rate limits) stands in docs/api.md."
)
_KEY = {
    "type": "http",
    "scheme": "bearer",
    "description": "an API key, `mt_...`; a route's scope stands in its `security`",
}
_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "a repeat within 24 hours gets the first call's answer",
    "schema": {"type": "string", "pattern": "^[!-~]{1,256}$"},
    "example": "8e03978e-40d5-43dd-bc93-6894a57f9324",
}
_HEADERS = {
    "RateLimit-Limit": "requests that the organisation may make in a minute",
    "RateLimit-Remaining": "how many of them are left",
    "RateLimit-Reset": "seconds until the next minute begins",
}
# What Powertools adds of its own: we answer problems in their place.
_NOT_OURS = frozenset({"HTTPValidationError", "ValidationError", "ResponseValidationError"})


def text() -> str:
    """Return the description as JSON."""
    return json.dumps(description(), indent=2, ensure_ascii=False) + "\n"


def resolvers() -> Mapping[str, Any]:
    """Return the resolvers of the functions that answer the API with all routes, by function."""
    from functions.api import handler as api
    from functions.insights import handler as insights

    found = {"api": api.resolver, "insights": insights.resolver}
    for resolver in found.values():
        resolver.load_all()
    return found


def _edge_routes() -> Iterator[tuple[str, frozenset[str]]]:
    """Yield path and methods of what answers without an API key."""
    from functions.tracking import handler as tracking
    from functions.webhook import handler as webhook

    for edge in (tracking.edge, webhook.edge):
        for path, methods, _ in edge.routes:
            yield path.replace("<", "{").replace(">", "}"), methods


def described(resolver: Any) -> dict[str, Any]:
    """Return the description of one function, as Powertools makes it."""
    from aws_lambda_powertools.event_handler.openapi.models import HTTPBearer

    schema = resolver.get_openapi_json_schema(
        title=TITLE, version=VERSION, security_schemes={"key": HTTPBearer()}
    )
    found: dict[str, Any] = json.loads(schema)
    return found


def description() -> dict[str, Any]:
    """Return the merged description of all functions that answer the API."""
    paths: dict[str, Any] = {}
    schemas: dict[str, Any] = {}
    for resolver in resolvers().values():
        found = described(resolver)
        for path, operations in found["paths"].items():
            paths.setdefault(path, {}).update(operations)
        schemas |= found["components"]["schemas"]
    for path, operations in paths.items():
        for method, operation in operations.items():
            _complete(method, path, operation, schemas)
    paths |= _edge_paths()
    shown = schemas | problems.SCHEMAS
    return {
        "openapi": "3.1.0",
        "info": {"title": TITLE, "version": VERSION, "description": _ABOUT},
        "servers": [{"url": "/"}],
        "paths": {path: paths[path] for path in sorted(paths)},
        "components": {
            "schemas": {name: shown[name] for name in sorted(shown) if name not in _NOT_OURS},
            "responses": problems.RESPONSES,
            "parameters": {"IdempotencyKey": _IDEMPOTENCY_KEY},
            "headers": {
                name: {"description": words, "schema": {"type": "integer", "minimum": 0}}
                for name, words in _HEADERS.items()
            },
            "securitySchemes": {"key": _KEY, **edges.SCHEMES},
        },
    }


def _edge_paths() -> dict[str, Any]:
    """Return the operations of the edges; that HEAD is answered like GET goes without saying."""
    paths: dict[str, Any] = {}
    for path, methods in _edge_routes():
        for method in sorted(methods - {"HEAD"}):
            name = method.lower()
            paths.setdefault(path, {})[name] = edges.described(name, path)
    return paths


def _complete(method: str, path: str, operation: dict[str, Any], schemas: dict[str, Any]) -> None:
    """Add what follows from the operation's form; take out what Powertools puts in of its own."""
    success = {
        status: answer
        for status, answer in operation["responses"].items()
        if status not in ("422", "500")
    }
    for status, answer in success.items():
        answer["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in _HEADERS}
        answer["description"] = HTTPStatus(int(status)).phrase
    success.get("204", {}).pop("content", None)
    if method != "get":
        key = {"$ref": "#/components/parameters/IdempotencyKey"}
        operation.setdefault("parameters", []).append(key)
    operation["responses"] = success | problems.answers(method, path, operation)
    operation["operationId"] = _operation_id(method, path)
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if content:
        name = content["schema"]["$ref"].rpartition("/")[2]
        content["example"] = schemas[name]["examples"][0]


def _operation_id(method: str, path: str) -> str:
    """Name an operation after its method and path: `post_campaigns_start`."""
    words = [word for word in path.split("/")[2:] if not word.startswith("{")]
    one = "one_" if path.endswith("}") else ""
    return f"{method}_{one}{'_'.join(words)}".replace("-", "_")


def main() -> None:
    """Write the description."""
    OUTPUT.write_text(text(), encoding="utf-8")
    sys.stdout.write(f"{OUTPUT} written\n")


if __name__ == "__main__":
    main()
