"""The text part that is made from the HTML: what is displayed is in it, and nothing else."""

from typing import Any

import pytest

from mailtide.domain.contact import Contact
from mailtide.domain.content import Template
from mailtide.domain.rendering import prepare
from mailtide.domain.template_compiler import compiled
from tests.corpus import AT, CAMPAIGN, IDENTITY, MESSAGE, ORG, TRACKER


def text_of(html: str, **attributes: Any) -> str:
    template = compiled(Template(ORG, "t", "T", "News", html))
    contact = Contact(ORG, "c" * 26, "ann@example.net", "", AT, attributes)
    return prepare(template, CAMPAIGN, IDENTITY, TRACKER).fill(contact, MESSAGE, AT).text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ('<p style="display:none">no</p>yes', "yes"),
        ('<h1 style="color:red; display : none">no</h1>yes', "yes"),
        ('<a style="display:none" href="https://x.example/">no</a>yes', "yes"),
        ('<img style="display:none" alt="no" src="https://x.example/a">yes', "yes"),
        ('<div style="display:none">no<br/>no<style>p{}</style>no</div>yes', "yes"),
        ('<div style="display:none"><p>no<div>no</div>no</div>yes <b>too</b>', "yes too"),
        ('<div style="display:none">no</p>no</div>yes', "yes"),
        ('<style>.x{display:none}</style><b class="x">no</b>yes', "yes"),
        ('<div><p style="display:none">no</div>yes', "yes"),  # its end tag is left out
        ('<p style="display:none">no<p>yes</p>', "yes"),
        ('<ul><li style="display:none">no<li>yes</ul>too', "- yes\n\ntoo"),
        ('<table><tr style="display:none"><td>no<tr><td>yes</table>too', "yes\n\ntoo"),
        (
            '<table><tr><td style="display:none">no<table><tr><td>no</table>no<td>yes</table>too',
            "yes\n\ntoo",
        ),
        ('<table style="mso-hide:all"><tr><td>yes</table>', "yes"),  # from Outlook alone
        ('<a style="display:inline-block;mso-hide:all" href="https://x.example/">yes</a>',
         "yes (https://x.example/)"),
    ],
)  # fmt: skip
def test_what_is_not_displayed_is_not_in_it(html: str, text: str) -> None:
    assert text_of(html) == text + "\n"


@pytest.mark.parametrize(
    ("html", "text"),
    [
        (
            '{% if contact.v %}<div style="display:none">{% else %}<div>{% endif %}yes</div>too',
            "yes\ntoo",
        ),
        (
            '{% unless contact.v %}<p>{% endunless %}{% if contact.v %}<p style="display:none">'
            "{% endif %}yes</p>too",
            "yes\n\ntoo",
        ),
        (
            '{% if contact.v %}<div style="display:none">no{% if contact.w %}no{% else %}no'
            "{% endif %}no</div>{% endif %}yes",
            "yes",
        ),
        (
            '<div style="display:none">{% for i in contact.l %}no{% else %}no{% endfor %}'
            '{{ contact.v }}{% assign x = "yes" %}</div>{{ x }}',
            "yes",
        ),
    ],
)
def test_what_only_some_branches_hide_is_in_it(html: str, text: str) -> None:
    assert text_of(html, v=1, l=[1]) == text + "\n"


def test_an_address_is_in_one_piece() -> None:
    html = "<a href='https://x.example/\n  ?q=a b&amp;\tr=ü '>go</a>"
    assert text_of(html) == "go (https://x.example/%20%20?q=a%20b&r=ü)\n"
