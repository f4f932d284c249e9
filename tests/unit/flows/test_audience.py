"""What is read for an audience: few people by id, many with their whole shard, all the same."""

from collections.abc import Iterator, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.memory.contacts import Contacts, Lists, Suppressions
from mailtide.domain import segment_text
from mailtide.domain.audience import Invited
from mailtide.domain.campaign import Campaign, State
from mailtide.domain.contact import Contact
from mailtide.domain.segment import Segment
from mailtide.domain.suppression import Evidence, Reason, Suppression
from mailtide.flows.audience import Audiences
from tests.segments import NOW, contact

IDS = [f"0{n:031x}" for n in range(6)]  # of one shard
LISTS = ("list1", "list2", "list3")
GMAIL = Segment("acme", "gmail", "Gmail", segment_text.read("provider is gmail"), NOW)
ON_3 = Segment("acme", "on3", "On the third", segment_text.read("list is list3"), NOW)
SEGMENTS = {one.segment_id: one for one in (GMAIL, ON_3)}


class Small(Contacts):
    """Contacts that nobody may read all of."""

    def of_shard(self, org_id: str, shard: str) -> Iterator[Contact]:
        raise AssertionError("a whole shard was read")


def furnished(
    contacts: Contacts, members: Mapping[str, set[str]], suppressed: set[str]
) -> Audiences:
    """Return audiences over contacts 0 to 4; the sixth id is nobody's any more."""
    lists, suppressions = Lists(), Suppressions()
    for number, one in enumerate(IDS[:-1]):
        provider = "other" if number % 2 else "gmail"
        contacts.put(contact(contact_id=one, provider=provider))
    for list_id, ids in members.items():
        lists.add_members(list_id, sorted(ids), NOW)
    for one in suppressed:
        reasons = {Reason.COMPLAINT: Evidence(NOW, "words")}
        suppressions.add(Suppression("acme", one, reasons))
    return Audiences(lists, contacts, suppressions, few=2)


def plan(*segment_ids: str, excluded: tuple[str, ...] = ()) -> Campaign:
    return Campaign(
        "acme",
        "c1",
        "November",
        ("list1", "list2"),
        "t1",
        "i1",
        State.DRAFT,
        NOW,
        segment_ids=segment_ids,
        excluded_list_ids=("list3",) if excluded else (),
        excluded_segment_ids=excluded,
    )


def test_of_few_members_nobody_else_is_read() -> None:
    audiences = furnished(Small(), {"list1": {IDS[0]}, "list2": {IDS[0], IDS[1]}}, set())
    found = audiences.of_shard(plan(), SEGMENTS, "0", NOW)
    under = {one.contact.contact_id: one.under for one in found if isinstance(one, Invited)}
    assert under == {IDS[0]: "list1", IDS[1]: "list2"}


@pytest.mark.parametrize("campaign", [plan(), plan("gmail")])
def test_of_many_members_or_for_a_segment_the_shard_is_read(campaign: Campaign) -> None:
    members = {"list1": set(IDS[: 1 if campaign.segment_ids else 3])}
    audiences = furnished(Small(), members, set())
    with pytest.raises(AssertionError, match="a whole shard"):
        list(audiences.of_shard(campaign, SEGMENTS, "0", NOW))


some = st.sets(st.sampled_from(IDS))


@given(
    members=st.fixed_dictionaries(dict.fromkeys(LISTS, some)),
    suppressed=some,
    excluded=st.sampled_from([(), ("on3",), ("gmail", "on3")]),
)
def test_however_it_is_read_the_audience_is_the_same(
    members: Mapping[str, set[str]], suppressed: set[str], excluded: tuple[str, ...]
) -> None:
    audiences = furnished(Contacts(), members, suppressed)
    by_id, whole = (
        Audiences(audiences.lists, audiences.contacts, audiences.suppressions, few).of_shard(
            plan(excluded=excluded), SEGMENTS, "0", NOW
        )
        for few in (len(IDS), 0)
    )
    assert sorted(by_id, key=repr) == sorted(whole, key=repr)
