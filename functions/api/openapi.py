"""The API's own description, over all functions that answer it; written by `make docs`."""

from functools import cache
from pathlib import Path

from aws_lambda_powertools.event_handler import Response, content_types

from mailtide.resource import Resource

resource = Resource("description")


@resource.router.get("/api/openapi.json", include_in_schema=False)
def get_description() -> Response[str]:
    """Return the description as OpenAPI 3.1; this needs no key."""
    return Response(status_code=200, content_type=content_types.APPLICATION_JSON, body=_text())


@cache
def _text() -> str:
    return Path(__file__).with_name("openapi.json").read_text(encoding="utf-8")
