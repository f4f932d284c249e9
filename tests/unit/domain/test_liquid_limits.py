"""Liquid's limits: a template that would use up a sender fails its message, in bounded time."""

import pytest

from mailtide.domain import liquid_language, liquid_limits
from mailtide.domain.rendering import RenderError

# 65,536 letters; 10,000 elements.
LONG = "{% assign a = 'x' %}" + "{% assign a = a | append: a %}" * 16
MANY = LONG + "{% assign l = a | slice: 0, 10000 | split: '' %}"
LOOP = "{% for i in (1..10000) %}"
TOO_MUCH = "html: line 1: it takes too much work"


def filled(source: str, **data: object) -> str:
    return liquid_language.read("html", source).fill(data)


@pytest.mark.parametrize(
    "source",
    [
        LONG + "{{ a | replace: 'x', a }}",
        LONG + "{{ a | replace: sub: a, seq: 'x' }}",
        LONG + "{{ a | replace: '', a }}",
        MANY + "{{ l | join: a }}",
        MANY + "{{ l | join: separator: a }}",
        MANY + "{{ l | uniq }}",
        LONG + "{{ a" + " | append: a" * 1000 + " }}",
        "{{ (1..1000000000) | join }}",
        "{% assign r = (1..1000000000) | sort %}",
        "{% assign r = (1..1000000000) %}{% if r contains 'x' %}{% endif %}",
        LONG + "{% assign l = a | split: '-' %}" + "{% assign l = l | concat: l %}" * 9,
        LONG + LOOP + "{% assign n = a | split: '' | sort | size %}{% endfor %}",
        LONG + LOOP + "{% if a contains a %}{% endif %}{% endfor %}",
        (LOOP + "{% assign b = i %}{% endfor %}") * 50,
        LOOP + "{% if true %}{% endif %}" * 10 + "{% endfor %}",
        "{% tablerow i in (1..10000) %}" + "{% if true %}{% endif %}" * 10 + "{% endtablerow %}",
        "{% liquid\nfor i in (1..10000)\n" + "if true\nendif\n" * 10 + "endfor %}",
        "{% for i in (1..1000000000) reversed limit: 1 %}{% endfor %}",
        "{% for i in (1..1000000000) offset: 999999990 %}{% endfor %}",
        "{% tablerow i in (1..1000000000) offset: 999999990 %}{% endtablerow %}",
        "{{ x | join }}",
    ],
)
def test_what_takes_too_much_work_fails(source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(liquid_limits, "MAX_WORK", 1_000_000)  # the real one takes seconds
    nested = {str(number): ["x" * 1000] for number in range(1000)}
    with pytest.raises(RenderError, match=TOO_MUCH):
        filled(source, x=[nested])


def test_variables_have_a_limit_together_and_can_be_replaced() -> None:
    assert filled(LONG + LOOP + "{% assign b = i %}{% endfor %}{{ b }}") == "10000"
    with pytest.raises(RenderError, match="local namespace limit"):
        filled(LONG + "{% assign b = a %}{% assign c = a %}{% assign d = a %}")


def test_a_large_letter_is_far_from_the_limits() -> None:
    card = "<tr><td>{{ p.name | escape | upcase }}</td><td>{{ p.price | times: 2 }}</td></tr>" * 10
    products = [{"name": "Lamp" * 20, "price": price} for price in range(300)]
    source = "{% for p in x %}{% if p.price >= 0 %}" + card + "{% endif %}{% endfor %}"
    assert filled(source, x=products).count("<tr>") == 3000


def test_a_text_that_is_too_long_for_a_date_is_none() -> None:
    assert filled("{{ x | date: '%Y' }}", x="1 " * 100, **{liquid_language.NOW: 0}) == "1 " * 100
