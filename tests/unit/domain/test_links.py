"""Links in a template's HTML: which ones go through us, which stay, which are refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtide.domain import links, markup
from mailtide.domain.host import ascii_domain, ascii_host
from mailtide.domain.links import NOTHING, Personal, Shared
from mailtide.domain.plain_text import plain_text, settled
from mailtide.domain.tracking import Tracker
from mailtide.domain.utm import Utm
from tests.collaborators import KEYRING


def read(html: str) -> list[Shared | Personal | None]:
    masked = markup.set_aside(html)
    return [links.read(masked, href) for href in markup.hrefs(masked.text)]


def text_of(html: str) -> str:
    masked = markup.set_aside(html)
    return settled(plain_text(masked, lambda address, _: links.shown(masked, address)))


@pytest.mark.parametrize(
    ("html", "utm", "led"),
    [
        ('<a href="https://a.example/?x=1&amp;y">', None, '"https://a.example/?x=1&amp;y"'),
        ('<a href="#top">', None, '"#top"'),
        (
            '<a href="https://a.example/?o={{ variables.o }}">',
            None,
            '"{% capture mt_link %}https://a.example/?o={{ variables.o | mt_field }}'
            "{% endcapture %}"
            '{{ mt_link | mt_tag | escape }}"',
        ),
        ('<a href="https://a.example/">', Utm("shop"), '"https://a.example/?utm_source=shop"'),
    ],
)
def test_where_clicks_are_not_followed_links_go_where_they_say(
    html: str, utm: Utm | None, led: str
) -> None:
    tracker = Tracker(KEYRING, "https://t.example")
    masked = markup.set_aside(html)
    assert links.lead(masked, "c000000000", tracker, utm, NOTHING) == f"<a href={led}>"


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("https://shop.example", "https://shop.example"),
        ("https://shop.example/a?b=1&amp;c=2#d", "https://shop.example/a?b=1&c=2#d"),
        ("https://shop.example/a?b=1&c=2", "https://shop.example/a?b=1&c=2"),
        ("  HTTPS://Shop.example:8080/A \n", "HTTPS://shop.example:8080/A"),
        ("https://shop.example/a b/ü?q=%20", "https://shop.example/a%20b/%C3%BC?q=%20"),
        ("https://bücher.example/", "https://xn--bcher-kva.example/"),
        ("https://straße.example/", "https://xn--strae-oqa.example/"),
        ("https://shop.example/\n\tlong", "https://shop.example/long"),
        ("https://shop.example/&#123;&#123; x }}", "https://shop.example/%7B%7B%20x%20%7D%7D"),
        ("https://[::1]:8080/x", "https://[::1]:8080/x"),
    ],
)
def test_a_web_address_is_signed_as_browsers_read_it(address: str, url: str) -> None:
    assert read(f'<a href="{address}">x</a>') == [Shared(url)]


@pytest.mark.parametrize(
    "tag",
    [
        "<A HREF='https://a.example/'>",
        "<a href=https://a.example/ class=x>",
        '<a title=">" href="https://a.example/">',
        '<area shape="rect" href="https://a.example/"/>',
        '<!--[if mso]><v:roundrect href="https://a.example/" arcsize="5%"><![endif]-->',
        '<a {% if contact.vip > 1 %}class="vip"{% endif %} href="https://a.example/">',
        '<a\nclass="x"\nhref = "https://a.example/">',
    ],
)
def test_links_are_found_however_they_are_written(tag: str) -> None:
    assert read(tag) == [Shared("https://a.example/")]


@pytest.mark.parametrize(
    "html",
    [
        '<a href="">',
        '<a href="#top">',
        '<a href="mailto:a@b.example">',
        '<a href="tel:+49123">',
        '<a href="whatsapp://send">',
        '<a href="{{ unsubscribe_url }}">',
        '<a href="{{- unsubscribe_url -}}">',
        '<a data-mt-notrack href="https://a.example/">',
        '<a href="https://a.example/{{ contact.x }}" DATA-MT-NOTRACK>',
        '<a data-mt-notrack href="https://user:password@a.example/">',
    ],
)
def test_other_addresses_and_marked_links_stay(html: str) -> None:
    assert read(html) == [None]


@pytest.mark.parametrize(
    "html",
    [
        '<link href="https://a.example/style.css">',
        '<a data-href="https://a.example/">',
        "<a name=x>",
        "<abbr href='https://a.example/'>",
        "{% raw %}<a href='https://a.example/'>{% endraw %}",
        "{% comment %}<a href='https://a.example/'>{% endcomment %}",
    ],
)
def test_what_is_no_link_is_left_alone(html: str) -> None:
    assert read(html) == []


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("{{ contact.site }}", "cannot come from a merge field"),
        ("https://{{ contact.site }}/", "cannot hold a merge field"),
        ("https://{{ contact.shop }}.example.com/", "cannot hold a merge field"),
        ("https://example.com{{ contact.path }}", "cannot hold a merge field"),
        ("https://example.com:80{{ contact.path }}/", "cannot hold a merge field"),
        ("https://{% if contact.a %}a{% else %}b{% endif %}.example/", "cannot hold"),
        ("{% if contact.a %}https://a.example{% endif %}", "cannot depend on Liquid"),
        ("http{{ contact.s }}://example.com/", "cannot come from a merge field"),
        ("www.example.com/x", "needs its scheme"),
        ("/x", "needs its scheme"),
        ("//example.com/x", "needs its scheme"),
        ("javascript:alert(1)", "javascript:"),
        ("JavaScript:alert(1)", "javascript:"),
        ("java&#10;script:alert(1)", "javascript:"),
        ("data:text/html,x", "data:"),
        ("https:/example.com", "not a complete address"),
        ("https:///x", "no link can go"),
        ("https://user@example.com/", "no link can go"),
        ("https://example.com\\@evil.example/", "no link can go"),
        ("https://exa mple.com/", "no link can go"),
        ("https://a..ü.example/", "no link can go"),
        ("https://example.com/" + "x" * 2048, "no link can go"),
        ("https://example.com/{% cycle 'a', 'b' %}", "no other tags"),
        ("https://example.com/{% raw %}{{{% endraw %}", "no other tags"),
    ],
)
def test_refuses_a_link_that_could_go_elsewhere_or_nowhere(address: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read(f'<a href="{address}">')


@pytest.mark.parametrize("marker", ["", "data-mt-notrack "])
def test_a_mark_does_not_let_a_merge_field_choose_the_host(marker: str) -> None:
    with pytest.raises(ValueError, match="host"):
        read(f'<a {marker}href="https://{{{{ contact.site }}}}/">')


@pytest.mark.parametrize(
    ("address", "liquid"),
    [
        ("https://a.example/{{ contact.x }}", "https://a.example/{{ contact.x | mt_field }}"),
        (
            "https://ä.example/ü?a={{- contact.x | upcase -}}&amp;b",
            "https://xn--4ca.example/%C3%BC?a={{- contact.x | upcase | mt_field -}}&b",
        ),
        (
            "https://a.example/?q={{ contact.x | url_encode }}",
            "https://a.example/?q={{ contact.x | url_encode }}",
        ),
        (
            "https://a.example/{% if contact.v %}v{% else %}w{% endif %}",
            "https://a.example/{% if contact.v %}v{% else %}w{% endif %}",
        ),
    ],
)
def test_merge_fields_are_encoded_when_they_are_filled(address: str, liquid: str) -> None:
    assert read(f'<a href="{address}">') == [Personal(liquid)]


@given(st.text(st.sampled_from("<>\"'/= ahref{}%-!\n&;:x\ufdd0\ufdd10"), max_size=60))
def test_any_text_survives_being_set_aside(source: str) -> None:
    masked = markup.set_aside(source)
    clean = source.replace("\ufdd0", "").replace("\ufdd1", "")
    assert masked.restore(masked.text) == clean
    assert all(0 <= href.start <= href.end <= len(masked.text) for href in markup.hrefs(source))


def test_reading_links_takes_no_more_than_linear_time() -> None:
    for evil in ("<a ", "<a '", '<a "', "<a href=", "<a x=\"'", "<a " + "x " * 40):
        assert list(markup.hrefs(evil * 20_000)) == []


def test_the_place_of_a_link_counts_the_liquid_before_it() -> None:
    masked = markup.set_aside("{% if a\n %}\n{% endif %}\n<a href='x'>")
    (href,) = markup.hrefs(masked.text)
    assert masked.index(href.start) == 32


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>One</p><p>Two<br>three<br/><br/>four</p>", "One\n\nTwo\nthree\n\nfour\n"),
        ("<ul><li>a<li>b</ul>", "- a\n- b\n"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc\n"),
        (
            "<a href='https://a.example/?x=1&amp;y=2'>Shop</a>",
            "Shop (https://a.example/?x=1&y=2)\n",
        ),
        ("<a href='https://a.example/'>https://a.example/</a>", "https://a.example/\n"),
        ("<a href='https://a.example/'><img alt='Logo' src=x></a>", "Logo (https://a.example/)\n"),
        ("<a href='https://a.example/'><img src=x></a>", "https://a.example/\n"),
        ("<a href='mailto:a@b.example'>Mail</a> <a href='#x'>up</a>", "Mail (a@b.example) up\n"),
        ("<head><title>t</title>{% assign a = 1 %}<body>x", "{% assign a = 1 %}x\n"),
        ("<style>{% if a %}x{% endif %}</style>y", "{% if a %}{% endif %}y\n"),
        ("<!-- {% if a %} -->x<!-- {% endif %} -->", "{% if a %}x{% endif %}\n"),
        (
            "Hi {{ contact.name }},<div>\n  you&nbsp;&amp; me</div>",
            "Hi {{ contact.name }},\nyou & me\n",
        ),
        ("&#123;{ x }}", "{% raw %}{{{% endraw %} x }}\n"),
        ("<a href='{{ unsubscribe_url }}'>Leave</a>", "Leave ({{ unsubscribe_url }})\n"),
        (
            "<a href='https://a.example/{{ x }}'>a</a>",
            "a (https://a.example/{{ x | mt_field }})\n",
        ),
    ],
)
def test_text_is_made_from_html(html: str, text: str) -> None:
    assert text_of(html) == text


def test_host_names_are_written_in_ascii() -> None:
    assert ascii_host("Bücher.Example") == "xn--bcher-kva.example"
    assert ascii_domain("Anna@Bücher.example") == "Anna@xn--bcher-kva.example"
    for address in ("anna", "@a.example", "anna@", "a@ü..example"):
        with pytest.raises(ValueError, match=r"."):
            ascii_domain(address)
