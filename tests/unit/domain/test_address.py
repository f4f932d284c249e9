"""Addresses: what is taken, in which form, and what is refused."""

import pytest

from mailtide.domain.address import Address, normalize
from mailtide.errors import InvalidInputError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ann@example.com", Address("ann@example.com", "example.com")),
        (" Ann.B+x@EXAMPLE.com\n", Address("Ann.B+x@example.com", "example.com")),
        ("ann@exämple.com", Address("ann@xn--exmple-cua.com", "xn--exmple-cua.com")),
    ],
)
def test_an_address_is_written_in_one_form(text: str, expected: Address) -> None:
    assert normalize(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ann",
        "ann@",
        "@example.com",
        "ann@example",
        "ann@@example.com",
        "a b@example.com",
        "ann@[192.0.2.1]",
        "änn@example.com",  # most relays still refuse such a local part
        "ann@localhost.localdomain.invalid",
        "ann@example.com\r\nBcc: bob@example.com",
        "x" * 65 + "@example.com",
    ],
)
def test_what_is_no_address_is_refused_with_a_reason(text: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        normalize(text)
    assert caught.value.code == "invalid_address"
    assert caught.value.detail
