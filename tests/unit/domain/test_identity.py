"""Identities: written in one form, or refused with the field that is wrong."""

from dataclasses import replace

import pytest

from mailtide.domain.content import Identity
from mailtide.domain.identity import MAX_BOUNCE_DOMAIN, checked
from mailtide.errors import InvalidInputError

IDENTITY = Identity("acme", "i1", "News", "Acme", "Letter@EXAMPLE.com", "B.Example.com.")


def test_addresses_and_domain_are_written_in_one_form() -> None:
    found = checked(replace(IDENTITY, reply_to="us@exämple.com"))
    assert found.from_address == "Letter@example.com"
    assert found.bounce_domain == "b.example.com"
    assert found.reply_to == "us@xn--exmple-cua.com"


@pytest.mark.parametrize(
    "domain",
    [
        "",
        "example",
        "a b.example.com",
        "-a.example.com",
        "a..example.com",
        "a\u2028b.example.com",
        f"{'a' * 61}.{'b' * 60}.{'c' * 60}.example",
    ],
)
def test_what_is_no_bounce_domain_is_refused(domain: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        checked(replace(IDENTITY, bounce_domain=domain))
    assert caught.value.errors[0]["at"] == "body.bounce_domain"


def test_the_longest_bounce_domain_leaves_room_for_the_message() -> None:
    domain = f"{'a' * 60}.{'b' * 60}.{'c' * 60}.example"
    assert len(domain) == MAX_BOUNCE_DOMAIN
    assert checked(replace(IDENTITY, bounce_domain=domain)).bounce_domain == domain
    verp = f"b-{'t' * 16}-{'m' * 26}@{domain}"
    assert len(verp) <= 254
