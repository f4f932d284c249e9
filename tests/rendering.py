"""Rendering, both ways: what the compiled way makes must read as what the plain way makes."""

import re
from datetime import UTC, datetime
from typing import Any

from mailtide.domain.compiled import Compiled, compiled
from mailtide.domain.contact import Contact
from mailtide.domain.content import Identity, Template
from mailtide.domain.rendering import RenderError, Variant, prepare
from mailtide.domain.utm import Utm
from tests.corpus import CAMPAIGN, IDENTITY, MESSAGE, ORG, TRACKER
from tests.letters import part, read

AT = datetime(2026, 11, 24, 10, 15, 7, 123456, UTC)
_RAW_LINE = re.compile(rb"[\t\n -~]*")


def contact(email: str = "anna@example.net", **attributes: Any) -> Contact:
    return Contact(ORG, "c" * 26, email, "other", AT, attributes)


def variant(
    html: str,
    subject: str = "Hello",
    text: str | None = None,
    utm: Utm | None = None,
    identity: Identity = IDENTITY,
) -> Variant:
    template = Template(ORG, "t" * 16, "News", subject, html, text, utm=utm)
    return prepare(template, CAMPAIGN, identity, TRACKER)


def quick(made: Variant) -> Compiled:
    found = compiled(made)
    assert isinstance(found, Compiled)
    return found


def outcome(made: Variant | Compiled, to: Contact) -> bytes | tuple[str, str, str]:
    """Return the message, or how it failed."""
    try:
        return made.render(to, MESSAGE, AT)
    except RenderError as error:
        return error.detail, error.part, error.construct


def decoded(raw: bytes) -> dict[str, str]:
    """Return what a reader sees: each header, and both parts."""
    message = read(raw)
    headers = {name: str(message[name]) for name in message if name != "Content-Type"}
    assert len(headers) + 1 == len(message.keys())
    return {**headers, "plain": part(message, "plain"), "html": part(message, "html")}


def assert_same(made: Variant, to: Contact) -> None:
    """Render both ways: the same failure, or messages that read alike and need nothing."""
    expected, found = outcome(made, to), outcome(compiled(made), to)
    if isinstance(expected, tuple) or isinstance(found, tuple):
        assert found == expected
        return
    ours, plain = decoded(found), decoded(expected)
    assert ours == plain, [
        (name, ours.get(name), plain[name]) for name in plain if ours.get(name) != plain[name]
    ]
    assert_needs_nothing(found)


def assert_needs_nothing(raw: bytes) -> None:
    """Hold that no relay has to change a byte."""
    assert raw.endswith(b"\r\n")
    _headers, _, body = raw.partition(b"\r\n\r\n")
    for line in raw.split(b"\r\n"):
        assert not line.startswith((b".", b"From "))
        assert b"\n" not in line
        assert b"\r" not in line
        assert len(line) <= 998
    for line in body.split(b"\r\n"):
        assert len(line) <= 76
        assert _RAW_LINE.fullmatch(line)
        assert not line.endswith((b" ", b"\t"))
