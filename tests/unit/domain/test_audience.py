"""The audience: each contact once, under the first that holds them, unless something excludes."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from mailtide.domain import segment_text
from mailtide.domain.audience import LeftOut, Person, joined, kept, lists_to_read, rule
from mailtide.domain.campaign import Campaign, State
from mailtide.domain.segment import Segment
from mailtide.domain.suppression import Evidence, Reason, Suppression
from tests.segments import NOW, contact

FILTERS = {
    "gmail": "provider is gmail",
    "vip": "attributes.vip is true",
    "on1": "list is list1",
    "not2": "list is not list2",
}
SEGMENTS = {
    name: Segment("acme", name, name, segment_text.read(text), NOW)
    for name, text in FILTERS.items()
}
PLAN = Campaign("acme", "c1", "November", ("list1", "list2"), "t1", "i1", State.DRAFT, NOW)
IDS = [f"c{n}" for n in range(6)]


def people(
    members: Mapping[str, set[str]], suppressed: Mapping[str, Reason] | None = None
) -> list[Person]:
    """Return contacts 0 to 4, of whom the even ones are at Gmail and the fourth is a VIP."""
    contacts = [
        contact(
            contact_id=f"c{n}",
            provider="other" if n % 2 else "gmail",
            attributes={"vip": n == 4},
        )
        for n in range(5)
    ]
    lists = {f"list{n}": sorted(members.get(f"list{n}", ())) for n in range(1, 4)}
    stops = [
        Suppression("acme", one, {reason: Evidence(NOW, "words")})
        for one, reason in sorted((suppressed or {}).items())
    ]
    return list(joined(lists, contacts, stops))


@dataclass
class Audience:
    """Whom a campaign reaches, by contact id."""

    under: dict[str, str] = field(default_factory=dict)
    excluded: dict[str, str] = field(default_factory=dict)
    recipients: list[str] = field(default_factory=list)


def reached(campaign: Campaign, of: list[Person], at: datetime = NOW) -> Audience:
    reach = rule(campaign, {one: SEGMENTS[one] for one in campaign.all_segment_ids}, at)
    audience = Audience()
    for found in map(reach, of):
        if isinstance(found, LeftOut):
            audience.under[found.contact_id] = found.under
            audience.excluded[found.contact_id] = found.reason
        elif found is not None:
            audience.under[found.contact.contact_id] = found.under
            audience.recipients.append(found.contact.contact_id)
    return audience


def test_whatever_is_known_of_a_person_comes_together_in_order() -> None:
    of = people(
        {"list1": {"c1", "c5"}, "list3": {"c1"}}, {"c1": Reason.MANUAL, "c9": Reason.MANUAL}
    )
    assert [one.contact_id for one in of] == ["c0", "c1", "c2", "c3", "c4", "c5", "c9"]
    one = of[1]
    assert (one.lists, one.contact is not None) == (frozenset({"list1", "list3"}), True)
    assert one.suppression is not None
    assert [x.contact_id for x in of if x.contact is None] == ["c5", "c9"]


def test_each_contact_counts_under_the_first_list_then_segment_that_holds_them() -> None:
    plan = replace(PLAN, segment_ids=("vip", "gmail"))
    found = reached(plan, people({"list1": {"c1", "c2"}, "list2": {"c2", "c3"}}))
    assert found.under == {
        "c1": "list1",
        "c2": "list1",
        "c3": "list2",
        "c4": "vip",
        "c0": "gmail",
    }
    assert found.recipients == ["c0", "c1", "c2", "c3", "c4"]


def test_the_gravest_reason_is_named_why_somebody_is_left_out() -> None:
    plan = replace(
        PLAN,
        list_ids=("list1",),
        excluded_list_ids=("list3", "list2"),
        excluded_segment_ids=("vip", "gmail"),
    )
    of = people(
        {"list1": set(IDS), "list2": {"c0", "c2"}, "list3": {"c1"}},
        {"c0": Reason.UNSUBSCRIBE, "c5": Reason.COMPLAINT},
    )
    found = reached(plan, of)
    assert found.excluded == {
        "c0": "unsubscribe",
        "c1": "excluded_list",
        "c2": "excluded_list",
        "c4": "excluded_segment",
        "c5": "complaint",  # though the contact is gone, too
    }
    assert found.recipients == ["c3"]


def test_a_member_whose_contact_is_gone_is_left_out_as_erased() -> None:
    found = reached(PLAN, people({"list1": {"c5"}}))
    assert (found.excluded, found.recipients) == ({"c5": "erased"}, [])


def test_who_is_in_no_list_or_segment_is_not_counted_as_left_out() -> None:
    plan = replace(PLAN, excluded_segment_ids=("gmail",))
    found = reached(plan, people({"list1": {"c1"}}, {"c2": Reason.MANUAL}))
    assert (found.excluded, found.recipients) == ({}, ["c1"])


def test_a_filter_sees_membership_of_the_lists_that_it_names() -> None:
    plan = replace(PLAN, list_ids=(), segment_ids=("on1",), excluded_segment_ids=("not2",))
    found = reached(plan, people({"list1": {"c1", "c2"}, "list2": {"c2"}}))
    assert (found.excluded, found.recipients) == ({"c1": "excluded_segment"}, ["c2"])


def test_every_list_that_the_rule_looks_at_is_read_once() -> None:
    plan = replace(PLAN, excluded_list_ids=("list3", "list2"), segment_ids=("on1", "not2"))
    assert lists_to_read(plan, SEGMENTS) == ("list1", "list2", "list3")


def test_a_campaigns_copy_of_a_segment_has_a_name_of_its_own() -> None:
    copy = kept(SEGMENTS["vip"], "c1")
    assert (copy.org_id, copy.segment_id) == ("acme#started", "c1.vip")
    assert copy.filter == SEGMENTS["vip"].filter


ids = st.sets(st.sampled_from(IDS))
some = st.sets(st.sampled_from(sorted(FILTERS))).map(lambda names: tuple(sorted(names)))
lists = st.sets(st.sampled_from(["list1", "list2", "list3"])).map(
    lambda names: tuple(sorted(names))
)


@given(
    members=st.fixed_dictionaries({"list1": ids, "list2": ids, "list3": ids}),
    suppressed=st.dictionaries(st.sampled_from(IDS), st.sampled_from(list(Reason))),
    plan=st.tuples(lists, some, lists, some),
)
def test_the_audience_is_the_union_less_what_excludes(
    members: dict[str, set[str]],
    suppressed: dict[str, Reason],
    plan: tuple[tuple[str, ...], ...],
) -> None:
    of = people(members, suppressed)
    names = ("list_ids", "segment_ids", "excluded_list_ids", "excluded_segment_ids")
    campaign = replace(PLAN, **dict(zip(names, plan, strict=True)))  # type: ignore[arg-type]
    found = reached(campaign, of)

    def held(list_ids: tuple[str, ...], segment_ids: tuple[str, ...]) -> set[str]:
        alone = replace(PLAN, list_ids=list_ids, segment_ids=segment_ids)
        return set(reached(alone, [replace(one, suppression=None) for one in of]).under)

    wanted, unwanted = held(*plan[:2]), held(*plan[2:])
    assert set(found.under) == wanted
    assert set(found.recipients) == wanted - unwanted - suppressed.keys() - {"c5"}
    assert found.excluded.keys() == wanted - set(found.recipients)
