"""Identities: written in one form, or refused with the field that is wrong."""

from dataclasses import replace
from typing import Any

import pytest

from mailtide.domain.content import Identity
from mailtide.domain.identity import MAX_MAIL_DOMAIN, MAX_SELECTORS, checked
from mailtide.errors import InvalidInputError
from tests.collaborators import SEAL

IDENTITY = Identity("acme", "i1", "News", "Acme", "Letter@EXAMPLE.com", "B.Example.com.")


def test_addresses_and_domain_are_written_in_one_form() -> None:
    found = checked(replace(IDENTITY, reply_to="us@exämple.com"))
    assert found.from_address == "Letter@example.com"
    assert found.bounce_domain == "b.example.com"
    assert found.reply_to == "us@xn--exmple-cua.com"


@pytest.mark.parametrize("field", ["bounce_domain", "reply_domain", "tracking_domain"])
@pytest.mark.parametrize(
    "domain",
    [
        "",
        "example",
        "a b.example.com",
        "-a.example.com",
        "a..example.com",
        "a\u2028b.example.com",
        f"{'a' * 64}.example.com",
        f"{'a' * 60}.{'b' * 60}.{'c' * 60}.{'d' * 60}.{'e' * 10}",
    ],
)
def test_what_is_no_domain_is_refused(field: str, domain: str) -> None:
    change: dict[str, Any] = {field: domain}
    with pytest.raises(InvalidInputError) as caught:
        checked(replace(IDENTITY, **change))
    assert caught.value.errors[0]["at"] == f"body.{field}"


@pytest.mark.parametrize("field", ["bounce_domain", "reply_domain"])
def test_the_longest_mail_domain_leaves_room_for_the_message(field: str) -> None:
    domain = f"{'a' * 60}.{'b' * 60}.{'c' * 60}.example"
    assert len(domain) == MAX_MAIL_DOMAIN
    change: dict[str, Any] = {field: domain}
    assert getattr(checked(replace(IDENTITY, **change)), field) == domain
    assert len(SEAL.mail_from("t" * 16, "m" * 26, domain)) == 254
    change[field] = f"a{domain}"
    with pytest.raises(InvalidInputError):
        checked(replace(IDENTITY, **change))


def test_links_may_stand_under_a_longer_name_than_mail() -> None:
    host = f"{'a' * 60}.{'b' * 60}.{'c' * 60}.{'d' * 60}.example"
    assert checked(replace(IDENTITY, tracking_domain=host)).tracking_domain == host


def test_what_is_not_given_stays_so() -> None:
    found = checked(IDENTITY)
    assert (found.reply_domain, found.tracking_domain, found.dkim_selectors) == (None, None, ())


def test_replies_go_to_one_place() -> None:
    with pytest.raises(InvalidInputError, match="set one of them to null"):
        checked(replace(IDENTITY, reply_to="us@example.com", reply_domain="reply.example.com"))


def test_each_selector_is_kept_once_in_its_order() -> None:
    found = checked(replace(IDENTITY, dkim_selectors=("S2.2026", "s1", " s1 ")))
    assert found.dkim_selectors == ("s2.2026", "s1")


@pytest.mark.parametrize(
    "selectors",
    [
        ("",),
        ("s1", "-s2"),
        ("s1._domainkey",),
        ("a b",),
        ("ü",),
        ("a" * 64,),
        tuple(f"s{n}" for n in range(MAX_SELECTORS + 1)),
    ],
)
def test_what_is_no_selector_is_refused(selectors: tuple[str, ...]) -> None:
    with pytest.raises(InvalidInputError) as caught:
        checked(replace(IDENTITY, dkim_selectors=selectors))
    assert caught.value.errors[0]["at"] == "body.dkim_selectors"


@pytest.mark.parametrize("field", ["from_address", "reply_to"])
def test_what_is_no_address_is_refused(field: str) -> None:
    change: dict[str, Any] = {field: "news@"}
    with pytest.raises(InvalidInputError) as caught:
        checked(replace(IDENTITY, **change))
    assert (caught.value.code, caught.value.errors[0]["at"]) == ("invalid_address", f"body.{field}")
