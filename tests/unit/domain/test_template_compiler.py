"""Compiling a template: what only shows when it is put together, and what was saved before."""

from dataclasses import replace

import pytest

from mailtide.domain import inlining, markup
from mailtide.domain.content import Template
from mailtide.domain.rendering import prepare
from mailtide.domain.template_compiler import compiled
from mailtide.domain.utm import Utm, tagged
from mailtide.errors import InvalidInputError
from tests.corpus import CAMPAIGN, IDENTITY, ORG, TRACKER

TEMPLATE = Template(ORG, "t", "T", "News", "<p>x</p>")


def mjml(column: str, head: str = "") -> Template:
    section = f"<mj-section><mj-column>\n{column}</mj-column></mj-section>"
    source = f"<mjml><mj-head>{head}</mj-head><mj-body>\n{section}</mj-body></mjml>"
    return replace(TEMPLATE, html="", mjml=source)


@pytest.mark.parametrize(
    ("template", "place"),
    [
        (
            mjml("", "<mj-title>mt0x1z</mj-title><mj-attributes>\n<mj-class/></mj-attributes>"),
            'mjml:2:1 missing attribute "name"',
        ),
        (mjml("<mj-raw><div></mj-raw>"), "mjml:3:1 what stands in mj-raw does not fit together"),
        (
            mjml("<mj-navbar><mj-navbar-link href='/a'>x</mj-navbar-link></mj-navbar>"),
            "mjml:3:34 a link needs its scheme and host",
        ),
        (
            replace(TEMPLATE, html="{% if " + "true and " * 986 + "true %}x{% endif %}"),
            "html:1:1 it is nested over 100 deep",
        ),
    ],
)
def test_what_shows_when_it_is_put_together_has_a_place(template: Template, place: str) -> None:
    with pytest.raises(InvalidInputError) as error:
        compiled(template)
    (found,) = error.value.errors
    assert f"{found['at']} {found['detail']}".startswith(place)


@pytest.mark.parametrize(
    ("template", "place"),
    [
        (
            replace(TEMPLATE, html=f"<style>p{{{'--x:1;' * 2000}}}</style>" + "<p>x</p>" * 2000),
            "html:1:1 2,001 declarations of style for 2,000 elements are too many",
        ),
        (
            replace(TEMPLATE, html=f"<style>p{{--x:{'x' * 1000}}}</style>" + "<p>x</p>" * 400),
            "html:1:1 styles at its elements alone have over 390,000 bytes",
        ),
        (
            mjml(
                "<mj-text>x</mj-text>" * 50,
                f"<mj-attributes><mj-all css-class='{'x' * 9000}'/></mj-attributes>",
            ),
            "mjml:1:1 it becomes HTML of over 390,000 bytes",
        ),
        (
            mjml(
                "<mj-text>x</mj-text>" * 50,
                f"<mj-attributes><mj-all css-class='{'é' * 9000}'/></mj-attributes>",
            ),
            "mjml:1:1 it becomes HTML of over 390,000 bytes",
        ),
    ],
    ids=["declarations", "styles", "written often", "kept back and written often"],
)
def test_what_becomes_too_large_is_refused_before_it_is_made(
    template: Template, place: str
) -> None:
    with pytest.raises(InvalidInputError) as error:
        compiled(template)
    (found,) = error.value.errors
    assert f"{found['at']} {found['detail']}" == place


def test_a_template_that_was_saved_before_there_was_a_compiler_is_sent_as_it_was_written() -> None:
    assert TEMPLATE.body == "<p>x</p>"
    with pytest.raises(InvalidInputError):
        prepare(replace(TEMPLATE, html="<a href=x>y</a>"), CAMPAIGN, IDENTITY, TRACKER)


def test_a_style_without_quotes_gets_them() -> None:
    masked = markup.set_aside("<style>p{color:red}</style><p style=top:0>x</p>")
    assert '<p style="color: red;top:0">' in inlining.inlined(masked)


def test_an_address_that_has_all_parameters_stays() -> None:
    url = "https://a.example/?utm_source=x#y"
    assert tagged(url, Utm(source="news")) == url
