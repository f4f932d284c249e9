"""Relay settings: which addresses are taken for which tags."""

from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from mailtide.domain.page import Page
from mailtide.domain.sending_ip import Relay, SendingIp, Ses, Tls
from mailtide.domain.suppression import Stream
from mailtide.errors import InvalidInputError
from mailtide.flows.relay_settings import RelaySettings

RELAY = Relay("relay.test", 587, Tls.STARTTLS)


@dataclass
class Ips:
    """Sending IPs, one a page."""

    tags: list[str] = field(default_factory=lambda: ["one", "two"])
    changes: dict[str, dict[str, Any]] = field(default_factory=dict)  # by tag

    def page(self, org_id: str, limit: int, after: str | None) -> Page[SendingIp]:
        number = int(after or 0)
        tag = self.tags[number]
        found = SendingIp(org_id, f"ip{number}", tag, Stream.MARKETING, RELAY)
        found = replace(found, **self.changes.get(tag, {}))
        more = number + 1 < len(self.tags)
        return Page([found], str(number + 1) if more else None)


def test_each_tag_has_the_address_that_is_named_for_it() -> None:
    made = RelaySettings(Ips()).stalwart("acme", " two = 2001:DB8::0:2 ,one=192.0.2.1,")
    sources = [
        (step.operation["value"]["own"]["name"], step.operation["value"]["own"]["sourceIps"])
        for step in made.steps
        if step.operation["object"] == "MtaConnectionStrategy"
    ]
    assert sources == [
        ("one", {"0": {"sourceIp": "192.0.2.1"}}),
        ("two", {"0": {"sourceIp": "2001:db8::2"}}),
    ]
    assert not RelaySettings(Ips()).stalwart("acme", "").steps


@pytest.mark.parametrize(
    ("source_ips", "words"),
    [
        ("one", "`` is no IP address"),
        ("one=relay.test", "no IP address"),
        ("three=192.0.2.1", "no active sending IP with a relay has the tag `three`"),
        ("=192.0.2.1", "has the tag ``"),
        ("one=0.0.0.0", "`0.0.0.0` is no address that mail can leave from"),
        ("one=::", "`::` is no address that mail can leave from"),
        ("one=fe80::1%eth0", "`fe80::1%eth0` is no address that mail can leave from"),
        ("one=192.0.2.1,one=192.0.2.1", "`one` has two addresses"),
    ],
)
def test_what_is_no_address_of_a_tag_is_refused(source_ips: str, words: str) -> None:
    with pytest.raises(InvalidInputError, match=words):
        RelaySettings(Ips()).stalwart("acme", source_ips)


@pytest.mark.parametrize("change", [{"active": False}, {"transport": Ses("set")}])
def test_an_address_that_would_count_for_nothing_is_refused(change: dict[str, Any]) -> None:
    ips = Ips(changes={"two": change})
    with pytest.raises(InvalidInputError, match="with a relay has the tag `two`"):
        RelaySettings(ips).stalwart("acme", "one=192.0.2.1,two=192.0.2.2")
    assert RelaySettings(ips).stalwart("acme", "one=192.0.2.1").steps
