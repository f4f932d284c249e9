"""Preview: the message a contact would receive, and where it fails for one."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from local.memory.contents import Identities, Templates
from mailtide.domain.contact import Contact
from mailtide.domain.content import Identity, Template
from mailtide.domain.signing import Keyring
from mailtide.domain.template_compiler import compiled
from mailtide.domain.tracking import Tracker
from mailtide.errors import InvalidInputError, NotFoundError
from mailtide.flows.preview import Preview, Previewer
from tests.letters import part, read

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
ORG = "o" * 16
HTML = (
    "<p>Hi {{ contact.name }}</p>\n<a href='https://a.example/'>{{ contact.x | divided_by: 0 }}</a>"
)


@pytest.fixture
def previewer() -> Previewer:
    ring = Keyring.from_json('{"current": "1", "1": "a secret of at least thirty-two characters"}')
    return Previewer(Templates(), Identities(), Tracker(ring, "https://t.example"), lambda: NOW)


def contact(**attributes: Any) -> Contact:
    return Contact(ORG, "c", "anna@example.net", "", NOW, attributes)


def show(
    previewer: Previewer, to: Contact, identity_id: str | None = None, **parts: Any
) -> Preview:
    template = Template(ORG, "t", "Letter", **{"subject": "Hello", "html": "<p>x</p>", **parts})
    assert isinstance(previewer.templates, Templates)
    previewer.templates.create(compiled(template), NOW)
    return previewer.preview("t", to, identity_id)


def test_shows_the_parts_and_the_whole_message(previewer: Previewer) -> None:
    html = "<p>Hi {{ contact.name }}, {{ campaign.name }}</p>"
    preview = show(previewer, contact(name="Ann & Bob"), html=html)
    assert preview.content.subject == "Hello"
    assert "<p>Hi Ann &amp; Bob, Letter</p>" in preview.content.html
    assert preview.content.text == "Hi Ann & Bob, Letter\n"
    message = read(preview.source)
    assert message["From"] == "Preview <preview@example.com>"
    assert message["To"] == "anna@example.net"
    assert part(message, "html").rstrip("\n") == preview.content.html
    assert part(message, "plain") == preview.content.text


def test_is_from_the_identity_and_its_tracking_domain(previewer: Previewer) -> None:
    identity = Identity(ORG, "i", "I", "Acme", "news@acme.example", "b.acme.example")
    assert isinstance(previewer.identities, Identities)
    previewer.identities.create(replace(identity, tracking_domain="go.acme.example"), NOW)
    preview = show(previewer, contact(), "i")
    assert read(preview.source)["From"] == "Acme <news@acme.example>"
    assert "https://go.acme.example/t/o/" in preview.content.html


def test_its_message_belongs_to_no_campaign(previewer: Previewer) -> None:
    preview = show(previewer, contact())
    assert read(preview.source)["Message-ID"].startswith("<0000000000")


@pytest.mark.parametrize(("template_id", "identity_id"), [("none", None), ("t", "none")])
def test_what_is_not_there_is_not_found(
    previewer: Previewer, template_id: str, identity_id: str | None
) -> None:
    show(previewer, contact())
    with pytest.raises(NotFoundError):
        previewer.preview(template_id, contact(), identity_id)


@pytest.mark.parametrize(
    ("parts", "attributes", "at"),
    [
        ({"html": "a\n <b>{{ 1 | divided_by: contact.x }}</b>"}, {"x": 0}, "html:2:5"),
        ({"subject": "{{ 1 | divided_by: contact.x }}"}, {"x": 0}, "subject:1:1"),
        ({"text": "\n{{ 1 | divided_by: contact.x }}"}, {"x": 0}, "text:2:1"),
        ({"subject": "{{ contact.x }}"}, {}, "subject"),
        ({"subject": "{{ contact.x }}"}, {"x": "a\nb"}, "headers"),
        ({"html": "{{ contact.x | base64_decode }}", "text": "x"}, {"x": "/w=="}, "html"),
        (
            {"html": "<a href='https://a.example/{{ contact.x }}'>a</a>"},
            {"x": "y" * 2100},
            "html",
        ),
        (
            {
                "html": "",
                "mjml": "<mjml>\n<mj-body>\n<mj-raw>{{ 1 | divided_by: contact.x }}</mj-raw>"
                "</mj-body></mjml>",
            },
            {"x": 0},
            "mjml:3:9",
        ),
    ],
)
def test_a_template_that_fails_for_the_contact_says_where(
    previewer: Previewer, parts: dict[str, str], attributes: dict[str, Any], at: str
) -> None:
    with pytest.raises(InvalidInputError, match="The template fails for this contact: ") as error:
        show(previewer, contact(**attributes), **parts)
    assert error.value.code == "template_error"
    assert [place["at"] for place in error.value.errors] == [at]


def test_warns_of_the_size_that_the_contact_gets(previewer: Previewer) -> None:
    html = "{% for i in (1..9) %}{{ contact.x }}{% endfor %}{{ unsubscribe_url }}"
    assert show(previewer, contact(x="y" * 999), html=html).warnings == []
    (found,) = show(previewer, contact(x="y" * 20_000), html=html).warnings
    assert "Gmail cuts a message off" in found.detail
