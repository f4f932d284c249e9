"""The API as a WSGI application: requests become events, as the gateway makes them (2.0)."""

from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

from tests.events import Context
from tests.functions.gateway import front
from tests.http import http_event

StartResponse = Callable[[str, list[tuple[str, str]]], object]


def application(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
    """Answer one request."""
    answer = front(event_of(environ), Context("api"))
    status = HTTPStatus(answer["statusCode"])
    headers = list(answer["headers"].items())
    start_response(f"{status.value} {status.phrase}", headers)
    return [(answer.get("body") or "").encode()]


def event_of(environ: dict[str, Any]) -> dict[str, Any]:
    """Return the request as the gateway hands it over: names in lower case, repeats joined."""
    headers = {
        name.removeprefix("HTTP_").replace("_", "-"): value
        for name, value in environ.items()
        if name.startswith("HTTP_") or name == "CONTENT_TYPE"
    }
    query: dict[str, str] = {}
    for name, value in parse_qsl(environ["QUERY_STRING"], keep_blank_values=True):
        query[name] = f"{query[name]},{value}" if name in query else value
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    event = http_event(
        environ["REQUEST_METHOD"],
        environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace"),
        query=query,
        headers=headers,
        body=_text_or_bytes(body) if body else None,
    )
    return event | {"rawQueryString": environ["QUERY_STRING"]}


def _text_or_bytes(body: bytes) -> str | bytes:
    try:
        return body.decode()
    except UnicodeDecodeError:
        return body
