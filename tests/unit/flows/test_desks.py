"""The rules behind the API where others act at the same time, or time runs out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from local.memory.campaigns import Campaigns as MemoryCampaigns
from local.memory.contacts import Contacts, Lists, Suppressions
from local.memory.pools import Pools
from local.memory.quota import Quota, SendingIps
from local.memory.sending_rates import SendingRates
from local.memory.ses_identities import SesIdentities, verified
from local.world.clock import Clock
from mailtide.domain import identifiers, segment_text
from mailtide.domain.campaign import Campaign, Move, State
from mailtide.domain.contact import Contact
from mailtide.domain.contact_list import ContactList
from mailtide.domain.content import Identity, Template
from mailtide.domain.finding import Severity
from mailtide.domain.page import Page
from mailtide.domain.pool import Pool
from mailtide.domain.relay import read_networks
from mailtide.domain.segment import Segment
from mailtide.domain.sending_ip import Relay, SendingIp, Ses, Tls
from mailtide.domain.ses_account import SesAccount
from mailtide.domain.suppression import Stream
from mailtide.errors import ConflictError, InvalidInputError, NotFoundError, RetryableError
from mailtide.flows.audience import Audiences
from mailtide.flows.campaign_desk import CampaignDesk
from mailtide.flows.contact_book import ContactBook
from mailtide.flows.forecast import PATIENCE, Forecaster
from mailtide.flows.ip_registry import IpRegistry
from mailtide.flows.rate_settings import RateSettings
from mailtide.flows.ses_senders import SesSenders
from mailtide.flows.start import Starter

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
RELAY = Relay("127.0.0.1", 587, Tls.NONE)
IP = SendingIp("acme", "ip1", "one", Stream.MARKETING, RELAY)
TRANSPORT = {"host": "127.0.0.1", "port": 587, "tls": "none"}


def contact_id(org_id: str, address: str) -> str:
    return identifiers.contact_id(b"k", org_id, address)


class Restless(Contacts):
    """Contacts that others change before each of our changes."""

    def change(self, *_: object) -> bool:
        return False


def test_a_contact_that_others_keep_changing_is_tried_again_later() -> None:
    contacts = Restless()
    ann = Contact("acme", contact_id("acme", "ann@x.com"), "ann@x.com", "other", NOW)
    contacts.put(ann)
    book = ContactBook(contacts, contact_id, lambda: NOW)
    with pytest.raises(RetryableError):
        book.change("acme", ann.contact_id, {"timezone": "UTC"})
    assert book.change("acme", ann.contact_id, {}) == ann


@dataclass
class Ips(SendingIps):
    """Sending IPs as the registry uses them."""

    vanish: bool = False  # before a change or a deletion is written

    def get(self, org_id: str, ip_id: str) -> SendingIp | None:
        return self.rows.get((org_id, ip_id))

    def page(self, org_id: str, limit: int, after: str | None) -> Page[SendingIp]:
        mine = [ip for (org, _), ip in sorted(self.rows.items()) if org == org_id]
        rest = [ip for ip in mine if after is None or ip.ip_id > after]
        return Page(rest[:1], rest[0].ip_id if len(rest) > 1 else None)

    def create(self, ip: SendingIp, at: datetime) -> None:
        self.put(ip)

    def change(self, old: SendingIp, new: SendingIp) -> bool:
        if not self.vanish:
            self.put(new)
        return not self.vanish

    def delete(self, org_id: str, ip_id: str) -> bool:
        return not self.vanish and self.rows.pop((org_id, ip_id), None) is not None


class Passwords(dict[str, str]):
    """Secrets by sending IP."""

    def put(self, ip_id: str, password: str) -> str:
        self[ip_id] = password
        return f"relay/{ip_id}"

    def delete(self, ip_id: str) -> None:
        self.pop(ip_id, None)


class Sets:
    """Configuration sets that are as they are asked for."""

    def settle(self, org_id: str, tag: str, wanted: Mapping[str, Any]) -> Ses:
        return Ses(wanted.get("configuration_set", f"{org_id}-{tag}"), wanted.get("pool"))


def registry(ips: Ips) -> IpRegistry:
    return IpRegistry(
        sending_ips=ips,
        quota=Quota(),
        passwords=Passwords(),
        sets=Sets(),
        pools=Pools(),
        rates=RateSettings(SendingRates(), lambda: NOW),
        resolve=lambda host: [host],
        networks=read_networks(["127.0.0.0/8"]),
        new_id=lambda: f"ip{len(ips.rows) + 1}",
        clock=lambda: NOW,
    )


def test_a_tag_is_looked_for_on_every_page() -> None:
    kept = registry(Ips())
    for tag in ("one", "two"):
        kept.create("acme", tag=tag, stream=Stream.MARKETING, daily_limit=None, transport=TRANSPORT)
    with pytest.raises(ConflictError):
        kept.create(
            "acme", tag="two", stream=Stream.MARKETING, daily_limit=None, transport=TRANSPORT
        )


def create(kept: IpRegistry, tag: str, **transport: Any) -> SendingIp:
    return kept.create(
        "acme", tag=tag, stream=Stream.MARKETING, daily_limit=None, transport=transport
    )


def test_a_configuration_set_is_one_sending_ips_alone() -> None:
    kept = registry(Ips())
    through_relay = create(kept, "relay", **TRANSPORT)
    one = create(kept, "one", kind="ses", configuration_set="news")
    assert one.transport == Ses("news")
    with pytest.raises(ConflictError):
        create(kept, "two", kind="ses", configuration_set="news")
    wanted = {"transport": {"kind": "ses", "configuration_set": "news", "pool": "managed"}}
    with pytest.raises(ConflictError):
        kept.change("acme", through_relay.ip_id, wanted)
    assert kept.change("acme", one.ip_id, wanted).transport == Ses("news", "managed")


def test_a_sending_ip_changes_from_a_relay_to_ses_and_back() -> None:
    kept = registry(Ips())
    login = {"username": "user", "password": "secret"}
    ip_id = create(kept, "one", **TRANSPORT, **login).ip_id
    assert isinstance(kept.passwords, Passwords)
    assert kept.passwords == {ip_id: "secret"}
    changed = kept.change("acme", ip_id, {"transport": {"kind": "ses"}})
    assert changed.transport == Ses("acme-one")
    assert kept.passwords == {}
    changed = kept.change("acme", ip_id, {"transport": {**TRANSPORT}})
    assert isinstance(changed.transport, Relay)


def test_a_sending_ip_leaves_its_pools_when_it_is_deleted() -> None:
    kept = registry(Ips({("acme", "ip1"): IP}))
    assert isinstance(kept.pools, Pools)
    pool = Pool("acme", "p1", "News", Stream.MARKETING, frozenset({"ip1", "ip2"}))
    other = Pool("acme", "p2", "Other", Stream.MARKETING, frozenset({"ip2"}))
    kept.pools.items.update({("acme", "p1"): pool, ("acme", "p2"): other})
    with pytest.raises(ConflictError, match="`News`"):
        kept.change("acme", "ip1", {"stream": Stream.TRANSACTIONAL})
    assert kept.change("acme", "ip1", {"active": False}).stream is Stream.MARKETING
    kept.delete("acme", "ip1")
    assert [one.ip_ids for one in kept.pools.items.values()] == [{"ip2"}, {"ip2"}]
    with pytest.raises(NotFoundError):
        kept.delete("acme", "ip1")


def test_a_sending_ip_that_is_deleted_meanwhile_is_not_found() -> None:
    kept = registry(Ips({("acme", "ip1"): IP}, vanish=True))
    assert isinstance(kept.passwords, Passwords)
    kept.passwords["ip1"] = "secret"
    with pytest.raises(NotFoundError):
        kept.change("acme", "ip1", {"active": False})
    with pytest.raises(NotFoundError):
        kept.delete("acme", "ip1")
    assert kept.passwords == {"ip1": "secret"}


@dataclass
class Campaigns(MemoryCampaigns):
    """Campaigns as the desk uses them; `lost` calls are taken from it by others."""

    lost: int = 0

    def create(self, campaign: Campaign) -> bool:
        return not self._lose() and super().create(campaign)

    def revise(self, campaign: Campaign) -> bool:
        return not self._lose() and super().revise(campaign)

    def delete_draft(self, campaign: Campaign) -> bool:
        return not self._lose() and super().delete_draft(campaign)

    def move(self, campaign: Campaign, move: Move, at: datetime) -> bool:
        return not self._lose() and super().move(campaign, move, at)

    def _lose(self) -> bool:
        self.lost -= 1
        return self.lost >= 0


@dataclass
class Launches:
    """The queue `launch`, which may be down."""

    fails: bool = False
    asked: list[str] = field(default_factory=list)

    def launch(self, org_id: str, campaign_id: str, shards: Iterable[str]) -> None:
        if self.fails:
            raise RetryableError("the queue is down")
        self.asked += shards


@dataclass
class Account:
    """An SES account that says what it is told to."""

    account: SesAccount | None = None

    def known(self) -> SesAccount | None:
        return self.account


DRAFT = Campaign("acme", "c1", "November", ("l1",), "t1", "i1", State.DRAFT, NOW)
PLAN = {"name": "x", "list_ids": ["l1"], "template_id": "t1", "identity_id": "i1"}


def desk(campaigns: Campaigns, launches: Launches | None = None, **changes: Any) -> CampaignDesk:
    lists = changes.get("lists", Lists())
    clock = changes.get("clock", lambda: NOW)
    lists.create(ContactList("acme", "l1", "News", NOW))
    letter = Template("acme", "t1", "Letter", "Hello", "<p>Hello</p>")
    campaigns.templates.create(letter, NOW)
    sender = Identity("acme", "i1", "News", "Acme", "n@x.com", "b.x.com")
    campaigns.identities.create(replace(sender, pool_id=changes.get("pool_id")), NOW)
    ips = changes.get("ips", SendingIps({("acme", "ip1"): IP}))
    senders = SesSenders(changes.get("identities", SesIdentities({"x.com": verified("x.com")})))
    return CampaignDesk(
        campaigns=campaigns,
        starter=Starter(
            campaigns=campaigns,
            lists=lists,
            segments=campaigns.segments,
            templates=campaigns.templates,
            identities=campaigns.identities,
            sending_ips=ips,
            senders=senders,
            launches=launches or Launches(),
            clock=clock,
        ),
        forecaster=Forecaster(
            audiences=Audiences(lists, changes.get("contacts", Contacts()), Suppressions()),
            sending_ips=ips,
            quota=Quota(),
            ses=changes.get("ses", Account()),
            senders=senders,
            clock=clock,
        ),
        new_id=lambda: "c1",
        clock=clock,
    )


def test_a_new_campaign_whose_id_is_taken_is_tried_again_later() -> None:
    with pytest.raises(RetryableError):
        desk(Campaigns(lost=1)).draft("acme", PLAN)


@pytest.mark.parametrize(
    "act",
    [
        lambda d: d.revise("acme", "c1", {"name": "x"}),
        lambda d: d.delete("acme", "c1"),
        lambda d: d.start("acme", "c1"),
    ],
)
def test_what_another_call_did_to_a_draft_first_is_a_conflict(act: Any) -> None:
    campaigns = Campaigns(lost=1)
    campaigns.put(DRAFT)
    with pytest.raises(ConflictError):
        act(desk(campaigns))
    assert campaigns.get("acme", "c1") == DRAFT


def test_a_start_whose_queue_is_down_is_a_start_all_the_same() -> None:
    campaigns, launches = Campaigns(), Launches(fails=True)
    campaigns.put(DRAFT)
    assert desk(campaigns, launches).start("acme", "c1").state is State.SENDING
    assert launches.asked == []


def test_a_move_is_decided_anew_when_others_were_faster() -> None:
    campaigns = Campaigns(lost=2)
    campaigns.put(replace(DRAFT, state=State.SENDING))
    assert desk(campaigns).move("acme", "c1", Move.PAUSE).state is State.PAUSED


def test_a_move_that_others_keep_overtaking_is_tried_again_later() -> None:
    campaigns = Campaigns(lost=9)
    campaigns.put(replace(DRAFT, state=State.SENDING))
    with pytest.raises(RetryableError):
        desk(campaigns).move("acme", "c1", Move.PAUSE)


OVER_SES = SendingIp("acme", "ip2", "two", Stream.MARKETING, Ses("news"))
SANDBOX = SesAccount(
    production=False, sending=True, enforcement="HEALTHY", rate=1.0, quota=200, sent=200
)


@pytest.mark.parametrize(
    ("ip", "account", "checks"),
    [
        (IP, SANDBOX, []),  # nothing would leave over SES
        (OVER_SES, SANDBOX, ["ses_sandbox", "ses_quota_used_up"]),
        (OVER_SES, replace(SANDBOX, production=True, sent=0), []),
        (OVER_SES, None, ["ses_unknown"]),
        (replace(OVER_SES, active=False), SANDBOX, ["no_sending_ip"]),
    ],
)
def test_a_forecast_says_what_is_wrong_with_ses_where_mail_leaves_over_it(
    ip: SendingIp, account: SesAccount | None, checks: list[str]
) -> None:
    campaigns = Campaigns()
    campaigns.put(DRAFT)
    planned = desk(campaigns, ips=SendingIps({("acme", ip.ip_id): ip}), ses=Account(account))
    found = [finding.check for finding in planned.forecast("acme", "c1").findings]
    assert [check for check in found if check != "no_recipients"] == checks


def over_ses(identities: SesIdentities) -> CampaignDesk:
    """Return a desk with a draft whose mail leaves over SES and a relay."""
    campaigns = Campaigns()
    campaigns.put(DRAFT)
    account = Account(replace(SANDBOX, production=True, sent=0))
    ips = SendingIps({("acme", "ip1"): IP, ("acme", "ip2"): OVER_SES})
    return desk(campaigns, ips=ips, ses=account, identities=identities)


@pytest.mark.parametrize(
    ("identities", "check"),
    [
        ({}, "ses_sender_not_verified"),
        ({"x.com": replace(verified("x.com"), signed=False)}, "ses_dkim_missing"),
    ],
)
def test_a_sender_that_ses_does_not_know_is_forecast_and_starts_nothing(
    identities: Any, check: str
) -> None:
    planned = over_ses(SesIdentities(identities))
    found = planned.forecast("acme", "c1").findings[1]
    assert (found.check, found.severity) == (check, Severity.ERROR)
    with pytest.raises(ConflictError, match=r"`x\.com`") as refused:
        planned.start("acme", "c1")
    assert refused.value.code == check
    assert planned.get("acme", "c1").state is State.DRAFT


def test_while_ses_does_not_say_a_forecast_says_so_and_a_start_is_tried_again() -> None:
    class Silent(SesIdentities):
        def find(self, name: str) -> None:
            raise RetryableError(f"no answer for {name}")

    planned = over_ses(Silent())
    found = planned.forecast("acme", "c1").findings
    assert ("ses_unknown", "no answer for x.com") in [(f.check, f.message) for f in found]
    with pytest.raises(RetryableError):
        planned.start("acme", "c1")


def test_a_campaign_is_forecast_and_started_over_its_identitys_pool() -> None:
    ips = SendingIps({("acme", "ip1"): replace(IP, daily_limit=5), ("acme", "ip2"): OVER_SES})
    ips.pools["acme", "p1"] = Pool("acme", "p1", "News", Stream.MARKETING, frozenset({"ip1"}))
    campaigns = Campaigns()
    campaigns.put(DRAFT)
    held = desk(campaigns, ips=ips, pool_id="p1")
    assert held.forecast("acme", "c1").places_today == 5
    ips.pools["acme", "p1"] = replace(ips.pools["acme", "p1"], ip_ids=frozenset())
    [finding] = [f for f in held.forecast("acme", "c1").findings if f.check == "no_sending_ip"]
    assert "pool" in finding.message
    with pytest.raises(ConflictError, match="in the identity's pool"):
        held.start("acme", "c1")


def test_a_forecast_whose_time_is_over_says_so() -> None:
    clock = Clock(NOW)

    class Slow(Lists):
        def members(self, list_id: str, shard: str) -> Sequence[str]:
            clock.advance(PATIENCE)
            return super().members(list_id, shard)

    campaigns = Campaigns()
    campaigns.put(DRAFT)
    forecast = desk(campaigns, lists=Slow(), clock=clock).forecast("acme", "c1")
    assert not forecast.complete


def test_a_forecast_counts_over_lists_and_segments_and_says_why_others_are_left_out() -> None:
    campaigns, contacts, lists = Campaigns(), Contacts(), Lists()
    for n, provider in enumerate(["gmail", "gmail", "other", "other"]):
        one = contact_id("acme", f"{n}@x.com")
        contacts.put(Contact("acme", one, f"{n}@x.com", provider, NOW))
        lists.rows["l1" if n in (0, 2) else "l9"].add(one)
        if n in (2, 3):
            lists.rows["l2"].add(one)
    lists.create(ContactList("acme", "l2", "Not these", NOW))
    gmail = Segment("acme", "s1", "Gmail", segment_text.read("provider is gmail"), NOW)
    campaigns.segments.create(gmail)
    campaigns.put(replace(DRAFT, segment_ids=("s1",), excluded_list_ids=("l2",)))
    forecast = desk(campaigns, contacts=contacts, lists=lists).forecast("acme", "c1")
    assert forecast.complete
    assert forecast.by_provider == {"gmail": 2}
    assert forecast.excluded == {"excluded_list": 1}
    assert (forecast.recipients, forecast.places_today, forecast.days_needed) == (2, None, 1)


@pytest.mark.parametrize(
    ("change", "at", "detail"),
    [
        ({"list_ids": []}, "list_ids", "at least one list or segment"),
        ({"list_ids": ["l1", "l8"]}, "list_ids.1", "no list `l8`"),
        ({"excluded_list_ids": ["l8"]}, "excluded_list_ids.0", "no list `l8`"),
        ({"segment_ids": ["s1", "s8"]}, "segment_ids.1", "no segment `s8`"),
        ({"excluded_segment_ids": ["s8"]}, "excluded_segment_ids.0", "no segment `s8`"),
        (
            {"excluded_segment_ids": ["s2"]},
            "excluded_segment_ids.0",
            "the list `l8`, which is gone",
        ),
        ({"template_id": "t8"}, "template_id", "no template `t8`"),
        ({"identity_id": "i8"}, "identity_id", "no identity `i8`"),
        ({"identity_id": "i2"}, "identity_id", "of the stream marketing"),
    ],
)
def test_a_plan_names_what_is_not_there(change: dict[str, Any], at: str, detail: str) -> None:
    campaigns = Campaigns()
    for segment_id, text in (("s1", "list is l1"), ("s2", "list is l8")):
        filter_ = segment_text.read(text)
        campaigns.segments.create(Segment("acme", segment_id, segment_id, filter_, NOW))
    other = Identity("acme", "i2", "Shop", "Acme", "n@x.com", "b.x.com", Stream.TRANSACTIONAL)
    campaigns.identities.create(other, NOW)
    with pytest.raises(InvalidInputError) as caught:
        desk(campaigns).draft("acme", {**PLAN, **change})
    (error,) = caught.value.errors
    assert error["at"] == f"body.{at}"
    assert detail in error["detail"]
    assert campaigns.get("acme", "c1") is None


def test_a_campaign_may_go_to_segments_alone_and_names_each_once() -> None:
    campaigns = Campaigns()
    filter_ = segment_text.read("list is l1")
    campaigns.segments.create(Segment("acme", "s1", "On", filter_, NOW))
    plan = {**PLAN, "list_ids": [], "segment_ids": ["s1", "s1"]}
    assert desk(campaigns).draft("acme", plan).segment_ids == ("s1",)
    assert desk(campaigns).start("acme", "c1").state is State.SENDING
    copy = campaigns.segments.get("acme#started", "c1.s1")
    assert copy is not None
    assert copy.filter == filter_
