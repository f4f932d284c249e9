"""Whatever is sent as a template is refused properly, or makes messages."""

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailtide.domain import inlining, markup, template_check
from mailtide.domain.contact import Contact
from mailtide.domain.content import Template
from mailtide.domain.rendering import RenderError, prepare
from mailtide.domain.template_compiler import compiled
from mailtide.domain.utm import Utm
from mailtide.errors import InvalidInputError
from tests.corpus import AT, CAMPAIGN, IDENTITY, MESSAGE, ORG, TRACKER
from tests.letters import part, read

pytestmark = pytest.mark.thorough

LIQUID = [
    "{{ contact.name }}", "{{ contact.x | upcase }}", "{{", "}}", "{%", "%}", "{{}}", "{{ name }}",
    "{% if contact.a < 3 %}", "{% elsif contact.b > 1 %}", "{% else %}", "{% endif %}",
    "{% for i in contact.xs %}", "{{ i }}", "{% endfor %}", "{% break %}", "{% case contact.a %}",
    "{% when 1 %}", "{% endcase %}", "{% capture c %}", "{% endcapture %}", "{{ c }}",
    "{% raw %}", "{% endraw %}", "{% comment %}", "{% endcomment %}", "{%- assign a = 1 -%}",
    "{{ 1 | divided_by: contact.zero }}", "{{ contact.x | nope }}", "{{ contact.x | date: '%Y' }}",
    "{% liquid\nassign b = 2\necho b %}", "{{ unsubscribe_url }}", "{% tablerow i in (1..2) %}",
    "{% endtablerow %}", "{% cycle 'a', 'b' %}", "{{ contact | json }}", "{# x #}",
]  # fmt: skip
HTML = [
    "<p>", "</p>", "<table>", "</table>", "<tr>", "</tr>", "<td>", "</td>", "<div class='a'>",
    "</div>", "<b>", "</b>", "<br/>", "<img src=x>", "<a href='https://a.example/?", "'>", "</a>",
    '<a href="', '">', "<!--", "-->", "<!--[if mso]>", "<![endif]-->", "<style>", "</style>",
    "p{color:red}", ".a > b{margin:0!important}", "@media (x){p{top:0}}", "}", "{", "<", ">", '"',
    "'", "=", "/", "<body>", "</body>", "<html>", "<head>", "</head>", "<script>", "</script>",
    "<p style='color:blue'>", "<p style=x>", "<p style>", "&amp;", "&#123;", "&lt;", "<!DOCTYPE x>",
    "<li>", "<ul>", "<svg/>", "<o:p>", "<?x?>", "<![CDATA[", "mailto:x", "javascript:", "https://",
]  # fmt: skip
MJML = [
    "<mjml>", "</mjml>", "<mj-head>", "</mj-head>", "<mj-body>", "</mj-body>", "<mj-section>",
    "</mj-section>", "<mj-column>", "</mj-column>", "<mj-text>", "</mj-text>", "<mj-raw>",
    "</mj-raw>", "<mj-button href='https://a.example/'>", "</mj-button>", "<mj-image src='x'/>",
    "<mj-style inline='inline'>", "</mj-style>", "<mj-attributes>", "</mj-attributes>",
    "<mj-all color='red'/>", "<mj-nope>", "<mj-text color='", "<mj-table>", "</mj-table>",
    "<mj-social>", "</mj-social>", "<mj-wrapper>", "</mj-wrapper>", "<mj-divider/>", "mt0x1z",
    "<mj-carousel>", "</mj-carousel>", "<mj-hero>", "</mj-hero>", "<mj-include path='/a'/>",
]  # fmt: skip
ANY = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
CONTACT = Contact(ORG, "c" * 26, "ann@example.net", "", AT, {"xs": [1, 2], "zero": 0, "a": "1"})


def soup(*vocabularies: list[str]) -> st.SearchStrategy[str]:
    pieces = st.sampled_from([one for words in vocabularies for one in words]) | ANY
    return st.lists(pieces, max_size=25).map("".join)


def letter(html: str, **parts: object) -> Template:
    return replace(Template(ORG, "t", "T", "News", html), **parts)  # type: ignore[arg-type]


def survives(template: Template) -> bool:
    """Save a template and send it; say whether it was taken."""
    saved, refusal = None, None
    try:
        saved = compiled(template)
    except InvalidInputError as error:
        refusal = error
    if saved is None:
        assert refusal is not None
        assert refusal.code == "template_error"
        assert all(re.fullmatch(r"\w+:[1-9]\d*:[1-9]\d*", one["at"]) for one in refusal.errors)
        return False
    template_check.warnings(saved)
    variant = prepare(saved, CAMPAIGN, IDENTITY, TRACKER)
    try:
        message = read(variant.render(CONTACT, MESSAGE, AT))
    except RenderError:
        return True
    assert not re.search("[\ufdd0-\ufdd4]", part(message, "html") + part(message, "plain"))
    return True


@settings(max_examples=300)
@given(soup(LIQUID, HTML))
def test_html_and_liquid(source: str) -> None:
    survives(letter(source))


@settings(max_examples=300)
@given(soup(LIQUID, HTML, MJML))
def test_mjml_that_is_none(source: str) -> None:
    survives(letter("", mjml=source))


@settings(max_examples=300)
@given(soup(LIQUID, HTML, MJML), soup(LIQUID, HTML), st.booleans())
def test_mjml_with_anything_in_it(content: str, head: str, inside: bool) -> None:
    content = f"<mj-text>{content}</mj-text>" if inside else content
    column = f"<mj-section><mj-column>{content}</mj-column></mj-section>"
    style = f"<mj-head><mj-style inline='inline'>{head}</mj-style></mj-head>"
    survives(letter("", mjml=f"<mjml>{style}<mj-body>{column}</mj-body></mjml>"))


@given(soup(LIQUID, HTML), soup(LIQUID), soup(LIQUID, HTML), soup(LIQUID))
def test_all_parts(html: str, subject: str, text: str, preheader: str) -> None:
    survives(letter(html, subject=subject, text=text, preheader=preheader, utm=Utm("a b", "ü")))


@given(st.lists(st.sampled_from([*HTML, *LIQUID[:12]]), max_size=40).map("".join))
def test_inlining_changes_nothing_but_style_attributes(source: str) -> None:
    masked = markup.set_aside(source)
    done = inlining.inlined(masked)
    style = re.compile(r"\sstyle(?:=(?:\"[^\"]*\"|'[^']*'|[^\s>]+))?(?=[\s/>\ufdd0a-z])")
    assert style.sub("", done) == style.sub("", masked.text)


EVIL = [
    "<a ", "<a '", '<a x="', "<!--", "<b>", "<td>", "<p>", "</b>", "{{", "{%", "{{ a", "{% if a %}",
    "{{a}}", "<p style=", "<style>p{", "<mj-text>", "<mj-section>", "</mj-text>", "&#123;", "<p x ",
    "{% raw %}", "<i>{% if true %}", "<li>{% for i in contact.a %}", "<p a=1 a=1>", "<![endif]-->",
    " ", "\n", "<a href=https://a.example/>x</a>", "{% endif %}", "<mjml>", "<style></style>",
]  # fmt: skip


@pytest.mark.parametrize("evil", EVIL)
def test_the_same_thing_very_often_ends(evil: str) -> None:
    """With a time that grew with the square of the length, this would not."""
    source = evil * (40_000 // len(evil))
    survives(letter(source))
    survives(letter("", mjml=f"<mjml><mj-body>{source}</mj-body></mjml>"))
    survives(letter(f"<style>p{{color:red}}</style><div>{source[:20_000]}</div>", text="x"))
