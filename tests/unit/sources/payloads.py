"""Recorded payloads of sources, as they are and with message ids of ours in them."""

import json
import re
from pathlib import Path
from typing import Any

from tests.collaborators import SEAL

STALWART = Path(__file__).parents[2] / "payloads" / "stalwart"
MESSAGE = "0123456789abcdefghijklmnop"
SENDER = SEAL.mail_from("mkta3", MESSAGE, "")

_FOREIGN_SENDER = re.compile(rb"b-mkta3-[0-9a-z]{12}@")


def body(name: str) -> bytes:
    """Return a recorded body as it came."""
    return (STALWART / f"{name}.json").read_bytes()


def own_body(name: str) -> bytes:
    """Return a recorded body as if it were about our message `MESSAGE`."""
    return _FOREIGN_SENDER.sub(SENDER.encode(), body(name))


def signed_request() -> dict[str, Any]:
    """Return the recorded request: headers, secret and body."""
    request: dict[str, Any] = json.loads(body("request.signed"))
    return request


def webhook(type_: str, at: str = "2026-09-01T10:00:04Z", **data: Any) -> str:
    """Return a body with one event; `sender` stands for `from`."""
    if "sender" in data:
        data["from"] = data.pop("sender")
    event = {"id": "1", "createdAt": at, "type": type_, "data": data}
    return json.dumps({"events": [event]})
