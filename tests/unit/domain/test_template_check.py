"""Checking a template: its author is told everything that is wrong, with the place."""

import pytest

from mailtide.domain.content import Template
from mailtide.domain.rendering import check
from mailtide.errors import InvalidInputError


def template(html: str, subject: str = "Hello", text: str | None = None) -> Template:
    return Template("o" * 16, "t" * 16, "News", subject, html, text)


def errors_of(html: str = "<p>x</p>", subject: str = "x", text: str | None = None) -> list[str]:
    with pytest.raises(InvalidInputError) as error:
        check(template(html, subject, text))
    assert error.value.code == "template_error"
    return [f"{e['at']} {e['detail']}" for e in error.value.errors]


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("a\n{{ contact.name | shout }}", "html:2 unknown filter 'shout'"),
        ("a\n\n{% shout %}", "html:3 unexpected tag 'shout'"),
        ("{% include 'x' %}", "html:1 unexpected tag 'include'"),
        ("{{ contact.x | safe }}", "html:1 unknown filter 'safe'"),
        ("{% if contact.x %}\n{{ contact.x | bad }}{% endif %}", "html:2 unknown filter 'bad'"),
        ("{% for x in contact.xs %}\na", "html:2 expected tag endfor"),
        ("a\n{{ contact.name", "html:2 expected '}}', found end of file"),
        ("a\n{{ contact.name | }}\nb", "html:2 expected word, found end of expression"),
        ("a\n{% if contact.name == %}b{% endif %}\nc", "html:2 expected a primitive expression"),
        ("{{ contact.name && 1 }}", "html:1 unexpected '&'"),
        ("a\n{{ name }}", "html:2 unknown name 'name'; there are campaign, contact, unsub"),
        ("\n<a href='https://{{ contact.x }}.example/'>", "html:2 the host of a link cannot hold"),
        (" \n ", "html:1 it is empty"),
        ("x" * 300_001, "html:1 a template holds at most 300,000 characters"),
    ],
)
def test_says_what_is_wrong_and_where(source: str, error: str) -> None:
    (found,) = errors_of(source)
    assert found.startswith(error)


@pytest.mark.parametrize(
    ("subject", "error"),
    [
        ("", "subject:1 it is empty"),
        ("  ", "subject:1 it is empty"),
        ("a\r\nBcc: b@example.net", "subject:1 a subject holds no line break"),
        ("a\nb", "subject:1 a subject holds no line break"),
        ("{{ contact.name | nope }}", "subject:1 unknown filter 'nope'"),
    ],
)
def test_says_what_is_wrong_with_a_subject(subject: str, error: str) -> None:
    (found,) = errors_of(subject=subject)
    assert found.startswith(error)


def test_reports_every_error_of_all_parts() -> None:
    found = errors_of("{{ a | b }}\n{{ c }}", "{{ d }}", "{% e %}")
    assert [error.split()[0] for error in found] == [
        "subject:1",
        "html:1",
        "html:1",
        "html:2",
        "text:1",
    ]


def test_says_when_no_text_can_be_made_from_the_html() -> None:
    source = "<img alt='{% if contact.x %}' title='{% endif %}'>"
    assert errors_of(source) == ["html:1 no text part can be made from it; give one"]


def test_a_good_template_passes() -> None:
    check(
        template(
            "{% for i in contact.items %}{{ forloop.index }}{{ i.name | upcase }}{% endfor %}"
            "{% assign x = contact.a | default: 'b' %}{{ x }}{{ campaign.name }}"
            "<a href='{{ unsubscribe_url }}'>x</a>{% raw %}{{ y }}{% endraw %}",
            "Hi {{ contact.name | default: 'there' }}",
        )
    )
