"""Launch: who gets into which batch, whatever happens in between."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.memory.batches import Batches
from local.memory.contacts import Contacts
from mailtide.domain import segment_text
from mailtide.domain.audience import kept
from mailtide.domain.batch import Batch, BatchRef, Planned
from mailtide.domain.campaign import State
from mailtide.domain.contact import Contact
from mailtide.domain.contact_list import ContactList
from mailtide.domain.plan import Plan
from mailtide.domain.segment import Segment
from mailtide.domain.suppression import Reason
from tests.sending import Stage
from tests.sending_outside import CAMPAIGN, LIST, NOW, ORG, contact_id, number

SECOND_LIST = "list000000000001"
END = NOW + timedelta(days=30)  # of a run that has all the time it needs


@pytest.fixture
def stage() -> Stage:
    stage = Stage()
    launching(stage)
    return stage


def launching(stage: Stage, shards: str = "0") -> None:
    """Let the campaign be in its launch."""
    stage.put_campaign(list_ids=(LIST, SECOND_LIST), launching=frozenset(shards))


def add(stage: Stage, *numbers: int, list_id: str = LIST) -> None:
    """Add contacts to a list; the greater the number the longer ago they joined."""
    for n in numbers:
        stage.lists.rows[list_id].add(stage.put_contact(n, joined_days_ago=n))


def launched(stage: Stage) -> list[list[int]]:
    """Return the contacts of each batch, in order."""
    stored = stage.batches.stored(CAMPAIGN, "0")
    return [[number(one.contact_id) for one in recipients] for _, recipients in stored]


def test_the_best_rank_comes_first_and_batches_are_cut_at_their_size(stage: Stage) -> None:
    add(stage, 4, 3, 1, 2)
    stage.put_contact(4, joined_days_ago=4, opened=True)
    assert stage.launch(batch_size=3).run(ORG, CAMPAIGN, "0", END) == 4
    assert launched(stage) == [[4, 1, 2], [3]]


def test_each_list_notes_when_it_was_last_sent_to(stage: Stage) -> None:
    stage.lists.create(ContactList(ORG, LIST, "News", NOW))
    add(stage, 1)
    stage.launch().run(ORG, CAMPAIGN, "0", END)
    found = stage.lists.get(ORG, LIST)
    assert found is not None
    assert found.last_sent == NOW


def test_a_batch_is_due_at_once_and_has_the_rank_of_its_first_recipient(stage: Stage) -> None:
    add(stage, 1, 2, 3)
    stage.launch(batch_size=2).run(ORG, CAMPAIGN, "0", END)
    first, second = (batch for batch, _ in stage.batches.stored(CAMPAIGN, "0"))
    assert first.rank < second.rank
    assert (first.count, first.attempt, first.due_at) == (2, 1, NOW)
    assert [b.ref.batch_id for b in (first, second)] == ["00000", "00001"]


def test_a_contact_on_two_lists_is_planned_once_under_the_first_of_them(stage: Stage) -> None:
    add(stage, 1, 2)
    add(stage, 2, 3, list_id=SECOND_LIST)
    stage.launch().run(ORG, CAMPAIGN, "0", END)
    assert [(number(one.contact_id), one.list_id) for one in stage.stored().inline] == [
        (1, LIST),
        (2, LIST),
        (3, SECOND_LIST),
    ]


def test_segments_and_exclusions_are_those_that_the_campaign_was_started_with(
    stage: Stage,
) -> None:
    add(stage, 1, 2, 3)
    stage.put_contact(4, opened=True)
    stage.put_contact(5)
    stage.lists.rows[SECOND_LIST] = {contact_id(3)}
    opened = Segment(ORG, "opened", "Opened", segment_text.read("last_open_at exists"), NOW)
    stage.campaigns.segments.create(kept(opened, CAMPAIGN))
    stage.campaigns.segments.create(replace(opened, filter=segment_text.read("email exists")))
    stage.put_campaign(
        list_ids=(LIST,),
        segment_ids=("opened",),
        excluded_list_ids=(SECOND_LIST,),
        launching=frozenset("0"),
    )
    assert stage.launch().run(ORG, CAMPAIGN, "0", END) == 3
    planned = {number(one.contact_id): one.list_id for one in stage.stored().inline}
    assert planned == {4: "opened", 1: LIST, 2: LIST}
    assert stage.batches.excluded[CAMPAIGN, "0"] == {contact_id(3): "excluded_list"}


def test_a_segments_times_count_back_from_the_start(stage: Stage) -> None:
    stage.put_contact(1, opened=True)
    recent = segment_text.read("last_open_at within 1 days")
    stage.campaigns.segments.create(kept(Segment(ORG, "s", "Recent", recent, NOW), CAMPAIGN))
    stage.put_campaign(list_ids=(), segment_ids=("s",), launching=frozenset("0"), started_at=NOW)
    stage.clock.now += timedelta(days=3)  # the launch was paused
    assert stage.launch().run(ORG, CAMPAIGN, "0", END) == 1


def test_who_is_excluded_after_an_earlier_run_planned_them_is_not_counted_twice(
    stage: Stage,
) -> None:
    stage.put_campaign(excluded_list_ids=(SECOND_LIST,), launching=frozenset("0"))
    add(stage, 1, 2, 3)
    crash_after(stage, puts=1)
    stage.lists.rows[SECOND_LIST] = {contact_id(1), contact_id(3)}
    assert stage.launch(batch_size=2).run(ORG, CAMPAIGN, "0", END) == 2
    assert launched(stage) == [[1, 2]]
    assert stage.batches.excluded[CAMPAIGN, "0"] == {contact_id(3): "excluded_list"}


def test_the_suppressed_and_the_erased_are_left_out_with_the_reason(stage: Stage) -> None:
    add(stage, 1, 2, 3)
    stage.suppress(2, Reason.COMPLAINT)
    stage.lists.rows[LIST].add(contact_id(4))  # whose contact is gone
    assert stage.launch().run(ORG, CAMPAIGN, "0", END) == 2
    assert launched(stage) == [[1, 3]]
    assert stage.batches.excluded[CAMPAIGN, "0"] == {
        contact_id(2): "complaint",
        contact_id(4): "erased",
    }


def test_the_counts_of_a_shard_are_noted(stage: Stage) -> None:
    add(stage, 1, 2, 3)
    stage.suppress(2)
    stage.launch().run(ORG, CAMPAIGN, "0", END)
    campaign = stage.campaigns.rows[ORG, CAMPAIGN]
    assert (campaign.planned, campaign.excluded) == ({"0": 2}, {"0": {"unsubscribe": 1}})


def test_an_empty_shard_is_launched_with_nothing(stage: Stage) -> None:
    assert stage.launch().run(ORG, CAMPAIGN, "0", END) == 0
    assert stage.campaigns.rows[ORG, CAMPAIGN].launching == frozenset()


def test_only_contacts_of_the_shard_are_planned(stage: Stage) -> None:
    launching(stage, "0f")
    other = "v" + contact_id(9)[1:]
    stage.contacts.put(Contact(ORG, other, "z@example.com", "gmail", NOW))
    stage.lists.rows[LIST].add(other)
    add(stage, 1)
    assert stage.launch().run(ORG, CAMPAIGN, "0", END) == 1
    assert stage.launch().run(ORG, CAMPAIGN, "f", END) == 1


def test_the_last_shard_asks_for_release(stage: Stage) -> None:
    launching(stage, "0f")
    asked: list[str] = []
    for shard in "0f":
        stage.launch(release=lambda: asked.append("release")).run(ORG, CAMPAIGN, shard, END)
        assert len(asked) == (shard == "f")


def test_a_shard_that_is_launched_is_left_alone(stage: Stage) -> None:
    stage.launch().run(ORG, CAMPAIGN, "0", END)
    add(stage, 1)
    assert stage.launch().run(ORG, CAMPAIGN, "0", END) == 0
    assert launched(stage) == []


@pytest.mark.parametrize("state", [State.DRAFT, State.PAUSED, State.CANCELLED, State.SENT])
def test_a_campaign_that_does_not_send_is_not_launched(stage: Stage, state: State) -> None:
    add(stage, 1)
    stage.put_campaign(state, launching=frozenset("0"))
    assert stage.launch().run(ORG, CAMPAIGN, "0", END) == 0
    assert launched(stage) == []


def test_a_campaign_that_is_gone_is_not_launched(stage: Stage) -> None:
    assert stage.launch().run(ORG, "campaign99", "0", END) == 0


BeforePut = Callable[[Batch, Sequence[Planned]], None]


class CrashError(Exception):
    """The launcher died."""


@dataclass
class Interrupted(Batches):
    """Batches with something that happens before each put: a crash, another launcher."""

    before_put: list[BeforePut] = field(default_factory=list)

    def create(self, draft: Batch, recipients: Sequence[Planned]) -> Batch:
        if self.before_put:
            self.before_put.pop(0)(draft, recipients)
        return super().create(draft, recipients)


def go_on(_draft: Batch, _recipients: Sequence[Planned]) -> None:
    """Let a put be."""


def crash(_draft: Batch, _recipients: Sequence[Planned]) -> None:
    """Die before a put."""
    raise CrashError


def dies_after(puts: int) -> list[BeforePut]:
    """Let so many puts be and die before the next."""
    return [*(go_on for _ in range(puts)), crash]


def crash_after(stage: Stage, puts: int, batch_size: int = 2) -> None:
    """Run a launch that dies after so many puts."""
    stage.batches = Interrupted(before_put=dies_after(puts))
    with pytest.raises(CrashError):
        stage.launch(batch_size).run(ORG, CAMPAIGN, "0", END)


def test_a_launch_goes_on_although_ranks_have_moved(stage: Stage) -> None:
    add(stage, *range(1, 7))
    crash_after(stage, puts=1)
    stage.put_contact(6, opened=True)  # the last of all is now the first
    assert stage.launch(batch_size=2).run(ORG, CAMPAIGN, "0", END) == 6
    assert launched(stage) == [[1, 2], [6, 3], [4, 5]]


def test_a_launch_goes_on_although_the_list_has_changed(stage: Stage) -> None:
    add(stage, *range(1, 5))
    crash_after(stage, puts=1)
    stage.lists.rows[LIST] -= {contact_id(1), contact_id(3)}
    add(stage, 0)
    assert stage.launch(batch_size=2).run(ORG, CAMPAIGN, "0", END) == 4
    assert launched(stage) == [[1, 2], [0, 4]]


def test_a_manifest_whose_writer_died_before_the_row_is_taken_up(stage: Stage) -> None:
    add(stage, *range(100))
    ref = BatchRef(ORG, CAMPAIGN, "0", "00000")
    planned = [Planned(contact_id(n), LIST) for n in range(99, 29, -1)]
    stage.batches.put_manifest(Batch(ref, 70, 1, NOW), planned)
    assert stage.launch().run(ORG, CAMPAIGN, "0", END) == 100
    assert launched(stage) == [list(range(99, 29, -1)), list(range(30))]


def test_a_second_launcher_that_was_faster_wins_and_nobody_is_lost(stage: Stage) -> None:
    add(stage, 1, 2, 3)

    def another_launcher(draft: Batch, _recipients: Sequence[Planned]) -> None:
        Batches.create(stage.batches, draft, [Planned(contact_id(3), LIST)])

    stage.batches = Interrupted(before_put=[another_launcher])
    assert stage.launch(batch_size=2).run(ORG, CAMPAIGN, "0", END) == 3
    assert launched(stage) == [[3], [1, 2]]


def test_batches_that_a_second_launcher_put_behind_the_last_are_counted(stage: Stage) -> None:
    add(stage, 1, 2)

    def another_launcher(draft: Batch, recipients: Sequence[Planned]) -> None:
        Batches.create(stage.batches, draft, recipients)
        behind = replace(draft, ref=replace(draft.ref, batch_id="00001"), count=1)
        Batches.create(stage.batches, behind, [Planned(contact_id(3), LIST)])

    stage.batches = Interrupted(before_put=[another_launcher])
    assert stage.launch(batch_size=2).run(ORG, CAMPAIGN, "0", END) == 3
    assert launched(stage) == [[1, 2], [3]]


def test_who_is_suppressed_after_an_earlier_run_planned_them_is_not_counted_twice(
    stage: Stage,
) -> None:
    add(stage, *range(1, 5))
    crash_after(stage, puts=1)
    stage.suppress(1)
    stage.suppress(4)
    stage.launch(batch_size=2).run(ORG, CAMPAIGN, "0", END)
    campaign = stage.campaigns.rows[ORG, CAMPAIGN]
    assert launched(stage) == [[1, 2], [3]]
    assert (campaign.planned, campaign.excluded) == ({"0": 3}, {"0": {"unsubscribe": 1}})
    assert stage.batches.excluded[CAMPAIGN, "0"] == {contact_id(4): "unsubscribe"}


def test_a_run_whose_time_is_over_puts_one_batch_and_asks_for_the_next(stage: Stage) -> None:
    add(stage, *range(1, 6))
    stage.suppress(5)
    for run, planned in enumerate([2, 4, 4], start=1):
        assert stage.launch(batch_size=2).run(ORG, CAMPAIGN, "0", NOW) == planned
        assert len(launched(stage)) == min(run, 2)
        assert stage.queues.launches == [f"{CAMPAIGN}/0"] * min(run, 2)
    assert launched(stage) == [[1, 2], [3, 4]]
    assert stage.campaigns.rows[ORG, CAMPAIGN].planned == {"0": 4}


def test_another_plan_gives_other_turns_variants_and_instants(stage: Stage) -> None:
    """Odd contacts get variant b, the even ones are due tomorrow."""
    add(stage, *range(1, 8))
    tomorrow = NOW + timedelta(days=1)

    def odd_first(contact: Contact) -> Plan:
        n = number(contact.contact_id)
        return Plan(rank=-n, variant="ab"[n % 2], due_at=None if n % 2 else tomorrow)

    launch = replace(stage.launch(batch_size=3), plan=lambda _campaign, _now: odd_first)
    assert launch.run(ORG, CAMPAIGN, "0", END) == 7
    assert launched(stage) == [[7, 5, 3], [1], [6, 4, 2]]
    batches = stage.batches.stored(CAMPAIGN, "0")
    assert [(b.due_at, b.rank) for b, _ in batches] == [(NOW, -7), (NOW, -1), (tomorrow, -6)]
    variants = {number(one.contact_id): one.variant for _, many in batches for one in many}
    assert variants == {n: "ab"[n % 2] for n in range(1, 8)}


def test_a_place_in_line_is_skipped_when_another_launcher_has_served_it(stage: Stage) -> None:
    add(stage, 1, 2, 3, 4)

    def another_launcher(draft: Batch, _recipients: Sequence[Planned]) -> None:
        Batches.create(stage.batches, draft, [Planned(contact_id(n), LIST) for n in (2, 3)])

    stage.batches = Interrupted(before_put=[another_launcher])
    assert stage.launch(batch_size=2).run(ORG, CAMPAIGN, "0", END) == 4
    assert launched(stage) == [[2, 3], [1, 4]]


def test_who_joins_between_two_pages_is_no_erased_contact(stage: Stage) -> None:
    """The page of members shows somebody whom the page of contacts, read before, does not."""
    add(stage, 1)

    class Early(Contacts):
        def of_shard(self, org_id: str, shard: str) -> Iterator[Contact]:
            return iter([one for one in super().of_shard(org_id, shard) if number(one.contact_id)])

    stage.contacts = Early(stage.contacts.rows)
    add(stage, 0)
    assert stage.launch().run(ORG, CAMPAIGN, "0", END) == 2
    assert stage.batches.excluded[CAMPAIGN, "0"] == {}


@given(
    st.sets(st.integers(0, 12), min_size=1),
    st.lists(st.tuples(st.integers(0, 3), st.sets(st.integers(0, 12))), max_size=4),
)
def test_no_crash_and_no_change_of_rank_loses_or_doubles_anybody(
    members: set[int], lives: list[tuple[int, set[int]]]
) -> None:
    stage = Stage(batches=(batches := Interrupted()))
    launching(stage)
    add(stage, *members)
    for puts, engaged in lives:
        batches.before_put = dies_after(puts)
        try:
            stage.launch(batch_size=2).run(ORG, CAMPAIGN, "0", END)
        except CrashError:
            for n in engaged & members:
                stage.put_contact(n, opened=True)
    batches.before_put = []
    stage.launch(batch_size=2).run(ORG, CAMPAIGN, "0", END)
    assert sorted(n for batch in launched(stage) for n in batch) == sorted(members)
