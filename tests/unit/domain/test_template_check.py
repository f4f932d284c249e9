"""Checking a template: its author is told everything that is wrong, with the place."""

from dataclasses import replace

import pytest

from mailtide.domain import liquid_check, template_check
from mailtide.domain.content import Template
from mailtide.domain.template_compiler import compiled
from mailtide.domain.utm import Utm
from mailtide.errors import InvalidInputError


def template(html: str, subject: str = "Hello", text: str | None = None) -> Template:
    return Template("o" * 16, "t" * 16, "News", subject, html, text)


def refused(given: Template) -> list[str]:
    with pytest.raises(InvalidInputError) as error:
        compiled(given)
    assert error.value.code == "template_error"
    return [f"{e['at']} {e['detail']}" for e in error.value.errors]


def errors_of(html: str = "<p>x</p>", subject: str = "x", text: str | None = None) -> list[str]:
    return refused(template(html, subject, text))


def errors_of_mjml(body: str, head: str = "") -> list[str]:
    mjml = f"<mjml>{head}<mj-body>\n{body}</mj-body></mjml>"
    return refused(replace(template(""), mjml=mjml))


def in_column(content: str) -> str:
    return f"<mj-section><mj-column>\n{content}</mj-column></mj-section>"


LIQUID = [
    ("a\n{{ contact.name | shout }}", "html:2:19 unknown filter 'shout'"),
    ("a\n\n{% shout %}", "html:3:1 unknown tag 'shout'"),
    ("{% include 'x' %}", "html:1:1 unknown tag 'include'"),
    ("{% endshout %}", "html:1:1 unknown tag 'endshout'"),
    ("a{%  %}", "html:1:2 an empty tag"),
    ("{{ contact.x | safe }}", "html:1:16 unknown filter 'safe'"),
    ("{{ contact.x | mt_bind: 0 }}", "html:1:16 unknown filter 'mt_bind'"),
    ("{% if contact.x %}\n{{ contact.x | bad }}{% endif %}", "html:2:16 unknown filter 'bad'"),
    ("{% liquid\nassign a = 1\necho a | nope\n%}", "html:3:10 unknown filter 'nope'"),
    ("{{ contact.x | replace }}", "html:1:16 the filter 'replace' takes 1 to 2 arguments, not 0"),
    ("{{ contact.x | upcase: 1 }}", "html:1:16 the filter 'upcase' takes 0 arguments, not 1"),
    ("{{ contact.x | default: 1, foo: 2 }}", "html:1:16 the filter 'default' has no argument 'foo"),
    ("{% for x in contact.xs %}\na", "html:1:1 'for' is not ended by 'endfor'"),
    ("\n{% raw %}{{ x }}", "html:2:1 'raw' is not ended by 'endraw'"),
    ("{% comment %}{{ x }}", "html:1:1 'comment' is not ended by 'endcomment'"),
    ("{% endfor %}", "html:1:1 'endfor' ends no 'for'"),
    ("{% else %}", "html:1:1 'else' stands outside of case or for or if or unless"),
    ("{% if true %}{% when 1 %}{% endif %}", "html:1:14 'when' stands outside of case"),
    ("{% if true %}{% break %}{% endif %}", "html:1:14 'break' stands outside of for or tablerow"),
    ("a\n{{ contact.name", "html:2:1 '{{' is not ended by '}}'"),
    ("a\n{{ contact.name\n<p>{{ contact.x }}</p>", "html:2:1 '{{' is not ended by '}}'"),
    ("a {% assign x = 1\n<p>x</p>", "html:1:3 '{%' is not ended by '%}'"),
    ("a\n{{ contact.name | }}\nb", "html:2:4 expected word, found end of expression"),
    ("a\n{% if contact.name == %}b{% endif %}\nc", "html:2:24 expected a primitive expression"),
    ("{% if true %}{% elsif %}{% endif %}", "html:1:17 missing expression"),
    ("{{ contact.name && 1 }}", "html:1:17 unexpected '&'"),
    ("a\n{{ name }}", "html:2:4 unknown name 'name'; there are campaign, contact, unsub"),
    ("{{ campaign.id }}", "html:1:4 unknown name 'campaign.id'"),
    (
        "a\n{% assign unsubscribe_url = contact.x %}",
        "html:2:11 the name 'unsubscribe_url' cannot be given",
    ),
    ("{% capture mt_click %}x{% endcapture %}", "html:1:12 the name 'mt_click' cannot be given"),
    ("{% for contact in (1..2) %}{% endfor %}", "html:1:8 the name 'contact' cannot be given"),
    ("{% increment mt_open %}", "html:1:14 the name 'mt_open' cannot be given"),
    ("{% if (1..9) contains 'x' %}{% endif %}", "html:1:14 a range takes no 'contains'"),
]

HTML = [
    ("<div>\n <b>x</div>", "html:2:2 '<b>' is not ended by '</b>'"),
    ("<p>a\n</b></p>", "html:2:1 '</b>' ends nothing"),
    ("<table><tr><td>a</td></tr>", "html:1:1 '<table>' is not ended by '</table>'"),
    ("<table><tr><td><table></td></tr></table>", "html:1:16 '<table>' is not ended by"),
    ("x<div/>", "html:1:2 '<div>' is not ended by '</div>'"),
    ('a\n<a title="x>b</a>', "html:2:1 a tag is not ended by '>', or has a quote too many"),
    ("a\n</b", "html:2:1 a tag is not ended by '>'"),
    ("a <b", "html:1:3 a tag is not ended by '>', or has a quote too many"),
    ("a\n<!-- b", "html:2:1 a comment is not ended by '-->'"),
    ("<!--[if mso]><p>x</p>-->\n", "html:1:1 a conditional comment has no '<![endif]-->'"),
    (
        "<!--[if mso]><p>-->\n<!--[if mso]>x<![endif]--> <!--[if mso]><![endif]-->",
        "html:1:1 a conditional comment has no",
    ),
    ("<style>a{}", "html:1:1 '<style>' is not ended by '</style>'"),
    ("{% if contact.x %}</div>{% endif %}", "html:1:19 '</div>' ends nothing"),
    ("{% for i in contact.x %}</b><i>{% endfor %}</i>", "html:1:25 '</b>' ends nothing"),
    ("{% for i in contact.x %}</i>{% endfor %}", "html:1:25 '</i>' ends nothing"),
    ("{% for i in contact.x %}<i>{{ i }}{% endfor %}</i><u>", "html:1:51 '<u>' is not ended by"),
    ("\n<p title={{ contact.x }}>a", "html:2:10 a merge field in a tag needs quotes around"),
    ("<p id='b' title={{ contact.x }}>a", "html:1:17 a merge field in a tag needs quotes"),
    ("<p {{ contact.x }}>a", "html:1:4 a merge field in a tag needs quotes"),
    ("<p id=a{% echo contact.x %}>a", "html:1:8 a merge field in a tag needs quotes"),
    ("<a data-mt-notrack href=https://a.example/?{{ contact.x }}>a</a>", "html:1:44 a merge field"),
    ("<i>" * 600, "html:1:1504 elements are nested over 500 deep"),
]

LINKS = [
    (
        "\n<a href='https://{{ contact.x }}.example/'>x</a>",
        "html:2:9 the host of a link cannot hold",
    ),
    ("<a href='shop.example'>x</a>", "html:1:9 a link needs its scheme and host"),
    ("<a href='javascript:x'>x</a>", "html:1:9 a link cannot be a javascript: address"),
    ("<a href='https://a b.example/'>x</a>", "html:1:9 no link can go to this"),
]

OTHERS = [
    (" \n ", "html:1:1 it is empty"),
    ("x" * 300_001, "html:1:1 a template holds at most 300,000 characters"),
    (
        "\u00fc" * 100_000,
        "html:1:1 with its compiled HTML it has 400,001 bytes; 390,000 is the limit",
    ),
    ("<img alt='{% if contact.x %}' title='{% endif %}'>", "html:1:1 no text part can be made"),
    ("<style>p{color:red}</style><p>" * 3 + "x" * 5 + "{% raw %}", "html:1:96 'raw' is not ended"),
]


@pytest.mark.parametrize(("source", "error"), LIQUID + HTML + LINKS + OTHERS)
def test_says_what_is_wrong_and_where(source: str, error: str) -> None:
    (found,) = errors_of(source)
    assert found.startswith(error)


IN_COLUMN = [
    ("<mj-txt>x</mj-txt>", "mjml:3:1 unknown tag '<mj-txt>'; did you mean 'mj-text'?"),
    ("<MJ-text>x</MJ-text>", "mjml:3:1 '<MJ-text>' is written in lower case: '<mj-text>'"),
    ("<mj-text colour='red'>x</mj-text>", "mjml:3:10 '<mj-text>' has no attribute 'colour'; did"),
    ("<mj-text color>x</mj-text>", "mjml:3:10 the value of 'color' needs quotes"),
    ("<mj-text color=red>x</mj-text>", "mjml:3:10 the value of 'color' needs quotes"),
    ("<mj-text color='a' color='b'>x</mj-text>", "mjml:3:20 the attribute 'color' stands twice"),
    ("<mj-image width='100' src='https://a.example/'/>", "mjml:3:11 the 'width' of '<mj-image>'"),
    ("<mj-column></mj-column>", "mjml:3:1 '<mj-column>' cannot stand in '<mj-column>'; it stands"),
    ("<mj-text>x", "mjml:3:1 '<mj-text>' is not ended by '</mj-text>'"),
    ("<p>x</p>", "mjml:3:1 '<p>' stands outside of a component; put it into"),
    ("<br>", "mjml:3:1 '<br>' stands outside of a component"),
    (" words <mj-text>x</mj-text>", "mjml:3:2 text stands outside of a component"),
    ("</mj-text>", "mjml:3:1 '</mj-text>' ends nothing"),
    ("<mj-text>\n<b>x</mj-text>", "mjml:4:1 '<b>' is not ended by '</b>'"),
    ("<mj-button href='shop'>x</mj-button>", "mjml:3:17 a link needs its scheme and host"),
    ("<mj-text {% if true %}color='a'{% endif %}>x</mj-text>", "mjml:3:10 Liquid can stand in an"),
    ("<mj-text", "mjml:3:1 a tag is not ended by '>'"),
    ("<!-- x", "mjml:3:1 a comment is not ended by '-->'"),
    ("<!DOCTYPE html>", "mjml:3:1 this declaration has no meaning here"),
    (
        "{% if true %}<mj-text>{% endif %}x</mj-text>",
        "mjml:3:1 'if' begins in one element and ends in another",
    ),
    (
        "<mj-accordion>{{ contact.x }}</mj-accordion>",
        "mjml:3:15 Liquid cannot stand between the elements of '<mj-accordion>'",
    ),
    ("<mj-divider width='100%'><mj-text>x</mj-text></mj-divider>", "mjml:3:26 '<mj-text>' cannot"),
]


@pytest.mark.parametrize(("content", "error"), IN_COLUMN)
def test_says_what_is_wrong_with_mjml_and_where(content: str, error: str) -> None:
    found = errors_of_mjml(in_column(content))
    assert any(one.startswith(error) for one in found), found


@pytest.mark.parametrize(
    ("mjml", "error"),
    [
        ("<p>x</p>", "mjml:1:1 '<p>' stands outside of a component"),
        ("x", "mjml:1:1 text stands outside of a component"),
        ("<mj-body></mj-body>", "mjml:1:1 '<mj-body>' cannot stand outside of '<mjml>'"),
        ("<mjml></mjml>", "mjml:1:1 '<mjml>' needs one '<mj-body>'"),
        ("<mjml><mj-body/><mj-head/></mjml>", "mjml:1:1 '<mj-head>' stands once, and first"),
        ("<mjml><mj-body></mjml>", "mjml:1:7 '<mj-body>' is not ended by '</mj-body>'"),
        ("<mjml><mj-body>" + "<mj-section>" * 60, "mjml:1:592 elements are nested over 50 deep"),
        ("<mjml><mj-body/></mjml><mjml/>", "mjml:1:1 the document needs one '<mjml>'"),
    ],
)
def test_says_what_is_wrong_with_the_outline_of_mjml(mjml: str, error: str) -> None:
    found = refused(replace(template(""), mjml=mjml))
    assert any(one.startswith(error) for one in found), found


@pytest.mark.parametrize(
    ("subject", "error"),
    [
        ("", "subject:1:1 it is empty"),
        ("  ", "subject:1:1 it is empty"),
        ("a\r\nBcc: b@example.net", "subject:1:1 a subject holds no line break"),
        ("a\nb", "subject:1:1 a subject holds no line break"),
        ("{{ contact.name | nope }}", "subject:1:19 unknown filter 'nope'"),
    ],
)
def test_says_what_is_wrong_with_a_subject(subject: str, error: str) -> None:
    (found,) = errors_of(subject=subject)
    assert found.startswith(error)


def test_says_what_is_wrong_with_a_preheader() -> None:
    given = replace(template("<p>x</p>"), preheader="{{ x }}" + "y" * 500)
    assert [error.split(" ")[0] for error in refused(given)] == ["preheader:1:1", "preheader:1:4"]


def test_a_link_that_grows_too_long_by_its_parameters_is_refused() -> None:
    link = f"<a href='https://a.example/{'x' * 1950}'>x</a>"
    compiled(template(link))
    (found,) = refused(replace(template(link), utm=Utm(source="s" * 100)))
    assert found.startswith("html:1:9 no link can go to this address")


def test_reports_every_error_of_all_parts() -> None:
    found = errors_of("{{ a | b }}\n{{ c }}", "{{ d }}", "{% e %}")
    assert [error.split()[0] for error in found] == [
        "subject:1:4",
        "html:1:4",
        "html:1:8",
        "html:2:4",
        "text:1:1",
    ]


def test_every_error_of_syntax_has_its_own_place() -> None:
    found = errors_of("{% if %}{{ | }}{% nope %}\n{% endif %}{{ contact.x")
    assert [error.split()[0] for error in found] == [
        "html:1:4",
        "html:1:12",
        "html:1:16",
        "html:2:12",
    ]


def test_of_very_many_errors_the_first_are_named() -> None:
    assert len(errors_of("{{ a }}" * 5000)) == 100
    assert len(errors_of("</b>" * 5000)) == 100


@pytest.mark.parametrize(
    "html",
    [
        "{% for i in contact.items %}{{ forloop.index }}{{ i.name | upcase }}{% endfor %}",
        "{% assign x = contact.a | default: 'b' %}{{ x }}{{ campaign.name }}",
        "<a href='{{ unsubscribe_url }}'>x</a>{% raw %}{{ y }}{% endraw %}",
        "{% case contact.a %}{% when 1 %}<b>{% else %}<b>{% endcase %}x</b>",
        "{% if contact.a %}<div>{% endif %}x{% if contact.a %}</div>{% endif %}",
        "{% if contact.a %}<table class=a>{% else %}<table class=b>{% endif %}<tr><td>x</table>",
        "{% for i in contact.a %}{% cycle '<tr>', '' %}<td>x{% cycle '', '</tr>' %}{% endfor %}",
        "{% capture open %}<div>{% endcapture %}{% capture shut %}</div>{% endcapture %}",
        "{% for i in contact.a %}<p>{% break %}{% else %}none{% endfor %}",
        "<ul><li>a<li>b</ul><p>a<p>b<dl><dt>a<dd>b</dl>",
        "<table><thead><tr><th>a<tbody><tr><td>b<tr><td>c</table>",
        "<svg><path d='M0 0'/></svg><o:p/><v:rect/><br/><img alt='a > b' src=x></img>",
        "<p>a</p></p><br></br></body></html>",
        "<!--[if mso]><table><tr><td><![endif]-->x<!--[if mso]></td></tr></table><![endif]-->",
        "<!--[if !mso]><!--><div>x</div><!--<![endif]--><![if !mso]>x<![endif]>",
        "<script>if (a < b) { '</p' + '<b>' }</script><title>a <b> c</title>",
        "1 < 2 and 3 > 2 & <3",
        "<td class='{{ contact.a }}' {% if contact.b < 3 %}width=1{% endif %}>x",
        "<td class={% cycle 'a', 'b' %}><a href={{ unsubscribe_url }}>x</a>",
        "{%- if contact.a -%}<b>x</b>{%- elsif contact.b contains '>' -%}<i>y</i>{%- endif -%}",
        "{% tablerow i in contact.a cols: 2 %}<b>{{ i }}</b>{% endtablerow %}",
        "{{ contact.a | date: '%d' | append: 'x' | truncate: 5, '' | slice: 0, 2 }}",
        "{{ contact.a | default: 'b', allow_false: true }}{{ contact['first name'] }}",
        "<!-- {{ contact.a }} <b> --><!-->x<!--->",
        "{% for i in contact.a %}{% unless forloop.first %}</td></tr>{% endunless %}"
        "{% if forloop.first %}<table>{% endif %}<tr><td>x"
        "{% if forloop.last %}</td></tr></table>{% endif %}{% endfor %}",
        "{% for i in contact.a %}{% for j in i %}</div>{% endfor %}<div>{% endfor %}</div>",
        "{% for i in contact.a %}{% capture x %}</b>{% endcapture %}{% endfor %}",
    ],
)
def test_a_good_template_passes(html: str) -> None:
    assert compiled(template(html)).compiled


def test_all_that_a_template_may_name_is_known() -> None:
    assert set(liquid_check.NAMES) == {"campaign", "contact", "unsubscribe_url", "variables"}


@pytest.mark.parametrize(
    ("html", "warning"),
    [
        ("<img src='https://a.example/'>", "html:1:1 this image has no 'alt'"),
        ("x<img alt='' src='/a.png'>", "html:1:2 this image needs its scheme and host"),
        ("<img alt='' src='data:image/png;base64,AA=='>", "html:1:1 many mail programs do not"),
        ("<form><input></form>", "html:1:1 mail programs take '<form>' out"),
        ("<style>{% if true %}a{}{% endif %}</style>", "html:1:1 Liquid chooses pieces of this"),
        ("x" * 104_449, "html:1:1 the HTML has 104,486 bytes; Gmail cuts a message off at"),
    ],
)
def test_what_deserves_a_second_look_is_no_error(html: str, warning: str) -> None:
    way_out = '<a href="{{ unsubscribe_url }}">x</a>'
    (found,) = template_check.warnings(compiled(template(html + way_out)))
    assert f"{found.at} {found.detail}".startswith(warning)


def test_a_template_without_a_way_out_is_remarked_on() -> None:
    (found,) = template_check.warnings(compiled(template("<img alt='' src='{{ contact.x }}'>")))
    assert found.detail == "it shows no way out: link to {{ unsubscribe_url }}"
