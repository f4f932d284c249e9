"""Describe the HTTP API: `python -m local.openapi` writes docs/openapi.json from the routes.

The routes of all functions that answer the API are merged into one description. Every operation
may answer a problem (RFC 9457) instead of its own success.
Source: OpenAPI 3.1.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

OUTPUT = Path(__file__).resolve().parent.parent / "docs" / "openapi.json"
TITLE = "Mailtide"
VERSION = "1"

_PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "code", "request_id"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string", "description": "stable; see docs/problems.md"},
        "request_id": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["at", "detail"],
                "properties": {"at": {"type": "string"}, "detail": {"type": "string"}},
            },
        },
    },
}
_PROBLEM_ANSWER = {
    "description": "A problem (RFC 9457)",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
_KEY = {
    "type": "http",
    "scheme": "bearer",
    "description": "an API key, `mt_...`; a route's scope stands in its `security`",
}
# What Powertools adds of its own: we answer problems in their place.
_NOT_OURS = frozenset({"HTTPValidationError", "ValidationError", "ResponseValidationError"})


def text() -> str:
    """Return the description as JSON."""
    return json.dumps(description(), indent=2, ensure_ascii=False) + "\n"


def description() -> dict[str, Any]:
    """Return the merged description of all functions that answer the API."""
    # Powertools reads these when a handler is imported.
    os.environ.setdefault("POWERTOOLS_SERVICE_NAME", "api")
    os.environ.setdefault("POWERTOOLS_METRICS_NAMESPACE", TITLE)
    from functions.api import handler as api
    from functions.insights import handler as insights

    paths: dict[str, Any] = {}
    schemas: dict[str, Any] = {"Problem": _PROBLEM}
    for resolver in (api.resolver, insights.resolver):
        found = _described(resolver)
        for path, operations in found["paths"].items():
            paths.setdefault(path, {}).update(operations)
        schemas |= found["components"]["schemas"]
    return {
        "openapi": "3.1.0",
        "info": {"title": TITLE, "version": VERSION},
        "servers": [{"url": "/"}],
        "paths": {path: _operations(paths[path]) for path in sorted(paths)},
        "components": {
            "schemas": {name: schemas[name] for name in sorted(schemas) if name not in _NOT_OURS},
            "securitySchemes": {"key": _KEY},
        },
    }


def _described(resolver: Any) -> dict[str, Any]:
    from aws_lambda_powertools.event_handler.openapi.models import HTTPBearer

    schema = resolver.get_openapi_json_schema(
        title=TITLE, version=VERSION, security_schemes={"key": HTTPBearer()}
    )
    found: dict[str, Any] = json.loads(schema)
    return found


def _operations(path: dict[str, Any]) -> dict[str, Any]:
    for operation in path.values():
        operation["responses"].pop("422", None)
        operation["responses"].pop("500", None)
        operation["responses"].get("204", {}).pop("content", None)
        operation["responses"]["default"] = _PROBLEM_ANSWER
    return path


def main() -> None:
    """Write the description."""
    OUTPUT.write_text(text(), encoding="utf-8")
    sys.stdout.write(f"{OUTPUT} written\n")


if __name__ == "__main__":
    main()
