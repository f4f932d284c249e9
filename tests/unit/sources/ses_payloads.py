"""Recorded events of SES and messages of SNS, as they are and with tags of ours on them."""

import json
from pathlib import Path
from typing import Any

from mailtide.sources import ses
from mailtide.sources.ses_words import OWN
from tests.unit.sources.payloads import MESSAGE

SES = Path(__file__).parents[2] / "payloads" / "ses"
NAMES = sorted(path.name.removesuffix(".json") for path in SES.glob("*.json"))
CERTIFICATE = "sns.test-signing-cert"
TAGS = {ses.MESSAGE_TAG: [MESSAGE], ses.IP_TAG: ["mkta"], ses.ORG_TAG: ["org1"]}


def recorded(name: str) -> Any:
    """Return a recorded payload, read."""
    return json.loads((SES / f"{name}.json").read_text())


def certificate() -> bytes:
    """Return the certificate that the recorded signatures were made for."""
    return str(recorded(CERTIFICATE)["pem"]).encode()


def tagged(name: str) -> Any:
    """Return a recorded event of EventBridge as if it were about our message `MESSAGE`."""
    event = recorded(name)
    event["detail"]["mail"]["tags"] |= TAGS
    return event


def record(word: str, own: Any, **mail: Any) -> dict[str, Any]:
    """Return a record about our message, as it lies in the queue."""
    about = {"timestamp": "2026-09-01T10:00:00.512Z", "messageId": "ses1", "tags": TAGS}
    return {"eventType": word, OWN.get(word, "own"): own, "mail": about | mail}
