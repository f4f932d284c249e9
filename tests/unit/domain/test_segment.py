"""Whom a filter holds: each operator by example, the laws of logic by property."""

import pytest
from hypothesis import given

from mailtide.domain import segment_json, segment_text
from mailtide.domain.contact import Contact
from mailtide.domain.segment import And, Filter, Not, Or, evaluate, lists_of
from tests.segments import LISTS, NOW, contact, contacts, filters, memberships

ON = frozenset({"list1"})


def holds(text: str, of: Contact | None = None) -> bool:
    return evaluate(segment_text.read(text), of or contact(), ON, NOW)


@pytest.mark.parametrize(
    "text",
    [
        "provider is gmail",
        "provider is GMAIL",  # text is compared without regard to case
        'provider is not "yahoo"',
        "provider in (yahoo, gmail)",
        "provider not in (yahoo)",
        'email ends with "@GMAIL.com"',
        'email starts with "ann"',
        'email contains "@"',
        "timezone exists",
        'timezone is "Europe/Paris"',
        "created_at < 2026-09-01",
        "created_at >= 2026-08-16T10:00:00Z",
        "created_at <= 2026-08-16T12:00:00+02:00",  # the same instant
        "not created_at > 2026-08-16T10:00",  # UTC unless it says otherwise
        "last_open_at within 7 days",  # the edge is in
        "not last_open_at within 167 hours",
        "last_open_at within 168 hours",
        "last_click_at never",
        "last_engaged_at within 7 days",
        "list is list1",
        "list is not list2",
        "list in (list2, list1)",
        "attributes.plan is pro",
        "attributes.plan in (1, pro)",
        "attributes.age is 40.0",
        "attributes.age > 39 and attributes.age <= 40",
        "attributes.age < 40.5",
        "attributes.vip is true",
        "attributes.tags contains news",
        "attributes.tags contains 7",
        "attributes.address.city is paris",
        'attributes."address"."city" starts with par',
        "attributes.renewed within 5 days",
        "attributes.renewed > 2026-11-19",  # texts, in the order of their characters
        "attributes.empty exists",  # a text without characters is one
        "attributes.nothing missing",
        "attributes.unknown missing",
        "attributes.unknown is not 7",
    ],
)
def test_holds(text: str) -> None:
    assert holds(text)


@pytest.mark.parametrize(
    "text",
    [
        "last_click_at within 36500 days",  # never clicked
        "last_click_at < 2030-01-01",
        "list is list2",
        "attributes.vip is 1",  # true is not 1
        "attributes.age is true",
        'attributes.age is "40"',
        'attributes.age contains "4"',
        'attributes.age starts with "4"',
        'attributes.age ends with "0"',
        'attributes.age > "3"',
        "attributes.vip > 0",
        "attributes.plan > 0",
        "attributes.tags is news",  # a list is not its only element
        'attributes.tags contains "ew"',
        "attributes.address is paris",
        "attributes.plan.city exists",
        "attributes.tags.0 exists",
        "attributes.age within 5 days",
        "attributes.plan within 5 days",
        "attributes.address exists and attributes.unknown exists",
        "attributes.nothing exists",
        "attributes.unknown is 7",
        'attributes.unknown < "a" or attributes.unknown >= "a"',  # missing: neither
    ],
)
def test_holds_not(text: str) -> None:
    assert not holds(text)


def test_an_empty_time_zone_is_missing() -> None:
    assert holds("timezone missing", contact(timezone=""))


def test_the_latest_of_open_click_and_reply_is_the_last_engagement() -> None:
    of = contact(last_open_at=None, last_click_at=NOW)
    assert holds("last_engaged_at within 1 hour", of)
    assert holds("last_engaged_at never", contact(last_open_at=None))
    replied = contact(last_reply_at=NOW)
    assert holds("last_reply_at within 1 hour and last_engaged_at within 1 hour", replied)


def test_a_filter_names_its_lists_once_in_order() -> None:
    text = "list in (list3, list1) and (not list is list2 or list is list1 or provider is x)"
    assert lists_of(segment_text.read(text)) == ("list3", "list1", "list2")


@given(filters, filters, contacts, memberships)
def test_the_laws_of_logic_hold_whatever_a_contact_holds(
    a: Filter, b: Filter, of: Contact, lists: frozenset[str]
) -> None:
    def truth(filter_: Filter) -> bool:
        return evaluate(filter_, of, lists, NOW)

    assert truth(Not(Not(a))) is truth(a)
    assert truth(Not(And((a, b)))) is truth(Or((Not(a), Not(b))))
    assert truth(Not(Or((a, b)))) is truth(And((Not(a), Not(b))))
    assert truth(And((a, b))) is truth(And((b, a)))
    assert truth(Or((a, b))) is truth(Or((b, a)))
    assert truth(Or((a, Not(a)))) is True


@given(filters, contacts, memberships)
def test_only_the_lists_that_a_filter_names_matter(
    a: Filter, of: Contact, lists: frozenset[str]
) -> None:
    named = lists & frozenset(lists_of(a))
    assert evaluate(a, of, lists, NOW) is evaluate(a, of, named, NOW)
    assert set(lists_of(a)) <= set(LISTS)


@given(filters, contacts, memberships)
def test_both_forms_read_back_as_the_same_filter(
    a: Filter, of: Contact, lists: frozenset[str]
) -> None:
    text, as_json = segment_text.write(a), segment_json.write(a)
    from_text, from_json = segment_text.read(text), segment_json.read(as_json)
    # Written again, because to Python True equals 1.
    assert (segment_text.write(from_text), segment_json.write(from_text)) == (text, as_json)
    assert (segment_text.write(from_json), segment_json.write(from_json)) == (text, as_json)
    assert from_text == from_json == a
    assert evaluate(from_text, of, lists, NOW) is evaluate(a, of, lists, NOW)
