"""Mailbox providers by domain and by MX hosts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtide.domain.provider import from_domain, from_mx, provider_of

LABEL = st.from_regex(r"[a-z][a-z0-9]{0,8}", fullmatch=True)


@pytest.mark.parametrize(
    ("domain", "expected"),
    [
        ("gmail.com", "gmail"),
        ("GoogleMail.com.", "gmail"),
        ("hotmail.com", "outlook"),
        ("me.com", "icloud"),
        ("acme.com", None),  # ends in me.com, but not on a label boundary
        ("news.gmail.com", None),  # a subdomain may lie anywhere
        ("bücher.example", None),
        ("ü" * 70 + ".example", None),  # a label that cannot be encoded
        ("", None),
    ],
)
def test_provider_of_a_domain(domain: str, expected: str | None) -> None:
    assert from_domain(domain) == expected


def test_a_domain_that_tells_nothing_is_other() -> None:
    assert (provider_of("example.com"), provider_of("aol.com")) == ("other", "yahoo")


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("aspmx.l.google.com", "gmail"),
        ("ASPMX.L.GOOGLE.COM.", "gmail"),
        ("example-com.mail.protection.outlook.com", "microsoft365"),
        ("example-com.d-v1.mx.microsoft", "microsoft365"),
        ("hotmail-com.olc.protection.outlook.com", "outlook"),
        ("mta5.am0.yahoodns.net", "yahoo"),
        ("mx-biz.mail.am0.yahoodns.net", "yahoo_smallbiz"),  # the longest suffix wins
        ("mx01.mail.icloud.com", "icloud"),
        ("eu-smtp-inbound-1.mimecast.com", "mimecast"),
        ("mx.acme.com", "other:acme.com"),
        ("mx.notgoogle.com", "other:notgoogle.com"),
        ("mx1.mail.example.co.uk", "other:example.co.uk"),
        ("co.uk", "other:co.uk"),
        ("localhost", "other:localhost"),
    ],
)
def test_provider_of_one_mx_host(host: str, expected: str) -> None:
    assert from_mx([host]) == expected


@pytest.mark.parametrize(
    ("hosts", "expected"),
    [
        ([], "other"),
        (["."], "other"),  # null MX
        (["aspmx.l.google.com", "alt1.aspmx.l.google.com"], "gmail"),
        (["mx.example.com", "aspmx.l.google.com", "alt1.aspmx.l.google.com"], "gmail"),
        (["aspmx.l.google.com", "mx.example.com"], "other:google.com"),  # no majority
        (["mx1.example.com", "mx2.example.com", "aspmx.l.google.com"], "other:example.com"),
    ],
)
def test_the_majority_of_the_hosts_decides(hosts: list[str], expected: str) -> None:
    assert from_mx(hosts) == expected


@given(prefix=LABEL)
def test_a_longer_first_label_is_another_domain(prefix: str) -> None:
    assert from_mx([f"{prefix}google.com"]) == f"other:{prefix}google.com"


@given(hosts=st.lists(LABEL.map(lambda label: f"{label}.google.com"), min_size=1, max_size=4))
def test_hosts_that_agree_decide_in_any_number(hosts: list[str]) -> None:
    assert from_mx(hosts) == "gmail"


@given(name=st.text(max_size=30))
def test_any_text_has_a_provider(name: str) -> None:
    assert provider_of(name)
    assert from_mx([name]).partition(":")[0]
