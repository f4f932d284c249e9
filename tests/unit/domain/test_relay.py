"""Where a relay may stand: the public internet, and what the stack names; nothing in between."""

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtide.domain.relay import check, check_addresses, check_login, read_networks
from mailtide.domain.sending_ip import Tls
from mailtide.errors import InvalidInputError

LOOPBACK = read_networks(["127.0.0.0/8", "::1/128"])
PUBLIC = "8.8.8.8"

PRIVATE = [
    "0.0.0.0",  # noqa: S104 - an address to be refused, nothing listens on it
    "10.1.2.3",
    "100.64.0.1",  # carrier-grade NAT
    "127.0.0.1",
    "169.254.169.254",  # where a cloud keeps its credentials
    "172.16.0.1",
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "224.0.1.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::7f00:1",  # NAT64 of 127.0.0.1
    "64:ff9b:1::1",
    "2002:7f00:1::1",  # 6to4 of 127.0.0.1
    "2001:0:1:2::3",  # Teredo
    "2001:db8::1",
    "3fff::1",
    "fc00::1",
    "fe80::1",
    "fe80::1%2",
    "fec0::1",
    "ff02::1",
]


def refusal(*addresses: str, port: int = 587, networks: tuple[str, ...] = ()) -> str:
    with pytest.raises(InvalidInputError) as error:
        check("relay.example", port, addresses, read_networks(networks))
    return error.value.code


@pytest.mark.parametrize("address", PRIVATE)
def test_refuses_addresses_that_are_not_public(address: str) -> None:
    assert refusal(address) == "relay_address_refused"


@pytest.mark.parametrize("address", [PUBLIC, "2001:4860:4860::8888", "::ffff:8.8.8.8"])
@pytest.mark.parametrize("port", [465, 587, 2525])
def test_takes_public_addresses_on_submission_ports(address: str, port: int) -> None:
    check("relay.example", port, [address], ())


def test_one_private_address_among_public_ones_is_enough_to_refuse() -> None:
    assert refusal(PUBLIC, "10.0.0.1") == "relay_address_refused"


def test_a_host_without_an_address_is_refused() -> None:
    assert refusal() == "relay_address_refused"


@pytest.mark.parametrize("address", ["127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1"])
def test_the_stack_may_name_a_network(address: str) -> None:
    check("localhost", 1025, [address], LOOPBACK)


def test_naming_one_network_opens_no_other() -> None:
    assert (
        refusal("10.0.0.1", networks=("127.0.0.0/8", "192.168.0.0/16")) == "relay_address_refused"
    )


@pytest.mark.parametrize("port", [0, 25, 26, 1025, 8025])
def test_refuses_other_ports_of_public_relays(port: int) -> None:
    assert refusal(PUBLIC, port=port) == "relay_port_refused"


def test_says_why_port_25_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="Lambda cannot use port 25"):
        check("relay.example", 25, [PUBLIC], ())


def test_port_25_is_refused_as_such_where_the_host_has_no_address_too() -> None:
    with pytest.raises(InvalidInputError) as refused:
        check("smtp.example.com", 25, [], LOOPBACK)
    assert refused.value.code == "relay_port_refused"


def test_a_named_network_does_not_free_the_port_of_a_public_address() -> None:
    assert (
        refusal("127.0.0.1", PUBLIC, port=1025, networks=("127.0.0.0/8",)) == "relay_port_refused"
    )


@given(st.ip_addresses(v=4))
def test_wrapping_an_address_in_ipv6_never_lets_more_through(address: IPv4Address) -> None:
    wrapped = [f"::ffff:{address}", str(IPv6Address((0x2002 << 112) | (int(address) << 80)))]
    for text in wrapped:
        assert passes(text) == passes(str(address))


def passes(address: str) -> bool:
    try:
        check_addresses([address], ())
    except InvalidInputError:
        return False
    return True


@pytest.mark.parametrize("text", ["10.0.0.1/8", "localhost", "10.0.0.0/33"])
def test_a_malformed_network_is_an_error_that_names_it(text: str) -> None:
    with pytest.raises(ValueError, match=text.split("/")[0]):
        read_networks([text])


@pytest.mark.parametrize("addresses", [["93.184.216.34"], ["127.0.0.1", "93.184.216.34"]])
def test_no_login_goes_over_the_internet_in_the_clear(addresses: list[str]) -> None:
    with pytest.raises(InvalidInputError, match="starttls"):
        check_login(Tls.NONE, addresses, LOOPBACK)
    check_login(Tls.STARTTLS, addresses, LOOPBACK)
    check_login(Tls.IMPLICIT, addresses, LOOPBACK)


def test_a_login_in_the_clear_is_taken_inside_a_named_network() -> None:
    check_login(Tls.NONE, ["127.0.0.1", "::1"], LOOPBACK)
