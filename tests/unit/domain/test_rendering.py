"""Rendering: what a template's author is told, and what a contact, friendly or not, receives."""

import html as entities
import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mailtide.domain import identifiers, liquid_language
from mailtide.domain.campaign import Campaign, State
from mailtide.domain.contact import Contact
from mailtide.domain.content import Identity, Template
from mailtide.domain.rendering import RenderError, Variant, prepare
from mailtide.domain.signing import Keyring, Purpose
from mailtide.domain.tracking import Addressed, Link, Tracker
from mailtide.errors import InvalidInputError, PermanentError
from tests.letters import part, read

AT = datetime(2026, 11, 24, 10, 15, tzinfo=UTC)
ORG = "o" * 16
CAMPAIGN = Campaign(
    ORG, identifiers.encode(b"abcdef"), "Spring & Co", ("list",), "t", "i", State.SENDING, AT
)
IDENTITY = Identity(ORG, "i" * 16, "News", "Söhne, Inc.", "news@bücher.example", "b.example")
RING = Keyring.from_json(json.dumps({"current": "1", "1": "k" * 64}))
TRACKER = Tracker(RING, "https://track.example")
MESSAGE = identifiers.message_id(b"key", CAMPAIGN.campaign_id, "contact")


def template(html: str, subject: str = "Hello", text: str | None = None) -> Template:
    return Template(ORG, "t" * 16, "News", subject, html, text)


def contact(email: str = "anna@example.net", **attributes: Any) -> Contact:
    return Contact(ORG, "c" * 26, email, "other", AT, attributes)


def variant(html: str, subject: str = "Hello", text: str | None = None) -> Variant:
    return prepare(template(html, subject, text), CAMPAIGN, IDENTITY, TRACKER)


def mailed(made: Variant, to: Contact) -> EmailMessage:
    return read(made.render(to, MESSAGE, AT))


def html_for(source: str, to: Contact) -> str:
    return part(mailed(variant(source), to), "html")


def clicks(html: str) -> list[Link]:
    """Follow every link of ours as the redirect does."""
    found = re.findall(r'href="https://track\.example/t/c/([^/"]*)/([^"]*)"', html)
    read = [TRACKER.read_click(*tokens) for tokens in found]
    assert {message for message, _ in read} <= {MESSAGE}
    return [link for _, link in read]


class Tags(HTMLParser):
    """The tags of a document, as a browser would see them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.attributes: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.attributes += [name for name, _ in attrs]


def test_a_bad_template_is_not_prepared() -> None:
    with pytest.raises(InvalidInputError):
        variant("{% nope %}")


def test_the_message_has_the_headers_that_bulk_mail_needs() -> None:
    message = mailed(variant("<p>x</p>"), contact())
    token = TRACKER.recipient(Purpose.UNSUBSCRIBE, MESSAGE)
    assert message["List-Unsubscribe"] == f"<https://track.example/u/{token}>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["Feedback-ID"] == f"{CAMPAIGN.campaign_id}:{'i' * 16}:marketing:{'o' * 15}"
    assert message["Message-ID"] == f"<{MESSAGE}@xn--bcher-kva.example>"
    assert message["From"].addresses[0].addr_spec == "news@xn--bcher-kva.example"
    assert message["From"].addresses[0].display_name == "Söhne, Inc."
    assert message["To"] == "anna@example.net"
    assert message["Date"].datetime == AT


def test_replies_and_unsubscribes_come_to_addresses_that_name_the_message() -> None:
    identity = replace(IDENTITY, reply_domain="reply.example")
    message = mailed(prepare(template("<p>x</p>"), CAMPAIGN, identity, TRACKER), contact())
    reply = TRACKER.reply_address(MESSAGE, "reply.example")
    assert message["Reply-To"] == reply
    https, mailto = str(message["List-Unsubscribe"]).split(", ")
    assert https == f"<{TRACKER.unsubscribe_url(MESSAGE)}>"
    found = re.fullmatch(r"<mailto:(.*)\?subject=unsubscribe>", mailto)
    assert found is not None
    assert TRACKER.read_address(found[1]) == Addressed(Purpose.UNSUBSCRIBE, MESSAGE)
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_replies_go_to_the_owners_mailbox() -> None:
    identity = replace(IDENTITY, reply_to="us@bücher.example")
    message = mailed(prepare(template("<p>x</p>"), CAMPAIGN, identity, TRACKER), contact())
    assert message["Reply-To"] == "us@xn--bcher-kva.example"


def test_the_same_message_is_the_same_bytes() -> None:
    made = variant("<p>{{ contact.name }} {{ 'now' | date: '%Y-%m-%d' }}</p>")
    first = made.render(contact(name="Anna"), MESSAGE, AT)
    assert first == made.render(contact(name="Anna"), MESSAGE, AT)
    assert b"2026-11-24" in first


def test_both_parts_and_the_subject_are_filled() -> None:
    made = variant("<p>{{ contact.name }}</p>", "To {{ contact.email }}", "{{ campaign.name }}")
    message = mailed(made, contact(name="Ann & Bob"))
    assert message["Subject"] == "To anna@example.net"
    assert "<p>Ann &amp; Bob</p>" in part(message, "html")
    assert part(message, "plain") == "Spring & Co\n"


def test_the_text_part_is_made_from_the_html_with_plain_values_and_plain_links() -> None:
    source = (
        "<p>Hi {{ contact.name }}, <a href='https://a.example/?q={{ contact.name }}'>go</a></p>"
    )
    text = part(mailed(variant(source), contact(name="A & B")), "plain")
    assert text == "Hi A & B, go (https://a.example/?q=A%20%26%20B)\n"


def test_the_contact_cannot_choose_the_email_field() -> None:
    made = Contact(ORG, "c" * 26, "anna@example.net", "other", AT, {"email": "evil@example.net"})
    assert "anna@example.net" in html_for("{{ contact.email }}", made)


def test_a_missing_attribute_is_empty() -> None:
    assert "<p>Hi !</p>" in html_for("<p>Hi {{ contact.first.name }}!</p>", contact())


def test_links_are_signed_in_order_and_the_pixel_comes_last() -> None:
    html = html_for(
        "<body><a href='https://a.example/?x=1&amp;y=2'>a</a><a href='mailto:x@y.example'>m</a>"
        "<a href='https://b.example/'>b</a></BODY></html>",
        contact(),
    )
    expected = ["https://a.example/?x=1&y=2", "https://b.example/"]
    assert [link.url for link in clicks(html)] == expected
    assert [link.index for link in clicks(html)] == [0, 1]
    assert "mailto:x@y.example" in html
    opened = TRACKER.open_url(MESSAGE)
    assert re.search(rf'<img src="{re.escape(opened)}"[^>]*></BODY></html>', html)


def test_without_a_body_tag_the_pixel_is_at_the_end() -> None:
    assert html_for("<p>x</p>", contact()).rstrip().endswith('border:0">')


def test_a_personal_link_is_good_in_its_own_message_only() -> None:
    html = html_for("<a href='https://a.example/{{ contact.code }}'>x</a>", contact(code="7"))
    assert clicks(html) == [Link(CAMPAIGN.campaign_id, 0, "https://a.example/7")]
    other = identifiers.message_id(b"key", CAMPAIGN.campaign_id, "other")
    token = html.split("/t/c/")[1].split('"')[0].split("/")[1]
    with pytest.raises(InvalidInputError):
        TRACKER.read_click(TRACKER.recipient(Purpose.CLICK, other), token)


def test_conditions_choose_inside_a_link() -> None:
    source = (
        "<a href='https://a.example/{% if contact.vip %}vip{% else %}all{% endif %}?a&amp;b'>x</a>"
    )
    assert clicks(html_for(source, contact(vip=True)))[0].url == "https://a.example/vip?a&b"
    assert clicks(html_for(source, contact()))[0].url == "https://a.example/all?a&b"


HOSTILE = [
    "</body></html><script>alert(1)</script>",
    "\"'><img src=x onerror=alert(1)>",
    "' onmouseover='x",
    "{{ contact.email }}{% raw %}",
    "@evil.example/",
    "/../..//evil.example\\",
    "?#&;%0d%0aSet-Cookie: x",
    "🎉👩‍👩‍👧 ü \u202e",
    "&lt;script&gt;&#60;script&#62;",
]


@pytest.mark.parametrize("value", HOSTILE)
def test_a_hostile_value_is_text_and_never_markup(value: str) -> None:
    source = "<body><p title='{{ contact.x }}'>{{ contact.x }}</p></body>"
    html = html_for(source, contact(x=value))
    tags = Tags(html)
    assert tags.names == ["body", "p", "img"]
    assert tags.attributes == ["title", "src", "width", "height", "alt", "style"]
    assert entities.unescape(html.split("'>")[1].split("</p>")[0]) == value


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=100))
@example("/../..//evil.example\\")
@example("@evil.example")
def test_no_value_changes_where_a_link_goes(value: str) -> None:
    html = html_for(
        "<a href='https://a.example/p/{{ contact.x }}/q?v={{ contact.x }}#f'>x</a>",
        contact(x=value),
    )
    (link,) = clicks(html)
    assert re.fullmatch(r"https://a\.example/p/[^/?#\\]*/q\?v=[^/?#&\\]*#f", link.url)
    assert Tags(html).names == ["a", "img"]


@pytest.mark.parametrize("filter_", sorted(liquid_language.FILTERS | {"mt_field"}))
@pytest.mark.parametrize("form", ["{{ contact.x | %s }}", "{{ contact.x | escape | %s }}"])
def test_no_filter_turns_a_value_into_markup(filter_: str, form: str) -> None:
    value = "<script>&lt;script&gt;PHNjcmlwdD4=%3Cscript%3E\n"
    source = "{% capture c %}" + form % filter_ + "{% endcapture %}{{ c }}" + form % filter_
    try:
        html = html_for(source, contact(x=value))
    except RenderError:
        return  # the filter wants an argument, or another kind of value
    assert Tags(html).names in (["img"], ["br", "br", "img"])


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\x0b", "\x85", "\u2028", "\x00"])
def test_a_line_end_never_gets_into_the_subject(end: str) -> None:
    made = variant("<p>x</p>", "Hi {{ contact.name }}")
    with pytest.raises(RenderError, match="line break"):
        made.render(contact(name=f"A{end}Bcc: b@example.net"), MESSAGE, AT)


@pytest.mark.parametrize(
    ("source", "value", "why"),
    [
        ("a\n{{ 10 | divided_by: contact.x }}", 0, "html: line 2: divided_by: can't divide by 0"),
        ("{{ contact.x | base64_decode }}", "/w==", "html: UnicodeDecodeError"),
        ("{{ contact.x }}", "\ud800", "html: UnicodeEncodeError"),
        ("{{ contact.x | date: '%Y' }}", 10**18, "html: OverflowError"),
        ("{% for i in (1..contact.x) %}a{% endfor %}", 10**6, "html: .*loop iteration limit"),
        ("{% for i in (1..9000) %}{{ contact.x }}{% endfor %}", "a" * 999, "html: .*output stream"),
        ("{% break %}{{ contact.x }}", 1, "html: .*unexpected"),
        ("<a href='https://a.example/{{ contact.x }}'>", "x" * 2048, "html: a link is over 2048"),
    ],
)
def test_what_fails_for_one_contact_says_why(source: str, value: object, why: str) -> None:
    with pytest.raises(RenderError, match=why) as error:
        variant(source, text="x").render(contact(x=value), MESSAGE, AT)
    assert isinstance(error.value, PermanentError)
    assert len(error.value.detail) < 400


def test_an_empty_subject_fails_for_its_contact() -> None:
    with pytest.raises(RenderError, match="subject: it is empty for this contact"):
        variant("<p>x</p>", "{{ contact.topic }}").render(contact(), MESSAGE, AT)


@pytest.mark.parametrize(
    "address", ["a@b@example.net", "a b@example.net", "a\r\n@example.net", "a"]
)
def test_an_address_that_no_header_can_hold_fails_for_its_contact(address: str) -> None:
    with pytest.raises(RenderError, match="headers: "):
        variant("<p>x</p>").render(contact(address), MESSAGE, AT)


def test_a_long_value_arrives_whole() -> None:
    value = "ü" * 10_000
    message = mailed(variant("<p>{{ contact.x }}</p>", "{{ contact.x }}"), contact(x=value))
    assert message["Subject"] == value
    assert f"<p>{value}</p>" in part(message, "html")
    assert part(message, "plain") == value + "\n"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("2026-03-14", "14.03.2026 00:00"),
        ("March 14, 2026 8:30", "14.03.2026 08:30"),
        ("10:30 XYZ", "24.11.2026 10:30"),  # what is missing comes from the message's day
        (0, "01.01.1970 00:00"),
        ("1767225600", "01.01.2026 00:00"),
        ("today", "24.11.2026 10:15"),
        ("someday", "someday"),
        (None, ""),
        ("", ""),
        ([1], ""),
    ],
)
def test_dates_are_read_without_a_clock(value: object, shown: str) -> None:
    made = variant("<p>{{ contact.x | date: '%d.%m.%Y %H:%M' }}</p>")
    assert f"<p>{shown}</p>" in part(mailed(made, contact(x=value)), "html")


def test_a_date_without_a_form_stays_as_it_is() -> None:
    assert "<p>2026-03-14</p>" in html_for("<p>{{ contact.x | date }}</p>", contact(x="2026-03-14"))
