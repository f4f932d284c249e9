"""A Stalwart's settings: by example, and nothing of a tenant's words gets into an expression."""

import json
from dataclasses import replace
from typing import Any

import pytest

from mailtide.domain.sending_ip import Relay, SendingIp, Ses, Tls
from mailtide.domain.sending_rate import Per, RateLimit
from mailtide.domain.stalwart_plan import Plan, plan
from mailtide.domain.suppression import Stream
from tests.collaborators import SEAL

RELAY = Relay("relay.test", 587, Tls.STARTTLS, "mailtide", "secret")
IP = SendingIp("acme", "ip1", "one", Stream.MARKETING, RELAY)
TWO = replace(IP, ip_id="ip2", tag="two")


def objects(made: Plan, name: str) -> list[Any]:
    return [s.operation["value"] for s in made.steps if s.operation["object"] == name]


def test_each_tag_has_its_address_and_the_envelope_sender_chooses_it() -> None:
    made = plan([IP, TWO], {"one": "192.0.2.1", "two": "2001:db8::2"})
    assert objects(made, "MtaConnectionStrategy") == [
        {"own": {"name": "one", "sourceIps": {"0": {"sourceIp": "192.0.2.1"}}}},
        {"own": {"name": "two", "sourceIps": {"0": {"sourceIp": "2001:db8::2"}}}},
    ]
    (strategy,) = objects(made, "MtaOutboundStrategy")
    assert strategy["connection"] == {
        "match": {
            "0": {"if": "matches('^b-one-', sender)", "then": "'one'"},
            "1": {"if": "matches('^b-two-', sender)", "then": "'two'"},
        },
        "else": "'default'",
    }
    assert SEAL.mail_from("one", "m", "b.example.com").startswith("b-one-")


def test_no_expression_names_a_strategy_that_is_not_made() -> None:
    """A relay takes its default address for a name that it does not know."""
    made = plan([IP, TWO], {"two": "192.0.2.2"})
    (strategy,) = objects(made, "MtaOutboundStrategy")
    assert [one["then"] for one in strategy["connection"]["match"].values()] == ["'two'"]
    assert any("one is not known" in line for line in made.by_hand)
    assert objects(plan([IP], {}), "MtaOutboundStrategy") == []


@pytest.mark.parametrize(
    ("limit", "name", "match", "rate"),
    [
        (
            RateLimit(600, Per.MINUTE),
            "mailtide one all per minute",
            "matches('^b-one-', sender)",
            {"count": 600, "period": 60_000},
        ),
        (
            RateLimit(9, Per.DAY, "qq"),
            "mailtide one qq per day",
            "matches('^b-one-', sender) && matches('(^|[.])(qq[.]com)[.]?$', mx)",
            {"count": 9, "period": 86_400_000},
        ),
        (
            RateLimit(7, Per.HOUR, "other:example.org"),
            "mailtide one other:example.org per hour",
            "matches('^b-one-', sender) && matches('(^|[.])(example[.]org)[.]?$', mx)",
            {"count": 7, "period": 3_600_000},
        ),
    ],
)
def test_each_limit_is_a_throttle_of_its_own(
    limit: RateLimit, name: str, match: str, rate: dict[str, int]
) -> None:
    (throttle,) = objects(plan([replace(IP, rate_limits=(limit,))], {}), "MtaOutboundThrottle")
    assert throttle["own"] == {
        "description": name,
        "enable": True,
        "key": {},  # the local address is not known when it is asked, and no two senders are one
        "match": {"match": {}, "else": match},
        "rate": rate,
    }


def test_a_limit_that_mx_hosts_do_not_tell_is_named() -> None:
    made = plan([replace(IP, rate_limits=(RateLimit(1, Per.DAY, "other"),))], {})
    assert objects(made, "MtaOutboundThrottle") == []
    assert any("the limit for other" in line for line in made.by_hand)


def test_sessions_of_our_logins_carry_more_and_may_name_any_sender() -> None:
    second = replace(TWO, transport=replace(RELAY, username="bob@example.com"))
    made = plan([IP, second, replace(IP, ip_id="ip3", tag="three")], {})
    (data,), (auth,) = objects(made, "MtaStageData"), objects(made, "MtaStageAuth")
    logins = ["authenticated_as == 'bob@example.com'", "authenticated_as == 'mailtide'"]
    assert [one["if"] for one in data["maxMessages"]["match"].values()] == logins
    assert data["maxMessages"]["else"] == "10"
    assert {one["then"] for one in auth["mustMatchSender"]["match"].values()} == {"false"}
    assert auth["mustMatchSender"]["else"] == "true"


@pytest.mark.parametrize("login", ["o'neil", 'a"b', "a\\b", "jürgen"])
def test_a_login_that_no_expression_can_hold_is_named_and_left_out(login: str) -> None:
    made = plan([replace(IP, transport=replace(RELAY, username=login))], {})
    assert not any(login in json.dumps(s.operation, ensure_ascii=False) for s in made.steps)
    assert any("rename it" in line for line in made.by_hand)


@pytest.mark.parametrize(
    "ip",
    [replace(IP, active=False), replace(IP, transport=Ses("set"))],
)
def test_what_leaves_over_no_relay_needs_nothing(ip: SendingIp) -> None:
    assert plan([ip], {"one": "192.0.2.1"}) == Plan([], [])


def test_a_relay_without_a_login_keeps_its_sessions_until_somebody_names_our_address() -> None:
    unnamed = replace(IP, tag="two", transport=Relay("relay.test", 2525, Tls.NONE))
    made = plan([unnamed], {})
    assert made.steps == []
    (line,) = (line for line in made.by_hand if "MtaInboundThrottle" in line)
    assert line.startswith("two: without a login")
    assert "maxMessages be 10000" in line
    assert not any("our logins" in line for line in made.by_hand)


def test_each_is_told_of_the_ips_that_it_is_about() -> None:
    unnamed = replace(IP, tag="two", transport=Relay("relay.test", 2525, Tls.NONE))
    lines = [line for line in plan([IP, unnamed], {}).by_hand if "MtaInboundThrottle" in line]
    assert len(lines) == 2
    assert "our logins" in lines[0]
    assert lines[1].startswith("two: ")
    assert not any("without a login" in line for line in plan([IP], {}).by_hand)
