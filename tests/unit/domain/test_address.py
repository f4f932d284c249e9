"""Addresses: what is taken, in which form, and what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtide.domain import address
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


_MADE = st.text("aZ09._+-'@ éxn", max_size=12)


@given(
    _MADE | st.just("a" * 64),
    st.sampled_from(["example.com", "EXAMPLE.com", "a.b", "x", "-a.com"]) | _MADE,
)
def test_the_short_way_gives_what_the_library_gives(local: str, domain: str) -> None:
    text = f"{local}@{domain}"
    try:
        whole: object = address._normalized(text.strip())
    except InvalidInputError as error:
        whole = str(error)
    for _ in range(2):  # the second time from what is remembered
        try:
            found: object = address.normalize(text)
        except InvalidInputError as error:
            found = str(error)
        assert found == whole


def test_an_address_is_not_longer_than_mail_systems_take() -> None:
    domain = ".".join(["a" * 60] * 4)
    for text in (f"{'a' * 65}@example.com", f"{'a' * 20}@{domain}"):
        with pytest.raises(InvalidInputError):
            address.normalize(text)
