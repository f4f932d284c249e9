"""The finished message: what a reader decodes is what was put in, and nothing can add a header."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mailtide.domain.mail import File, Mail, build, is_header_safe
from tests.letters import part, read

AT = datetime(2026, 11, 24, 10, 15, tzinfo=UTC)
# Any text a contact's data may hold; lone surrogates are no text.
texts = st.text(st.characters(exclude_categories=["Cs"]))
header_texts = texts.filter(is_header_safe)


def mail(**changes: Any) -> Mail:
    parts: dict[str, Any] = {
        "message_id": "0123456789abcdefghijklmnop",
        "date": AT,
        "from_name": "Mailtide",
        "from_address": "news@example.com",
        "to": "anna@example.net",
        "subject": "Hello",
        "text": "Hello\n",
        "html": "<p>Hello</p>\n",
        "reply_to": None,
        "headers": {"List-Unsubscribe-Post": "List-Unsubscribe=One-Click"},
    }
    return Mail(**{**parts, **changes})


def test_a_recipient_may_have_a_name() -> None:
    assert read(build(mail(to_name='Anna "A", B')))["To"] == '"Anna \\"A\\", B" <anna@example.net>'
    assert "=?utf-8?b?" in build(mail(to_name="Ännchen")).decode().split("\r\n")[1]


def test_files_go_along_and_the_same_message_is_the_same_bytes() -> None:
    files = (File("a.txt", "text/plain", b"one\n"), File("b.pdf", "application/pdf", b"\x00\xff"))
    built = build(mail(files=files))
    assert built == build(mail(files=files))
    message = read(built)
    assert message.get_content_type() == "multipart/mixed"
    attached = list(message.iter_attachments())
    assert [one.get_filename() for one in attached] == ["a.txt", "b.pdf"]
    assert [one.get_payload(decode=True) for one in attached] == [b"one\n", b"\x00\xff"]
    assert part(message, "plain") == "Hello\n"


def test_has_each_header_once_with_a_date_and_an_id_of_the_sender() -> None:
    message = read(build(mail(reply_to="answers@example.org")))
    assert {name: message[name] for name in message} == {
        "Date": "Tue, 24 Nov 2026 10:15:00 +0000",
        "Message-ID": "<0123456789abcdefghijklmnop@example.com>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "From": "Mailtide <news@example.com>",
        "To": "anna@example.net",
        "Subject": "Hello",
        "Reply-To": "answers@example.org",
        "MIME-Version": "1.0",
        "Content-Type": 'multipart/alternative; boundary="=_0123456789abcdefghijklmnop"',
    }
    assert len(message.keys()) == len(set(message.keys()))


def test_the_same_mail_is_the_same_bytes() -> None:
    assert build(mail()) == build(mail())


@given(header_texts)
@example("🎉 " * 40)
@example("=?utf-8?q?=0D=0ABcc:_b@example.net?=")
@example("a" * 3000)
def test_a_subject_is_read_as_it_was_written(subject: str) -> None:
    message = read(build(mail(subject=subject)))
    # Runs of spaces may be joined by a reader where lines are folded.
    assert " ".join(str(message["Subject"]).split()) == " ".join(subject.split())


@given(header_texts)
@example('Söhne, "GmbH" <x@evil.example>')
def test_a_sender_name_never_changes_the_address(name: str) -> None:
    message = read(build(mail(from_name=name)))
    assert [str(a.addr_spec) for a in message["From"].addresses] == ["news@example.com"]
    assert len(message.keys()) == 8


@given(header_texts.filter(lambda name: name.isascii() and "=?" not in name))
def test_an_ascii_sender_name_is_read_as_it_was_written(name: str) -> None:
    message = read(build(mail(from_name=name)))
    assert message["From"].addresses[0].display_name.split() == name.split()


@given(texts, texts)
def test_bodies_are_read_as_they_were_written(text: str, html: str) -> None:
    raw = build(mail(text=text, html=html))
    message = read(raw)
    assert part(message, "plain") == with_lf(text)
    assert part(message, "html") == with_lf(html)
    assert raw.isascii()


def with_lf(text: str) -> str:
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return lines if lines.endswith("\n") else lines + "\n"


@given(texts)
@example("x" * 5000)
@example("ä" * 5000)
@example("\r" * 3)
def test_every_line_is_short_and_ends_in_crlf(text: str) -> None:
    raw = build(mail(text=text, subject="Grüße " * 300))
    lines = raw.split(b"\r\n")
    assert max(map(len, lines)) <= 998
    assert not any(b"\n" in line or b"\r" in line for line in lines)


@pytest.mark.parametrize("end", ["\r\n", "\n", "\0"])
def test_nothing_ends_a_header_of_its_callers_early(end: str) -> None:
    with pytest.raises(ValueError, match="line break or a control character in Feedback-ID"):
        build(mail(headers={"Feedback-ID": f"a{end}Bcc: b@example.net"}))


@pytest.mark.parametrize("field", ["subject", "from_name", "to"])
@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\x0b", "\x0c", "\x85", "\u2028", "\u2029"])
def test_a_line_end_never_gets_into_a_header(field: str, end: str) -> None:
    with pytest.raises(ValueError, match=r"line break|not an address"):
        build(mail(**{field: f"a@example.net{end}Bcc: b@example.net"}))


def test_headers_are_utf8_only_for_an_international_local_part() -> None:
    raw = build(mail(to="jürgen@example.net", subject="Grüße"))
    assert "To: jürgen@example.net\r\n".encode() in raw
    assert build(mail(subject="Grüße")).isascii()


def test_refuses_a_sender_that_an_ascii_relay_cannot_carry() -> None:
    with pytest.raises(ValueError, match="ASCII"):
        build(mail(from_address="jürgen@example.com"))
