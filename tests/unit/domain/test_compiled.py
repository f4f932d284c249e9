"""The compiled way of rendering: it reads as the plain way does, for any template and contact."""
# ruff: noqa: E501 (templates stand on one line)

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from liquid.builtin.expressions import Path as Name
from liquid.builtin.expressions.logical import LogicalNotExpression
from liquid.token import TOKEN_EOF, Token

from mailtide.domain import liquid_budget
from mailtide.domain.compiled import Compiled, compiled
from mailtide.domain.liquid_expressions import Expressions, Unsupported
from mailtide.domain.liquid_language import Use, engine
from mailtide.domain.liquid_sinks import Code
from mailtide.domain.rendering import Variant, prepare
from mailtide.domain.utm import Utm
from mailtide.errors import InvalidInputError
from tests import corpus
from tests.corpus import CAMPAIGN, IDENTITY, MESSAGE, TRACKER
from tests.letters import read
from tests.rendering import (
    AT,
    assert_same,
    contact,
    decoded,
    outcome,
    quick,
    variant,
)

WORDS = [
    "Hello", " ", "  ", "\n", "\r\n", " \n ", "\t", ".", "\n.\n", "From me", "\nFrom ", "a.b", "=",
    "=?utf-8?q?x?=", "Grüße", "🎉", "עברית", "\u2028", "\x00", "x" * 80, "ü" * 40, "a " * 50, ",",
    "<p>", "</p>", "<br>", "<li>x", "<div>", "</div>", "&amp;", "&lt;p&gt;", "<td>", "<b title='",
    "'>", "<a href='https://a.example/?x=1&amp;y=2'>go</a>", "<a href='https://b.example/#f'></a>",
    "<a href='https://a.example/{{ contact.s }}/?q={{ contact.t }}#x'>", "</a>", "<img alt='i'>",
    "<a href='{{ unsubscribe_url }}'>out</a>", "<span style='display:none'>", "</span>", "%(id)b%",
    "{{ unsubscribe_url }}", "{{ unsubscribe_url | upcase }}", "\ufdd2", "{% raw %}{{ x }}{% endraw %}",
    "{% comment %} {{ contact.s }} {% endcomment %}", "{% # note %}", "{% doc %} x {% enddoc %}",
]  # fmt: skip
VALUES = [
    "contact.s", "contact.t", "contact.n", "contact.b", "contact.l", "contact.d", "contact.none",
    "contact.d.k", "contact.d.size", "contact.l.first", "contact.l.last", "contact.l[0]",
    "contact.l[1].k", "contact['s']", "contact[contact.t]", "contact.missing.deeper", "contact.email",
    "contact.first", "contact.size", "contact", "campaign.name", "campaign", "unsubscribe_url",
    "v", "w", "i", "i.k", "i.first", "forloop.index", "forloop.rindex0", "forloop.first",
    "forloop.length", "forloop.parentloop.index", "forloop.name", "forloop", "forloop.nope",
    "'Text & more'", "''", "' '", "1", "2.5", "true", "false", "nil", "empty", "blank", "(1..3)",
    "(1..contact.n)", "unknown", "unknown.a",
]  # fmt: skip
FILTERS = [
    "upcase", "capitalize", "escape", "default: 'you'", "default: contact.t, allow_false: true",
    "default", "append: contact.s", "size", "join: ', '", "split: ' '", "first", "last", "sort",
    "plus: 1", "divided_by: contact.n", "truncate: 5", "strip", "newline_to_br", "strip_html",
    "date: '%Y-%m-%d'", "date", "url_encode", "map: 'k'", "where: 'k', 'v'", "reverse", "round: 1",
    "replace: 'a', '<b>'", "slice: 0, 2", "escape_once", "base64_encode", "base64_decode", "uniq",
]  # fmt: skip
TAGS = [
    "{% assign v = @ %}", "{% assign w = v %}", "{%- assign v = 'x' -%}", "{% break %}",
    "{% continue %}", "{% cycle 'a', 'b' %}", "{% cycle 'g': @, v %}", "{% echo @ %}",
    "{% increment c %}", "{% liquid\nassign w = @\necho w\n%}", "{% liquid\nbreak %}",
]  # fmt: skip
BLOCKS = [
    "{% if @ %}", "{% if @ == @ %}", "{% if @ and @ or @ %}", "{% if @ contains @ %}",
    "{% if @ > 1 %}", "{% if @ <= 2 %}", "{% if @ != @ %}", "{% if @ >= @ %}", "{% if @ < @ %}",
]  # fmt: skip
LOOPS = [
    "{% for i in @ %}", "{% for i in @ limit: 2 offset: 1 %}", "{% for i in @ reversed %}",
    "{% for i in @ limit: @ %}", "{% for i in @ offset: @ %}", "{% for v in (1..3) %}",
    "{%- for i in contact.l -%}", "{% for i in @ offset: continue %}", "{% for forloop in @ %}",
]  # fmt: skip

values = st.builds(
    lambda value, filters: " | ".join([value, *filters]),
    st.sampled_from(VALUES),
    st.lists(st.sampled_from(FILTERS), max_size=2),
)
trims = st.sampled_from(["", "-"])
outputs = st.builds("{{{{{} {} {}}}}}".format, trims, values, trims)


@st.composite
def tags(draw: st.DrawFn, forms: list[str]) -> str:
    pieces = draw(st.sampled_from(forms)).split("@")
    return pieces[0] + "".join(draw(st.sampled_from(VALUES)) + piece for piece in pieces[1:])


def blocks(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    value = st.sampled_from(VALUES)
    branches = "{}{}{{% elsif contact.b %}}{}{{% else %}}{}{{% endif %}}"
    cases = "{{% case {} %}}{{% when 'a', {} %}}{}{{% when 1 %}}{}{{% else %}}{}{{% endcase %}}"
    return st.one_of(
        st.builds("{}{}{{% endif %}}".format, tags(BLOCKS), inner),
        st.builds(branches.format, tags(BLOCKS), inner, inner, inner),
        st.builds("{{% unless contact.b %}}{}{{% else %}}{}{{% endunless %}}".format, inner, inner),
        st.builds(cases.format, value, value, inner, inner, inner),
        st.builds("{}{}{{% endfor %}}".format, tags(LOOPS), inner),
        st.builds("{}{}{{% else %}}{}{{% endfor %}}".format, tags(LOOPS), inner, inner),
        st.builds("{{% capture w %}}{}{{% endcapture %}}".format, inner),
        st.builds("{{% ifchanged %}}{}{{% endifchanged %}}".format, inner),
    )


pieces = st.sampled_from(WORDS) | st.text(max_size=4) | outputs | tags(TAGS)
templates = st.recursive(
    st.lists(pieces, max_size=6).map("".join),
    lambda inner: st.lists(blocks(inner) | pieces, max_size=5).map("".join),
    max_leaves=8,
)
texts = st.one_of(
    st.sampled_from(
        ["Anna", "Anna Maria", "", " ", "a\r", "\r\nb", "a\n", " x ", ".", ".x", "From "]
    ),
    st.sampled_from(["\ufdd3", "\x00", "\ud800", "=?utf-8?q?x?=", "ü", "<b>&'\"", "x" * 76, "12"]),
    st.text(max_size=8),
    st.text("ab =.\n", max_size=200),
)
scalars = texts | st.integers(-5, 5) | st.floats(allow_nan=False) | st.booleans() | st.none()
contacts = st.fixed_dictionaries(
    {},
    optional={
        "s": texts,
        "t": texts,
        "n": st.integers(-3, 9) | scalars,
        "b": st.booleans(),
        "l": st.lists(scalars | st.dictionaries(st.just("k"), scalars), max_size=3),
        "d": st.dictionaries(st.sampled_from(["k", "size", "first"]), scalars),
        "none": st.none(),
        "size": scalars,
    },
)


def prepared(html: str, **more: Any) -> Variant | None:
    try:
        return variant(html, **more)
    except (InvalidInputError, ValueError, RecursionError):
        return None


@settings(max_examples=150)
@given(templates, contacts)
def test_html_and_the_text_made_from_it(source: str, attributes: dict[str, Any]) -> None:
    made = prepared(source)
    if made is not None:
        assert_same(made, contact(**attributes))


@settings(max_examples=80)
@given(templates, contacts)
def test_a_text_part_of_its_own(source: str, attributes: dict[str, Any]) -> None:
    made = prepared("<p>x</p>", text=source)
    if made is not None:
        assert_same(made, contact(**attributes))


@settings(max_examples=60)
@given(templates, contacts)
def test_a_subject(source: str, attributes: dict[str, Any]) -> None:
    made = prepared("<p>x</p>", subject=source, text="x")
    if made is not None:
        assert_same(made, contact(**attributes))


# Templates that the functions fill by themselves; each with a contact for whom they do.
QUICK: list[tuple[str, dict[str, Any]]] = [
    ("<p>Hello {{ contact.s }}, {{ contact.n }}!</p>", {"s": "Anna Maria", "n": 7}),
    ("{{ contact.s | default: 'you' }} {{ contact.t | upcase | append: '!' }}", {"t": "é"}),
    ("{% if contact.b %}<p>a</p>{% elsif contact.n > 1 %}<p>b</p>{% else %}c{% endif %} d", {"n": 2}),
    ("{% unless contact.b == false %}x{% else %}y{% endunless %}", {"b": False}),
    ("{% case contact.s %}{% when 'a', 'b' %}1{% when 'c' %}2{% else %}3{% endcase %}", {"s": "b"}),
    (
        "{% for i in contact.l %}<p>{{ forloop.index }} {{ i.k }}{% unless forloop.last %},"
        "{% endunless %}</p>{% else %}none{% endfor %}",
        {"l": [{"k": "a"}, {"k": "<b>"}, {"k": "c d"}]},
    ),
    ("{% for i in (1..9) limit: 3 offset: 2 reversed %}{{ i }}{% endfor %}", {}),
    ("{% for i in (1..9) %}{% if i == 3 %}{% continue %}{% endif %}{{ i }}{% break %}{% endfor %}", {}),
    ("{% for i in (1..2) %}{% for j in (1..2) %}{{ forloop.parentloop.index }}.{{ j }}{% endfor %}{% endfor %}", {}),
    ("{% for i in (1..3) %}{% cycle 'odd', 'even' %}{% cycle 'g': 'a', contact.s %} {% endfor %}", {"s": "g"}),
    ("{% assign v = contact.s | upcase %}{{ v }}{% if contact.b %}{% assign w = 1 %}{% endif %}-{{ w }}", {"s": "a"}),
    ("{% capture w %}<b>{{ contact.s }}</b>{% endcapture %}{{ w }}", {"s": "x"}),
    ("{% liquid\nassign v = 1\necho v %}{% # note %}{% comment %}x{% endcomment %}{% raw %}{{{% endraw %}", {}),
    ("<a href='https://a.example/{{ contact.s }}/{{ contact.t }}'>x</a>", {"s": "a b", "t": "ab"}),
    ("<a href='{{ unsubscribe_url }}'>out</a>{{ unsubscribe_url | upcase }}", {}),
    ("{{ contact.d.k }}{{ contact['s'] }}{{ contact.l[0] }}{{ contact[contact.t] }}", {"d": {"k": 1}, "l": ["é"], "s": "q", "t": "s"}),
    ("{{ 'now' | date: '%Y' }}{{ contact.s | strip_html }}", {"s": "<i>x</i>"}),
    ("{% cycle contact.s, 'b' %}{% cycle contact.missing, 1 %}", {"s": "g"}),
    ("{% cycle 'g': 'a', 'b', 'c' %}{% cycle 'g': 'a', 'b', 'c' %}{% cycle 'g': 'a' %}", {}),
    ("a{% for i in (1..contact.s) %}{{ i }}{% endfor %}", {"s": "x"}),
    ("{% for i in contact.d %}{{ i[0] }}{% endfor %}", {"d": {"k": 1}}),
    ("{% for i in contact.s %}{{ i }}{% endfor %}{{ contact.size }}{{ contact.s.size }}", {"s": "ab"}),
    ("{{ contact.b | default: 'a' }}{{ contact.n | default: 'b' }}", {"b": False, "n": 0}),
    ("{{ contact.f }} {{ contact.b }}{{ contact.none }}.", {"f": 1.5, "b": True}),
]  # fmt: skip


class _NoEngine:
    """A part that must not be asked for."""

    def fill(self, data: Mapping[str, Any]) -> str:
        raise AssertionError("the engine was asked")


def without_engine(made: Compiled) -> Compiled:
    none: Any = _NoEngine()
    return replace(
        made,
        plain=replace(made.plain, subject=none, html=none, text=none),
        alone=((none, made.together),),
    )


@pytest.mark.parametrize(("source", "attributes"), QUICK)
def test_the_engine_is_not_asked(source: str, attributes: dict[str, Any]) -> None:
    made = variant(source, subject="Hi {{ contact.s }} {{ contact.n }}", utm=Utm(source="mail"))
    assert_same(made, contact(**attributes))
    message = without_engine(quick(made)).render(contact(**attributes), MESSAGE, AT)
    assert decoded(message) == decoded(made.render(contact(**attributes), MESSAGE, AT))
    own = variant("<p>x</p>", text=source)
    assert_same(own, contact(**attributes))
    without_engine(quick(own)).render(contact(**attributes), MESSAGE, AT)


def test_an_expression_that_a_newer_engine_may_have_is_not_guessed_at() -> None:
    token = Token(TOKEN_EOF, "", 0, "")
    not_ours = LogicalNotExpression(token, Name(token, ["contact", "s"]))
    with pytest.raises(Unsupported, match="LogicalNotExpression"):
        Expressions(Code(), engine(Use.PLAIN), {}, []).write(not_ours)


def test_no_part_writes_too_many_values(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(liquid_budget, "OUTPUTS", 2)
    for outputs in (2, 3):
        made = quick(variant("<p>x</p>", text="{{ contact.s }}" * outputs))
        assert_same(made.plain, contact(s="a"))
        if outputs == 2:
            without_engine(made).render(contact(s="a"), MESSAGE, AT)
        else:
            with pytest.raises(AssertionError, match="the engine was asked"):
                without_engine(made).render(contact(s="a"), MESSAGE, AT)


# What would be little to write, and much work for the engine.
@pytest.mark.parametrize(
    ("source", "attributes"),
    [
        ("{{ contact.l }}", {"l": [""] * 9}),
        ("{% assign v = (1..9) %}{{ v }}" + "{% assign v = (1..9000) %}{{ v }}", {}),
        ("{% if contact.s %}{% endif %}" * 300, {"s": "a"}),
        ("{% for i in (1..300) %}{% if contact.s %}{% endif %}{% endfor %}", {"s": "a"}),
        ("{{ contact[contact.t] }}" * 300, {"t": "a"}),
        ("{% for i in (1..9000) offset: 8990 %}{{ i }}{% endfor %}", {}),
        ("{{ contact.s | replace: 'a', contact.t }}", {"s": "a" * 200, "t": "a" * 8_000}),
    ],
)
def test_the_engine_counts(source: str, attributes: dict[str, Any]) -> None:
    made = without_engine(quick(variant(source, text="x")))
    with pytest.raises(AssertionError, match="the engine was asked"):
        made.render(contact(**attributes), MESSAGE, AT)


LONG = 50_000  # bytes of a message whose header is read back in seconds
# What the functions leave to the engine, as a whole or for one contact.
LEFT: list[tuple[str, dict[str, Any]]] = [
    ("{% increment c %}", {}),
    ("{% tablerow i in (1..3) %}{{ i }}{% endtablerow %}", {}),
    ("{% ifchanged %}{{ contact.s }}{% endifchanged %}", {"s": "a"}),
    ("{% for i in (1..3) offset: continue %}{{ i }}{% endfor %}", {}),
    ("{{ ['mt now'] }}{{ partial }}", {}),
    ("{{ [contact.s] }}", {"s": "contact"}),
    ("{{ contact.s | nope }}", {"s": "a"}),
    ("{% for i in (1..3) %}{% case i %}{% when 2 %}{% break %}{% endcase %}{{ i }}{% endfor %}", {}),
    ("{% for i in (1..3) %}{% capture v %}{% break %}{% endcapture %}{{ i }}{% endfor %}", {}),
    ("{% for i in (1..3) %}" * 19 + "{% endfor %}" * 19, {}),  # more than Python nests
    ("{{ contact.s" + " | strip" * 250 + " }}", {"s": "a"}),
    ("{% break %}", {}),
    ("{{ 1 | divided_by: contact.n }}", {"n": 0}),
    ("{% for i in (1..contact.n) %}{{ i }}{% endfor %}", {"n": 10_001}),
    ("{% for i in (1..contact.n) %}{{ i }}{% endfor %}", {"n": 9_000}),
    ("{% for i in (1..contact.n) %}<p></p>{% endfor %}", {"n": 9_000}),
    ("{% for i in (1..contact.n) %}" + "x" * 200 + "{% endfor %}", {"n": 3_000}),
    ("{% for i in (1..contact.n) %}" + "x" * 200 + "{% endfor %}", {"n": 9_000}),
    ("{{ contact.s }}" * 2, {"s": "ü" * 50_000}),
    ("{{ contact.s }}" * 9, {"s": "ü" * 2_000}),
    ("{% capture v %}{{ contact.s }}{{ contact.s }}{{ contact.s }}{% endcapture %}", {"s": "x" * 60_000}),
    ("{% capture v %}{% for i in (1..5100) %}{{ i }}{% endfor %}{% endcapture %}{{ v }}", {}),
    ("{% capture v %}{% for i in (1..2) %}{{ contact.s }}{% endfor %}{% endcapture %}{{ v }}", {"s": "x" * 260_000}),
    ("{% assign v = contact.s %}{% assign w = v %}{% assign x = v %}", {"s": "x" * 60_000}),
    ("{% for i in (1..2000) %}{% assign v = contact.s %}{% endfor %}{{ v }}", {"s": "x" * 100}),
    ("x" * 300_000 + "{{ contact.s }}" * 2, {"s": "x" * 120_000}),
    ("x" * 300_000 + "{{ contact.s }}" * 6, {"s": "x" * 120_000}),
    ("{% for i in (1..contact.n) %}{% if contact.s %}{% endif %}{% endfor %}", {"n": 700, "s": "x" * 8_000}),
    ("{% for i in (1..contact.n) %}{% if contact.s %}{% endif %}{% endfor %}", {"n": 500, "s": "x" * 8_000}),
    ("{% if contact.s %}{% endif %}" * 700, {"s": "x" * 8_000}),
    ("{% if contact.s %}{% endif %}" * 310, {"s": "x" * 8_000}),
    ("{{ contact.s | upcase | truncate: 3 }}" * 280, {"s": "x" * 8_000}),
    ("{{ contact.s" + " | default: 'a'" * 900 + " }}", {"s": "x" * 8_000}),
    ("{% for i in (1..600) %}{% for j in (1..1) %}" + "{{ i }}" * 9 + "{% endfor %}{% endfor %}", {}),
    ("{% for i in (1..contact.n) reversed %}{{ i }}{% endfor %}", {"n": 10_001}),
    ("{% assign v = (1..contact.n) %}{% for i in v limit: 2 %}{{ i }}{% endfor %}", {"n": 9_000}),
    ("{% if contact.l contains contact.s %}a{% endif %}{% if (1..3) contains contact.n %}b{% endif %}", {"s": "x", "l": ["x"], "n": 2}),
    ("{{ contact.l }}" * 3, {"l": [""] * 2_700}),
    ("{% assign v = (1..8000) %}" + "{{ v }}" * 700, {}),
    ("{{ contact[contact.t] }}" * 700, {"t": "x" * 8_000}),
    ("{{ contact.none | default: '" + "x" * 100_000 + "'" + " | default" * 60 + " | truncate: 3 }}", {}),
    ("<a href='https://a.example/{{ contact.s }}" + "{{ contact.s }}" * 20 + "'>x</a>", {"s": "x" * 90}),
    ("<a href='https://a.example/{{ '" + "x" * 9_000 + "' }}'>x</a>", {}),
    ("<a href='https://a.example/{{ '" + "x-" * 5_000 + "' }}'>x</a>", {}),
    ("{% assign v = '' %}" + "{% assign v = v | append: contact.s %}" * 12 + "{% assign v = v | split: ',' %}" + "{% if v[0] %}{% endif %}" * 60, {"s": "x" * 8_000}),
    ("{{ contact.s }}" * 700, {"s": "x" * 8_000}),
    ("{% for i in (1..contact.n) offset: 9998 limit: 2 %}{{ i }}{% endfor %}", {"n": 10_000}),
    ("{% for i in (1..contact.n) limit: 2 %}{{ i }}{% endfor %}" * 2, {"n": 3_000_000}),
    ("{% for i in (1..contact.n) reversed %}{{ i }}{% endfor %}", {"n": 10**9}),
    ("{% for i in (1..3) limit: contact.n %}{{ i }}{% endfor %}", {"n": -1}),
    ("{% for i in contact." + "x" * 9_000 + " %}{{ forloop.name }}{% endfor %}", {}),
    ("<p>{{ contact.s }}</p>", {"s": " a  b \n"}),
    ("<p>a {{ contact.s }} b</p>", {"s": ""}),
    ("<p>{{ contact.s }}</p>", {"s": "\ufdd3"}),
    ("<p>{{ contact.s }}</p>", {"s": "\ud800"}),
    ("<a href='https://a.example/{{ contact.s }}'>x</a>", {"s": "x" * 2048}),
]  # fmt: skip


@pytest.mark.parametrize(("source", "attributes"), LEFT)
def test_what_is_in_doubt_is_what_the_engine_says(source: str, attributes: dict[str, Any]) -> None:
    assert_same(variant(source), contact(**attributes))
    assert_same(variant("<p>x</p>", text=source), contact(**attributes))
    subject, to = variant("<p>x</p>", "a" + source, "x"), contact(**attributes)
    if len(outcome(subject, to)) < LONG:
        assert_same(subject, to)


@pytest.mark.parametrize("path", corpus.GOOD, ids=lambda path: path.stem)
def test_the_corpus(path: Path) -> None:
    letter = corpus.letter(path)
    made = prepare(letter.template, CAMPAIGN, IDENTITY, TRACKER)
    attributes: dict[str, Any] = letter.expected.get("attributes", {})
    assert_same(made, contact("ann@example.net", **attributes))
    assert_same(made, contact("ann@example.net"))


HOSTILE = [
    "A\r\nBcc: b@example.net", "\ud800", "\x00", "x" * 5_000, "ü" * 500, "\u202e\u05d0", "🎉👩‍👩‍👧",
    "=?utf-8?q?=0D=0ABcc:_b@example.net?=", ".", "..\n.\r\n.", "a  ", " \t", "=\n=\r\n", "=0D=0A",
    "From a", "\nFrom b", "\u2028\x85\x0b", "{{ contact.email }}", "%(id)b %s %%", "--=_mailtide--", "",
]  # fmt: skip


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize(
    "source", ["{{ contact.s }}", "<p>a {{ contact.s }}.</p>\n{{ contact.s }}"]
)
def test_a_hostile_value(source: str, value: str) -> None:
    for made in (variant(source), variant("x", text=source), variant("x", f"Re: {source}", "x")):
        assert_same(made, contact(s=value))


@pytest.mark.parametrize(
    "email",
    [
        "Anna.Maria+x@example.net", "ANNA@EXAMPLE.NET", "anna@bücher.example", "änna@example.net",
        ".anna@example.net", "a@b@example.net", "a\r\n@example.net", "a", "x" * 950 + "@example.net",
        "o'neil@example.net", "a@", "a b@example.net",
    ],
)  # fmt: skip
def test_an_address(email: str) -> None:
    assert_same(variant("<p>{{ contact.email }}</p>", text="x"), contact(email))


@pytest.mark.parametrize(
    "changes",
    [
        {"reply_domain": "reply.example"},
        {"reply_to": "us@bücher.example"},
        {"from_name": "Söhne, Inc. 100%"},
        {"from_name": ""},
        {"from_address": "news@bücher.example"},
    ],
)
def test_an_identity(changes: dict[str, Any]) -> None:
    assert_same(variant("<p>x</p>", identity=replace(IDENTITY, **changes)), contact())


@pytest.mark.parametrize(
    "changes",
    [{"from_address": "söhne@a.example"}, {"reply_to": "no address"}, {"from_name": "a\nb"}],
)
def test_an_identity_that_no_message_can_have(changes: dict[str, Any]) -> None:
    made = variant("<p>x</p>", identity=replace(IDENTITY, **changes))
    assert isinstance(compiled(made), Variant)
    assert_same(made, contact())


@pytest.mark.parametrize(
    "subject", ["Fixed, 100%", " Grüße 🎉 ", "", " ", "a\nb", "{{ contact.s }}"]
)
def test_a_subject_that_is_fixed_or_empty(subject: str) -> None:
    assert_same(variant("<p>x</p>", subject), contact())


def test_a_tracking_host_that_html_would_escape_is_written_as_it_is() -> None:
    tracker = replace(TRACKER, public_url="https://t.example/a&b=.c%d")
    source = "<a href='https://a.example/'>x</a> {{ unsubscribe_url }}"
    template = replace(corpus.letter(corpus.GOOD[0]).template, html=source, compiled=None)
    assert_same(prepare(template, CAMPAIGN, IDENTITY, tracker), contact())


@given(st.datetimes(), st.integers(-1439, 1439))
def test_a_date(at: datetime, minutes: int) -> None:
    made = variant("<p>x</p>")
    for zone in (UTC, timezone(timedelta(minutes=minutes))):
        moment = at.replace(tzinfo=zone)
        plain = read(made.render(contact(), MESSAGE, moment))
        assert read(quick(made).render(contact(), MESSAGE, moment))["Date"] == plain["Date"]


def test_only_the_compiled_way_makes_what_relays_need_not_change() -> None:
    plain = variant("<p>a\n.\nb</p>")
    assert b"\r\n.\r\n" in plain.render(contact(), MESSAGE, AT)
    assert not plain.ready
    assert_same(plain, contact())
    assert quick(plain).ready


def test_the_same_message_is_the_same_bytes() -> None:
    made = quick(variant("<p>{{ contact.s }}</p>"))
    assert made.render(contact(s="a"), MESSAGE, AT) == made.render(contact(s="a"), MESSAGE, AT)
    assert made.identity is IDENTITY
