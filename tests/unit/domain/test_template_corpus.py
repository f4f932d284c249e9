"""The corpus: hard templates come out right in HTML, text and MIME; faulty ones name the place."""

import re
from pathlib import Path

import pytest

from mailtide.domain import html_check, markup
from mailtide.domain.content import Format
from mailtide.domain.template_compiler import compiled
from mailtide.errors import InvalidInputError
from tests.corpus import FAULTS, FAULTY, GOOD, MESSAGE, TRACKER, letter, written
from tests.letters import part

each_letter = pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
_STYLE = re.compile(r"\sstyle=(?:\"[^\"]*\"|'[^']*'|[^\s>]+)")
_WAY_OUT = "it shows no way out"


def squeezed(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def without_styles(html: str) -> str:
    masked = markup.set_aside(html)
    return masked.restore(_STYLE.sub("", masked.text))


def test_the_corpus_is_whole() -> None:
    assert len(GOOD) >= 30
    assert sum(path.suffix == ".mjml" for path in GOOD) >= 10
    assert len(FAULTY) >= 40


@each_letter
def test_html_has_the_structure_that_was_meant(path: Path) -> None:
    found = letter(path)
    assert found.tree.misplaced() == []
    for selector, count in found.expected.get("counts", {}).items():
        assert len(found.tree.find(selector)) == count, selector


@each_letter
def test_html_says_what_was_meant(path: Path) -> None:
    found = letter(path)
    for words in found.expected.get("html", ()):
        assert any(one in found.content.html for one in words.split("|")), words
    for words in found.expected.get("not_html", ()):
        assert words not in found.content.html, words


@each_letter
def test_styles_stand_at_their_elements(path: Path) -> None:
    found = letter(path)
    for selector, style in found.expected.get("styles", {}).items():
        node = found.tree.find(selector)[0]
        assert any(one in node.attributes["style"] for one in style.split("|")), node.attributes


@each_letter
def test_html_is_whole_and_nothing_of_ours_is_left_in_it(path: Path) -> None:
    found = letter(path)
    html = found.content.html
    assert html_check.faults(markup.Masked(html, ())) == []
    assert "�" not in html
    assert not re.search("[\ufdd0\ufdd1]|mt[0-9]+x[0-9]+z|mt_|data-mt-(?!notrack)", html)
    assert found.expected.get("raw") or not re.search(r"\{\{|\{%|%\}|\}\}", html)


@each_letter
def test_only_style_attributes_change_in_what_its_author_wrote(path: Path) -> None:
    template = letter(path).template
    if template.format is Format.MJML:
        return
    body = re.sub(r'<div style="display:none;[^>]*>.*?(?:&#847;&#8199;)+</div>', "", template.body)
    assert without_styles(body) == without_styles(template.html)


@each_letter
def test_links_lead_through_us_to_where_they_were_meant_to(path: Path) -> None:
    found = letter(path)
    expected = found.expected.get("links_include")
    if expected is not None:
        assert set(expected) <= set(found.links)
    else:
        assert found.links == found.expected.get("links", [])
    assert found.content.html.count(TRACKER.unsubscribe_url(MESSAGE)) >= 1
    marked = found.template.body.count(markup.NO_TRACKING)
    outside = re.findall(r"<a [^>]*href=[\"']?https?://(?!track\.example/)", found.content.html)
    assert len(outside) == marked


@each_letter
def test_the_preheader_is_first_and_the_pixel_last(path: Path) -> None:
    found = letter(path)
    html = found.content.html
    body = (found.tree.find("body") or [found.tree])[0]
    if found.template.preheader:
        first = next(node for node in body.children if node.name not in ("head", "html"))
        assert first.name == "div"
        assert first.attributes["style"].startswith("display:none")
    images = re.findall(r"<img [^>]*>", html)
    assert TRACKER.open_url(MESSAGE) in images[-1]
    assert html.count(TRACKER.open_url(MESSAGE)) == 1
    assert squeezed(html.partition(images[-1])[2]).strip().lower().rstrip() in (
        "",
        "</body></html>",
        "</body> </html>",
    )


@each_letter
def test_text_is_readable(path: Path) -> None:
    found = letter(path)
    for words in found.expected["text"]:
        assert words in found.content.text, found.content.text
    for words in found.expected.get("not_text", ()):
        assert words not in found.content.text
    assert TRACKER.unsubscribe_url(MESSAGE) in found.content.text
    assert not re.search(r"[\ufdd0\ufdd1\u034f]|mt_", found.content.text)
    assert "\n\n\n" not in found.content.text


@each_letter
def test_the_message_is_one_that_any_relay_takes(path: Path) -> None:
    raw = letter(path).raw
    assert raw.isascii()
    assert raw.count(b"\n") == raw.count(b"\r\n") == raw.count(b"\r")
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998
    head = raw.partition(b"\r\n\r\n")[0]
    assert max(len(line) for line in head.split(b"\r\n")) <= 998
    for name in (b"From", b"To", b"Subject", b"Date", b"Message-ID", b"MIME-Version"):
        assert len(re.findall(rb"^" + name + rb":", head, re.MULTILINE | re.IGNORECASE)) == 1


@each_letter
def test_the_message_decodes_to_what_was_made(path: Path) -> None:
    found = letter(path)
    message = found.message
    assert message.get_content_type() == "multipart/alternative"
    plain, html = message.iter_parts()
    assert (plain.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    assert {one.get_content_charset() for one in (plain, html)} == {"utf-8"}
    assert message.defects == plain.defects == html.defects == []
    assert part(message, "plain").rstrip("\n") == found.content.text.rstrip("\n")
    assert part(message, "html").rstrip("\n") == found.content.html.rstrip("\n")
    assert message["Subject"] == found.expected.get("subject_is", found.template.subject)


@each_letter
def test_its_author_is_told_what_deserves_a_second_look(path: Path) -> None:
    found = letter(path)
    expected = found.expected.get("warnings", [])
    shown = [one for one in found.warnings if _WAY_OUT not in one]
    assert len(shown) == len(expected), shown
    assert all(one.startswith(words) for one, words in zip(shown, expected, strict=True)), shown


@each_letter
def test_conditional_comments_are_closed_and_balanced(path: Path) -> None:
    """What Outlook reads, the comments' content included, has a tag for a tag."""
    html = letter(path).content.html
    if letter(path).expected.get("balanced_comments"):
        outlook = re.sub(r"<!--\[if[^\]]*\]>(?:<!-->)?|(?:<!--)?<!\[endif\]-->", "", html)
        assert html_check.faults(markup.Masked(outlook, ())) == []
        for name in ("table", "tr", "td"):
            opened = len(re.findall(rf"<{name}[\s>]", outlook))
            assert opened == outlook.count(f"</{name}>"), name


def test_a_letter_made_twice_is_the_same_bytes() -> None:
    for path in GOOD[:3]:
        first = letter(path).raw
        letter.cache_clear()
        assert letter(path).raw == first


@pytest.mark.parametrize("path", FAULTY, ids=lambda path: path.stem)
def test_a_faulty_template_is_refused_with_every_place(path: Path) -> None:
    expected = FAULTS[path.name]
    with pytest.raises(InvalidInputError) as error:
        compiled(written(path, expected))
    assert error.value.code == "template_error"
    found = [f"{one['at']} {one['detail']}" for one in error.value.errors]
    assert len(found) == len(expected["errors"]), found
    assert all(
        one.startswith(words) for one, words in zip(found, expected["errors"], strict=True)
    ), found
