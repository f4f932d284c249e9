"""Requests as the HTTP API hands them to a function (payload 2.0), and its answers read back."""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from tests.events import Context

Handler = Callable[[dict[str, Any], Any], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def code(self) -> str:
        """The problem's code; "" when the answer is no problem."""
        problem = self.headers.get("Content-Type") == "application/problem+json"
        return str(self.json["code"]) if problem else ""


def http_event(
    method: str,
    path: str,
    *,
    query: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    body: str | bytes | None = None,
) -> dict[str, Any]:
    """Build one request; a body of bytes arrives as base64, as the gateway does with forms."""
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": "ANY /api/{proxy+}",
        "rawPath": path,
        "rawQueryString": urlencode(query or {}),
        "headers": {"host": "api.example.test"}
        | {k.lower(): v for k, v in (headers or {}).items()},
        "queryStringParameters": dict(query) if query else None,
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "api",
            "domainName": "api.example.test",
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.1",
                "userAgent": "test",
            },
            "requestId": "gateway-1",
            "stage": "$default",
            "timeEpoch": 1_795_000_000_000,
        },
        "isBase64Encoded": isinstance(body, bytes),
    }
    if body is not None:
        encoded = base64.b64encode(body).decode() if isinstance(body, bytes) else body
        event["body"] = encoded
    return {name: value for name, value in event.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Client:
    """A caller with a key (or none) and the handler it calls."""

    handler: Handler
    key: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def call(
        self,
        method: str,
        path: str,
        json_body: Any = None,
        *,
        query: Mapping[str, str] | None = None,
        raw: str | bytes | None = None,
        content_type: str = "application/json",
    ) -> Answer:
        """Send one request; `raw` replaces the JSON of `json_body`."""
        headers = dict(self.headers)
        body = json.dumps(json_body) if json_body is not None else raw
        if body is not None:
            headers["content-type"] = content_type
        if self.key:
            headers["authorization"] = f"Bearer {self.key}"
        event = http_event(method, path, query=query, headers=headers, body=body)
        reply = self.handler(event, Context("api", aws_request_id="request-1"))
        assert isinstance(reply["body"], str)
        return Answer(reply["statusCode"], reply["headers"], reply["body"])
