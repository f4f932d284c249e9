"""The two forms of a filter: what is wrong in one is named by its place."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtide.domain import segment_json, segment_text
from mailtide.domain.segment import Filter, conditions
from mailtide.errors import InvalidInputError
from tests.segments import filters

GMAIL = {"field": "provider", "op": "is", "value": "gmail"}


def test_json_of_every_kind_of_node() -> None:
    text = (
        'provider is not "x" and (not list in ("a") or last_open_at never) '
        "and attributes.x missing and created_at < 2026-01-01T00:00:00Z "
        "and not (timezone exists or last_click_at within 12 hours)"
    )
    assert segment_json.write(segment_text.read(text)) == {
        "and": [
            {"field": "provider", "op": "is_not", "value": "x"},
            {
                "or": [
                    {"field": "list", "op": "not_in", "value": ["a"]},
                    {"field": "last_open_at", "op": "never"},
                ]
            },
            {"field": "attributes.x", "op": "missing"},
            {"field": "created_at", "op": "<", "value": "2026-01-01T00:00:00Z"},
            {
                "not": {
                    "or": [
                        {"field": "timezone", "op": "exists"},
                        {"field": "last_click_at", "op": "within", "value": {"hours": 12}},
                    ]
                }
            },
        ]
    }


@pytest.mark.parametrize(
    ("given_text", "written"),
    [
        ("((provider IS Gmail))", 'provider is "Gmail"'),
        ("NOT provider is x", 'provider is not "x"'),
        ("last_open_at within 48 hours", "last_open_at within 2 days"),
        ("last_open_at missing", "last_open_at never"),
        ("created_at >= 2026-01-02", "created_at >= 2026-01-02T00:00:00Z"),
        ("created_at >= 2026-01-02T01:00+01:00", "created_at >= 2026-01-02T00:00:00Z"),
        ("attributes.a is 2026-01-02", 'attributes.a is "2026-01-02"'),
        ('attributes."a".b is -1.50', "attributes.a.b is -1.5"),
        (r'attributes."q\"\u00e9" is "\n"', r'attributes."q\"é" is "\n"'),
        ("not not\n provider\tis a", 'not provider is not "a"'),
        (
            "(list is a and list is b) and list is c",
            '(list is "a" and list is "b") and list is "c"',
        ),
        ("list is a and list is b or list is c", '(list is "a" and list is "b") or list is "c"'),
    ],
)
def test_text_is_written_in_one_way(given_text: str, written: str) -> None:
    assert segment_text.write(segment_text.read(given_text)) == written


@pytest.mark.parametrize(
    ("text", "place", "detail"),
    [
        ("", "1:1", "found the end of the text; expected `not`, `(` or a field"),
        ("and", "1:1", "found `and`; expected `not`, `(` or a field"),
        ("plan is pro", "1:1", "there is no field `plan`; fields are `email`, "),
        ("provider.x is y", "1:1", "`provider` has nothing below it"),
        ("attributes is x", "1:1", "name an attribute"),
        ("attributes." + ".".join("abcdefghijk") + " is x", "1:1", "11 names; the limit is 10"),
        (r'attributes."\x" is x', "1:1", "is not a text in quotes"),
        (r'attributes."\ud800" is x', "1:1", "is not a text in quotes"),
        ("provider", "1:9", "found the end of the text; expected `is not`, `is`, `not in`, "),
        ("provider like x", "1:10", "found `like`; expected `is not`, "),
        ("provider within 3 days", "1:10", "this field has no `within`; it has `is`, `in`, "),
        ("list never", "1:6", "this field has no `exists`"),
        ("provider is", "1:12", "found the end of the text; expected a value"),
        ("provider is and", "1:13", "found `and`; expected a value"),
        ('provider is a"b"', "1:14", 'found `"b"`; expected `and`, `or` or the end'),
        ("provider is 5", "1:13", "a text is needed here"),
        ('provider is "x', "1:13", "found a quote that no other quote closes; expected a value"),
        (r'provider is "\x"', "1:13", "an escape that JSON does not have"),
        (r'provider is "\ud800"', "1:13", "an escape that JSON does not have"),
        ('provider is ""', "1:13", "a text has 1 to 500 characters"),
        ("provider in x", "1:13", "found `x`; expected `(`"),
        ("provider in (x", "1:15", "found the end of the text; expected `,` or `)`"),
        ("provider in ()", "1:14", "found `)`; expected a value"),
        ("provider is a or\n  provider is\n  b c", "3:5", "found `c`; expected `and`, `or` or the"),
        ("(provider is a", "1:15", "found the end of the text; expected `and`, `or` or `)`"),
        ("created_at < gmail", "1:14", "a date or an instant is needed here"),
        ("created_at < 2026-13-01", "1:14", "a date or an instant is needed here"),
        ("created_at < 0001-01-01T00:00+01:00", "1:14", "a date or an instant is needed here"),
        ("created_at within x days", "1:19", "found `x`; expected a whole number"),
        ("created_at within 1.5 days", "1:19", "found `1.5`; expected a whole number"),
        ("created_at within 3 weeks", "1:21", "found `weeks`; expected `days` or `hours`"),
        ("created_at within 0 days", "1:19", "a span is at least 1 hour and at most 36500 days"),
        ("created_at within 36501 days", "1:19", "a span is at least 1 hour"),
        ("attributes.a < true", "1:16", "a text or a number is needed here"),
        ("attributes.a is 1e400", "1:17", "the number is too large"),
        ("attributes.a is 1e999", "1:17", "the number is too large"),
        ("attributes.a is 9007199254740993", "1:17", "the number is too large"),
        ("(" * 10 + "list is a" + ")" * 10, "1:11", "the filter has more than 10 levels"),
        ("not " * 10 + "provider exists", "1:41", "the filter has more than 10 levels"),
    ],
)
def test_a_mistake_in_the_text_is_named_by_line_and_column(
    text: str, place: str, detail: str
) -> None:
    with pytest.raises(InvalidInputError) as caught:
        segment_text.read(text, "body.text")
    (error,) = caught.value.errors
    line, column = place.split(":")
    assert caught.value.code == "filter_error"
    assert error["at"] == f"body.text:{place}"
    assert error["detail"].startswith(f"line {line}, column {column}: ")
    assert detail in error["detail"]


def nested(levels: int) -> dict[str, Any]:
    found: dict[str, Any] = GMAIL
    for _ in range(levels):
        found = {"not": found}
    return found


@pytest.mark.parametrize(
    ("value", "at", "detail"),
    [
        ([], "filter", "a filter is a JSON object"),
        ({}, "filter.field", "a condition needs `field`, a text"),
        ({"field": "email"}, "filter.op", "a condition needs `op`, a text"),
        ({**GMAIL, "op": 3}, "filter.op", "a condition needs `op`, a text"),
        ({**GMAIL, "negate": True}, "filter", "`negate` is not known"),
        ({"and": [GMAIL], "or": [GMAIL]}, "filter", "beside `and` nothing else may stand"),
        ({"and": []}, "filter.and", "`and` needs a list of filters"),
        ({"or": GMAIL}, "filter.or", "`or` needs a list of filters"),
        ({"or": [GMAIL] * 101}, "filter.or", "there are 101; the limit is 100"),
        ({"not": None}, "filter.not", "a filter is a JSON object"),
        ({"not": {"and": [GMAIL, {"or": [1]}]}}, "filter.not.and.1.or.0", "is a JSON object"),
        ({**GMAIL, "field": "plan"}, "filter.field", "there is no field `plan`"),
        ({**GMAIL, "field": "attributes.first name"}, "filter.field", "name an attribute"),
        ({**GMAIL, "field": "attributes.a..b"}, "filter.field", "name an attribute"),
        ({**GMAIL, "op": "like"}, "filter.op", "there is no operator `like`; this field has `is`"),
        ({**GMAIL, "op": "<"}, "filter.op", "this field has no `<`"),
        ({**GMAIL, "op": "exists"}, "filter.value", "`exists` takes no value"),
        ({**GMAIL, "value": None}, "filter.value", "a text is needed here"),
        ({**GMAIL, "op": "in"}, "filter.value", "`in` needs a list of 1 to 100 values"),
        ({**GMAIL, "op": "in", "value": []}, "filter.value", "`in` needs a list"),
        ({**GMAIL, "op": "in", "value": ["x"] * 101}, "filter.value", "`in` needs a list"),
        ({**GMAIL, "value": "x" * 501}, "filter.value", "a text has 1 to 500 characters"),
        ({"field": "attributes.a", "op": "is"}, "filter.value", "a text, a number, true or false"),
        ({"field": "attributes.a", "op": ">", "value": []}, "filter.value", "a text or a number"),
        ({"field": "created_at", "op": ">", "value": 5}, "filter.value", "a date or an instant"),
        *(
            ({"field": "created_at", "op": "within", "value": value}, "filter.value", "a span is")
            for value in (
                30,
                {},
                {"days": 1, "hours": 1},
                {"weeks": 1},
                {"days": True},
                {"days": 0},
            )
        ),
        (nested(10), "filter" + ".not" * 10, "the filter has more than 10 levels"),
    ],
)
def test_a_mistake_in_the_json_is_named_by_its_path(value: Any, at: str, detail: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        segment_json.read(value)
    (error,) = caught.value.errors
    assert (caught.value.code, error["at"]) == ("filter_error", at)
    assert detail in error["detail"]


def test_every_mistake_in_the_json_is_named() -> None:
    with pytest.raises(InvalidInputError) as caught:
        segment_json.read({"and": [{**GMAIL, "op": "<"}, GMAIL, {"not": 5}]}, "body.filter")
    assert [one["at"] for one in caught.value.errors] == [
        "body.filter.and.0.op",
        "body.filter.and.2.not",
    ]


def test_one_filter_in_a_combination_is_that_filter() -> None:
    assert segment_json.read({"and": [{"or": [GMAIL]}]}) == segment_json.read(GMAIL)


def many(count: int, **changes: Any) -> dict[str, Any]:
    return {"and": [{**GMAIL, **changes} for _ in range(count)]}


@pytest.mark.parametrize(
    ("value", "detail"),
    [
        ({"or": [many(51), many(50)]}, "101 conditions; the limit is 100"),
        (many(40, value="x" * 400), "bytes; the limit is 16384"),
        (
            {"field": "list", "op": "in", "value": [f"l{n}" for n in range(21)]},
            "21 lists; the limit is 20",
        ),
    ],
)
def test_what_is_too_large_is_refused_in_both_forms(value: Any, detail: str) -> None:
    with pytest.raises(InvalidInputError, match=detail):
        segment_json.read(value)


def test_a_text_is_held_to_the_same_limits() -> None:
    hundred = segment_text.read(" and ".join(["provider is x"] * 100))
    assert len(list(conditions(hundred))) == 100
    with pytest.raises(InvalidInputError, match="101 conditions; the limit is 100"):
        segment_text.read(" and ".join(["provider is x"] * 101))
    with pytest.raises(InvalidInputError, match="the limit is 20000"):
        segment_text.read(" " * 20_001)


def test_ten_levels_are_read_in_both_forms() -> None:
    deepest = segment_json.read(nested(9))
    assert segment_text.read(segment_text.write(deepest)) == deepest


def places(read: Callable[[Any], Filter], value: Any) -> list[str]:
    """Return the places of the mistakes in a value; none when it is a filter."""
    try:
        read(value)
    except InvalidInputError as error:
        return [place["at"] for place in error.errors] or ["nowhere"]
    return []


WORDS = """and or not ( ) , is in within exists never days provider attributes.x list "a" " 5 -1e3
    <= 2026-01-01 true é . \\ :"""


@given(st.one_of(st.text(max_size=60), st.lists(st.sampled_from(WORDS.split())).map(" ".join)))
def test_any_text_is_a_filter_or_a_mistake_with_its_place(text: str) -> None:
    if wrong := places(segment_text.read, text):
        assert [place.split(":")[0] for place in wrong] == ["text"]
    else:
        found = segment_text.read(text)
        assert segment_text.read(segment_text.write(found)) == found


@given(filters, st.data())
def test_a_text_that_was_cut_is_a_filter_or_a_mistake_with_its_place(
    filter_: Filter, data: st.DataObject
) -> None:
    text = segment_text.write(filter_)
    cut = data.draw(st.integers(0, len(text)))
    for broken in (text[:cut], text[cut:], text[:cut] + "(" + text[cut:]):
        assert all(place.startswith("text:") for place in places(segment_text.read, broken))


junk = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["and", "or", "not", "field", "op", "value", "days"]), inner, max_size=3
        ),
    ),
    max_leaves=8,
)


@given(junk)
def test_any_json_is_a_filter_or_mistakes_with_their_places(value: Any) -> None:
    assert all(place.startswith("filter") for place in places(segment_json.read, value))
