"""What campaigns plan and what they start with: table and twin keep the same contract."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local.memory.campaigns import Campaigns as MemoryCampaigns
from local.memory.contents import Identities as MemoryIdentities
from local.memory.contents import Templates as MemoryTemplates
from local.memory.segments import Segments as MemorySegments
from mailtide.domain import segment_text
from mailtide.domain.audience import kept, kept_id
from mailtide.domain.campaign import Campaign, Move, State
from mailtide.domain.content import Identity, Template
from mailtide.domain.page import Page
from mailtide.domain.segment import Segment
from mailtide.errors import ConflictError
from mailtide.store.campaign_tables import CampaignRow, SegmentRow
from mailtide.store.campaigns import Campaigns
from mailtide.store.identities import Identities
from mailtide.store.segments import Segments
from mailtide.store.tables import IdentityRow, TemplateRow
from mailtide.store.templates import Templates
from tests.tables import moto_tables

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)
DRAFT = Campaign("acme", "c1", "November", ("l1", "l2"), "t1", "i1", State.DRAFT, NOW)
FULL = replace(
    DRAFT,
    list_ids=(),
    segment_ids=("s1", "s2"),
    excluded_list_ids=("l3",),
    excluded_segment_ids=("s3",),
)
TEMPLATE = Template("acme#started", "c1", "Letter", "Hello", "<p>Hello</p>")
IDENTITY = Identity("acme#started", "c1", "News", "Acme", "news@acme.test", "b.acme.test")
SEGMENT = kept(Segment("acme", "s1", "Gmail", segment_text.read("provider is gmail"), NOW), "c1")


@dataclass(frozen=True)
class Stores:
    """Campaigns, and where copies of what they start with go."""

    campaigns: Campaigns | MemoryCampaigns
    templates: Templates | MemoryTemplates
    identities: Identities | MemoryIdentities
    segments: Segments | MemorySegments

    def get(self) -> Campaign:
        found = self.campaigns.get("acme", "c1")
        assert found is not None
        return found

    def start(self, campaign: Campaign, at: datetime = NOW, template: Template = TEMPLATE) -> bool:
        return self.campaigns.start(campaign, template, IDENTITY, [SEGMENT], at)


@pytest.fixture(params=["memory", "table"])
def stores(request: pytest.FixtureRequest) -> Iterator[Stores]:
    if request.param == "memory":
        memory = MemoryCampaigns()
        yield Stores(memory, memory.templates, memory.identities, memory.segments)
        return
    with moto_tables(CampaignRow, SegmentRow, TemplateRow, IdentityRow):
        yield Stores(Campaigns(), Templates(), Identities(), Segments())


def test_a_draft_is_created_once_and_listed(stores: Stores) -> None:
    assert stores.campaigns.create(DRAFT)
    assert stores.campaigns.create(DRAFT)
    assert not stores.campaigns.create(replace(DRAFT, name="other"))
    other = replace(FULL, campaign_id="c2")
    stores.campaigns.create(other)
    assert stores.campaigns.page("acme", 1, None) == Page([DRAFT], "c1")
    assert stores.campaigns.page("acme", 1, "c1") == Page([other])


def test_only_a_draft_is_revised_or_deleted(stores: Stores) -> None:
    stores.campaigns.create(DRAFT)
    for plan in (replace(FULL, name="December"), DRAFT):
        assert stores.campaigns.revise(plan)
        assert stores.get() == plan
    stores.campaigns.move(DRAFT, Move.CANCEL, NOW)
    assert not stores.campaigns.revise(FULL)
    assert not stores.campaigns.delete_draft(DRAFT)


def test_a_deleted_draft_is_gone(stores: Stores) -> None:
    stores.campaigns.create(DRAFT)
    assert stores.campaigns.delete_draft(DRAFT)
    assert stores.campaigns.get("acme", "c1") is None
    assert not stores.campaigns.revise(DRAFT)
    assert not stores.campaigns.delete_draft(DRAFT)


def test_a_start_keeps_the_content_in_the_same_write(stores: Stores) -> None:
    stores.campaigns.create(FULL)
    assert stores.start(FULL)
    assert (stores.get().state, len(stores.get().launching)) == (State.SENDING, 16)
    assert stores.templates.get("acme#started", "c1") == TEMPLATE
    assert stores.identities.get("acme#started", "c1") == IDENTITY
    copy = kept_id("c1", "s1")
    assert stores.segments.get_many("acme#started", [copy]) == {copy: SEGMENT}


def test_a_repeated_start_is_known_by_its_instant(stores: Stores) -> None:
    stores.campaigns.create(DRAFT)
    assert stores.start(DRAFT)
    assert stores.start(DRAFT)
    assert not stores.start(DRAFT, LATER, replace(TEMPLATE, html="new"))
    assert stores.templates.get("acme#started", "c1") == TEMPLATE


@pytest.mark.parametrize(
    "change",
    [
        {"list_ids": ("l3",)},
        {"segment_ids": ("s1",)},
        {"segment_ids": ()},
        {"excluded_list_ids": ()},
        {"excluded_segment_ids": ("s3", "s4")},
        {"template_id": "t2"},
        {"identity_id": "i2"},
    ],
)
def test_a_plan_that_was_revised_meanwhile_is_not_started(
    stores: Stores, change: dict[str, Any]
) -> None:
    stores.campaigns.create(FULL)
    stores.campaigns.revise(replace(FULL, **change))
    assert not stores.start(FULL)
    assert stores.get().state is State.DRAFT
    assert stores.templates.get("acme#started", "c1") is None
    assert stores.segments.get("acme#started", kept_id("c1", "s1")) is None


def test_what_is_no_draft_is_not_started(stores: Stores) -> None:
    with pytest.raises(ConflictError):
        stores.start(replace(DRAFT, state=State.SENT))


def test_a_scheduled_campaign_that_has_another_time_by_now_is_not_started(stores: Stores) -> None:
    stores.campaigns.create(DRAFT)
    stores.campaigns.schedule(DRAFT, LATER, NOW)
    seen = stores.get()
    stores.campaigns.schedule(seen, LATER + timedelta(hours=1), NOW)
    assert not stores.start(seen, LATER)
    assert stores.templates.get("acme#started", "c1") is None
    assert stores.start(stores.get(), LATER)
    assert stores.get().state is State.SENDING
