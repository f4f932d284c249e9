"""The corpus of templates: letters as newsletters are, each with what has to come of it."""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from functools import cache
from pathlib import Path
from typing import Any

from mailtide.domain import identifiers, template_check
from mailtide.domain.campaign import Campaign, State
from mailtide.domain.contact import Contact
from mailtide.domain.content import Identity, Template
from mailtide.domain.rendering import Content, prepare
from mailtide.domain.signing import Keyring
from mailtide.domain.template_compiler import compiled
from mailtide.domain.tracking import Tracker
from mailtide.domain.utm import Utm
from tests.html_tree import Node, Tree
from tests.letters import read

ROOT = Path(__file__).parent / "payloads" / "templates"
GOOD = sorted(path for path in (ROOT / "good").iterdir() if path.suffix != ".json")
FAULTY = sorted(path for path in (ROOT / "faulty").iterdir() if path.suffix != ".json")
# What is wrong with each: the other parts it is saved with, and `errors`, place and words.
FAULTS = json.loads((ROOT / "faulty" / "expected.json").read_text(encoding="utf-8"))
AT = datetime(2026, 11, 24, 10, 15, tzinfo=UTC)
ORG = "o" * 16
CAMPAIGN = Campaign(
    ORG, identifiers.encode(b"abcdef"), "Spring", ("list",), "t", "i", State.SENDING, AT
)
IDENTITY = Identity(ORG, "i" * 16, "News", "Acme", "news@acme.example", "b.acme.example")
RING = Keyring.from_json(json.dumps({"current": "1", "1": "k" * 64}))
TRACKER = Tracker(RING, "https://track.example")
MESSAGE = identifiers.message_id(b"key", CAMPAIGN.campaign_id, "contact")
_CLICK = re.compile(r'href="https://track\.example/t/c/([^/"]*)/([^"]*)"', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Letter:
    """One template of the corpus, made into the message of the contact it was written for."""

    template: Template
    expected: dict[str, Any]
    content: Content
    raw: bytes

    @property
    def tree(self) -> Node:
        """Its HTML."""
        return Tree(self.content.html).root

    @property
    def message(self) -> EmailMessage:
        """The whole message, as a mail program reads it."""
        return read(self.raw)

    @property
    def links(self) -> list[str]:
        """Where its links lead, followed as the redirect follows them."""
        clicks = [TRACKER.read_click(*found) for found in _CLICK.findall(self.content.html)]
        assert {message for message, _ in clicks} <= {MESSAGE}
        return [link.url for _, link in clicks]

    @property
    def warnings(self) -> list[str]:
        """What its author is told beside the errors that it has not."""
        return [f"{found.at} {found.detail}" for found in template_check.warnings(self.template)]


def written(path: Path, expected: dict[str, Any]) -> Template:
    """Return a template as it was written."""
    utm = expected.get("utm")
    source = path.read_text(encoding="utf-8")
    is_mjml = path.suffix == ".mjml"
    return Template(
        ORG,
        "t" * 16,
        path.stem,
        expected.get("subject", "News"),
        "" if is_mjml else source,
        expected.get("text_part"),
        mjml=source if is_mjml else None,
        preheader=expected.get("preheader"),
        utm=utm and Utm(**utm),
    )


@cache
def letter(path: Path) -> Letter:
    """Save a template of the corpus and make its message."""
    expected = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    template = compiled(written(path, expected))
    contact = Contact(ORG, "c" * 26, "ann@example.net", "other", AT, expected.get("attributes", {}))
    variant = prepare(template, CAMPAIGN, IDENTITY, TRACKER)
    content = variant.fill(contact, MESSAGE, AT)
    return Letter(template, expected, content, variant.render(contact, MESSAGE, AT))
