"""Configuration sets of sending IPs: found or made, ours, and telling us of mail."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pytest

from mailtide.domain.configuration_set import (
    EVENTS,
    OWNER_TAG,
    ConfigurationSet,
    Destination,
    belongs,
    made_name,
)
from mailtide.domain.sending_ip import Ses
from mailtide.errors import InvalidInputError
from mailtide.flows.ses_sets import SesSets

TOPIC = "arn:aws:sns:eu-west-1:1:events"
OURS = {OWNER_TAG: "acme"}
LISTENING = Destination(TOPIC, EVENTS)


@dataclass
class Account:
    """What SES has."""

    sets: dict[str, ConfigurationSet] = field(default_factory=dict)
    pools: dict[str, Mapping[str, str]] = field(default_factory=dict)
    destinations: dict[str, Destination] = field(default_factory=dict)
    writes: list[str] = field(default_factory=list)

    def put(self, name: str, pool: str | None = None, tags: Mapping[str, str] = OURS) -> None:
        self.sets[name] = ConfigurationSet(name, pool, tags)

    def find(self, name: str) -> ConfigurationSet | None:
        return self.sets.get(name)

    def make(self, name: str, pool: str | None, tags: Mapping[str, str]) -> None:
        assert name not in self.sets
        self.writes.append(f"set {name}")
        self.put(name, pool, tags)

    def pool_tags(self, pool: str) -> Mapping[str, str] | None:
        return self.pools.get(pool)

    def destination(self, name: str) -> Destination | None:
        return self.destinations.get(name)

    def put_destination(self, name: str, new: Destination, *, replace: bool) -> None:
        assert replace is (name in self.destinations)
        self.writes.append(f"destination {name}")
        self.destinations[name] = new


@pytest.fixture
def account() -> Account:
    return Account()


def settle(account: Account, topic: str = TOPIC, **wanted: str) -> Ses:
    return SesSets(account, topic).settle("acme", "one", wanted)


def refused(account: Account, topic: str = TOPIC, **wanted: str) -> InvalidInputError:
    with pytest.raises(InvalidInputError) as caught:
        settle(account, topic, **wanted)
    assert account.writes == []
    return caught.value


@pytest.mark.parametrize(
    ("value", "belongs_to_it"),
    [("acme", True), ("other acme", True), ("other", False), ("acme2", False), ("", False)],
)
def test_a_tag_names_the_organisations(value: str, belongs_to_it: bool) -> None:
    assert belongs({OWNER_TAG: value}, "acme") is belongs_to_it
    assert not belongs({"another": value}, "acme")


def test_the_longest_name_is_one_that_ses_allows() -> None:
    assert len(made_name("o" * 16, "t" * 16)) <= 64


def test_a_set_is_made_that_is_ours_and_tells_us_of_mail(account: Account) -> None:
    assert settle(account) == Ses("mailtide-acme-one")
    assert account.sets["mailtide-acme-one"].tags == OURS
    assert account.destinations["mailtide-acme-one"] == LISTENING


def test_a_repeat_writes_nothing(account: Account) -> None:
    first = settle(account)
    account.writes.clear()
    assert settle(account) == first
    assert account.writes == []


def test_a_death_between_the_writes_is_made_good(account: Account) -> None:
    account.put("mailtide-acme-one")
    assert settle(account) == Ses("mailtide-acme-one")
    assert account.writes == ["destination mailtide-acme-one"]


def test_a_set_is_made_with_a_pool_that_is_ours(account: Account) -> None:
    account.pools["managed"] = OURS
    assert settle(account, pool="managed") == Ses("mailtide-acme-one", "managed")


@pytest.mark.parametrize("pools", [{}, {"managed": {OWNER_TAG: "other"}}, {"managed": {}}])
def test_a_pool_that_is_not_ours_is_refused(
    account: Account, pools: dict[str, Mapping[str, str]]
) -> None:
    account.pools = pools
    assert refused(account, pool="managed").code == "ses_pool_refused"


def test_a_named_set_is_taken_as_it_is(account: Account) -> None:
    account.put("news", "managed")
    assert settle(account, configuration_set="news") == Ses("news", "managed")
    assert settle(account, configuration_set="news", pool="managed") == Ses("news", "managed")


def test_a_named_set_that_is_not_there_is_not_made(account: Account) -> None:
    assert refused(account, configuration_set="news").code == "configuration_set_not_found"


@pytest.mark.parametrize("tags", [{}, {OWNER_TAG: "other"}])
@pytest.mark.parametrize("name", ["news", "mailtide-acme-one"])
def test_a_set_that_is_not_ours_is_refused(
    account: Account, name: str, tags: dict[str, str]
) -> None:
    account.put(name, tags=tags)
    error = refused(account, **({} if name.startswith("mailtide") else {"configuration_set": name}))
    assert error.code == "configuration_set_refused"
    assert OWNER_TAG in error.detail


@pytest.mark.parametrize(("pool", "words"), [(None, "shared"), ("other", "`other`")])
def test_a_set_with_another_pool_is_refused(account: Account, pool: str | None, words: str) -> None:
    account.put("news", pool)
    error = refused(account, configuration_set="news", pool="managed")
    assert error.code == "configuration_set_refused"
    assert words in error.detail


@pytest.mark.parametrize(
    "old",
    [
        replace(LISTENING, enabled=False),
        replace(LISTENING, topic="arn:aws:sns:eu-west-1:1:older"),
        replace(LISTENING, events=EVENTS - {"BOUNCE"}),
        replace(LISTENING, topic=None),
    ],
)
def test_a_destination_that_would_not_tell_us_all_is_replaced(
    account: Account, old: Destination
) -> None:
    account.put("news")
    account.destinations["news"] = old
    settle(account, configuration_set="news")
    assert account.destinations["news"] == LISTENING


def test_a_stack_without_a_topic_cannot_send_over_ses(account: Account) -> None:
    account.put("news")
    assert refused(account, topic="", configuration_set="news").code == "ses_not_set_up"
