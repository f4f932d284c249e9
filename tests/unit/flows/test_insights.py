"""Insights: the caller's hours and days are exact; people and machines are told apart."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.memory.bucket import Bucket
from local.memory.contacts import Contacts
from local.memory.counters import Counters
from local.memory.events import Events
from mailtide.domain.campaign import Campaign, State
from mailtide.domain.event import EventType
from mailtide.domain.message import EventRow
from mailtide.domain.metrics import quarter
from mailtide.errors import InvalidInputError, NotFoundError
from mailtide.flows.addresses import Addresses
from mailtide.flows.insights import GroupBy, Insights, Question, bucket
from mailtide.flows.rollup import Change, Rollup
from tests.collaborators import name_contact
from tests.rows import CAMPAIGN, ORG, START, doubt, engagement, happening, message, sent, state


class Campaigns:
    """One campaign of one organisation."""

    def get(self, org_id: str, campaign_id: str) -> Campaign | None:
        if (org_id, campaign_id) != (ORG, CAMPAIGN):
            return None
        return Campaign(ORG, CAMPAIGN, "May", (), "t", "i", State.SENT, START)


class World:
    """The flow over counters that were rolled up from rows."""

    def __init__(self, rows: Sequence[EventRow] = ()) -> None:
        self.counters = Counters()
        self.events = Events()
        self.contacts = Contacts()
        self.flow = Insights(
            Campaigns(), self.counters, self.events, Addresses(self.contacts), name_contact
        )
        self.events.put_all(list(rows))
        changes = [Change(f"{i:040d}", None, row) for i, row in enumerate(rows)]
        Rollup(self.counters, Bucket(), emulated=False).run(changes, "A")  # type: ignore[arg-type]

    def ask(self, **question: object) -> dict[str, dict[str, int]]:
        """Return the groups' counts that are not 0."""
        answer = self.flow.campaign(ORG, CAMPAIGN, Question(**question))  # type: ignore[arg-type]
        return {
            key: {m: n for m, n in figures.counts.items() if n}
            for key, figures in answer.groups.items()
        }


def sent_at(*times: str, **dimensions: str) -> list[EventRow]:
    return [
        sent(number, datetime.fromisoformat(at).astimezone(UTC), **dimensions)
        for number, at in enumerate(times, start=1)
    ]


def test_totals_are_over_everything_and_every_metric_is_there() -> None:
    rows = [sent(), sent(2), state(EventType.DELIVERED), doubt(2)]
    answer = World(rows).flow.campaign(ORG, CAMPAIGN, Question())
    counts = answer.totals.counts
    assert (counts["sent"], counts["delivered"], counts["in_doubt"], counts["complaints"]) == (
        2,
        1,
        1,
        0,
    )
    assert answer.totals.rates["delivery_rate"] == 0.5
    assert (answer.groups, answer.complete) == ({}, True)


def test_groups_of_a_dimension_have_their_own_denominators() -> None:
    rows = [
        sent(1, provider="gmail"),
        sent(2, provider="yahoo"),
        sent(3, provider="yahoo"),
        state(EventType.DELIVERED, 1),
        replace(state(EventType.DELIVERED, 2), of=replace(sent(2).of, provider="yahoo")),
    ]
    answer = World(rows).flow.campaign(ORG, CAMPAIGN, Question(group_by=GroupBy.PROVIDER))
    assert list(answer.groups) == ["gmail", "yahoo"]
    rates = {key: figures.rates["delivery_rate"] for key, figures in answer.groups.items()}
    assert rates == {"gmail": 1.0, "yahoo": 0.5}


@pytest.mark.parametrize(
    ("by", "value"),
    [
        (GroupBy.PROVIDER, "gmail"),
        (GroupBy.IDENTITY, "identity1"),
        (GroupBy.LIST, "list1"),
        (GroupBy.VARIANT, "a"),
        (GroupBy.IP, "ip1"),
    ],
)
def test_every_dimension_can_be_asked_for(by: GroupBy, value: str) -> None:
    assert World([sent()]).ask(group_by=by) == {value: {"sent": 1}}


def test_hours_of_a_half_hour_zone() -> None:
    world = World(sent_at("2026-11-24T10:15Z", "2026-11-24T10:30Z", "2026-11-24T11:29Z"))
    assert world.ask(group_by=GroupBy.HOUR, timezone="Asia/Kolkata") == {
        "2026-11-24T15:00+05:30": {"sent": 1},
        "2026-11-24T16:00+05:30": {"sent": 2},
    }


def test_days_of_a_zone_begin_at_its_own_midnight() -> None:
    world = World(sent_at("2026-11-24T18:15Z", "2026-11-24T18:14Z"))
    assert world.ask(group_by=GroupBy.DAY, timezone="Asia/Kathmandu") == {
        "2026-11-24": {"sent": 1},
        "2026-11-25": {"sent": 1},
    }


def test_the_hour_that_comes_twice_is_two_hours() -> None:
    world = World(sent_at("2026-10-25T00:30Z", "2026-10-25T01:30Z"))
    assert list(world.ask(group_by=GroupBy.HOUR, timezone="Europe/Berlin").items()) == [
        ("2026-10-25T02:00+02:00", {"sent": 1}),
        ("2026-10-25T02:00+01:00", {"sent": 1}),
    ]


def test_the_day_with_25_hours_is_one_day() -> None:
    times = [f"2026-10-{24 + h // 24}T{h % 24:02d}:00Z" for h in range(21, 48)]
    world = World(sent_at(*times))
    assert world.ask(group_by=GroupBy.DAY, timezone="Europe/Berlin") == {
        "2026-10-24": {"sent": 1},
        "2026-10-25": {"sent": 25},
        "2026-10-26": {"sent": 1},
    }


def test_a_stretch_holds_its_beginning_and_not_its_end() -> None:
    world = World(sent_at("2026-11-24T10:00Z", "2026-11-24T10:15Z", "2026-11-24T10:30Z"))
    start = datetime.fromisoformat("2026-11-24T11:15+01:00")
    end = datetime(2026, 11, 24, 10, 30, tzinfo=UTC)
    assert world.ask(group_by=GroupBy.DAY, start=start, end=end) == {"2026-11-24": {"sent": 1}}


def test_rates_of_a_stretch_are_of_the_whole_campaign() -> None:
    opened = engagement(
        opens={"2026-11-25T10:15": [1, 0, 0]}, uniques={"unique_opens_human": "2026-11-25T10:15"}
    )
    world = World([sent(), state(EventType.DELIVERED), opened])
    question = Question(start=START + timedelta(days=1), group_by=GroupBy.DAY)
    answer = world.flow.campaign(ORG, CAMPAIGN, question)
    assert answer.totals.counts["delivered"] == 0
    assert answer.totals.rates["open_rate"] == {"human": 1.0, "all": 0.0}
    assert answer.groups["2026-11-25"].rates["open_rate"] == {"human": 1.0, "all": 0.0}


def test_a_campaign_that_misses_something_says_so() -> None:
    world = World()
    world.counters.mark_dirty(CAMPAIGN, "unreadable record")
    assert not world.flow.campaign(ORG, CAMPAIGN, Question()).complete


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "../etc/passwd", "/etc/passwd", "a" * 300])
def test_a_time_zone_that_does_not_exist_is_an_error(name: str) -> None:
    with pytest.raises(InvalidInputError):
        World().flow.campaign(ORG, CAMPAIGN, Question(timezone=name))


@pytest.mark.parametrize("field", ["start", "end"])
@pytest.mark.parametrize(
    "text", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "1999-12-31T00:00:00Z"]
)
def test_a_stretch_outside_of_our_time_is_an_error(field: str, text: str) -> None:
    at = datetime.fromisoformat(text)
    with pytest.raises(InvalidInputError):
        World([sent()]).ask(**{field: at})


def test_another_organisations_campaign_is_unknown() -> None:
    with pytest.raises(NotFoundError):
        World().flow.campaign("org2", CAMPAIGN, Question())


def test_a_timeline_is_in_the_order_of_time() -> None:
    rows = [
        sent(),
        state(EventType.DELIVERED, minutes=2),
        happening(EventType.DEFERRED, minutes=1),
        happening(EventType.OPENED, minutes=3),
    ]
    timeline = World([*rows, engagement()]).flow.timeline(ORG, message())
    assert [row.event_type for row in timeline.rows] == [
        EventType.SENT,
        EventType.DEFERRED,
        EventType.DELIVERED,
        EventType.OPENED,
    ]


def test_a_hit_comes_with_its_verdict_and_the_reasons() -> None:
    opened = happening(EventType.OPENED, minutes=3, user_agent="curl/8", method="GET")
    timeline = World([sent(), opened]).flow.timeline(ORG, message())
    verdict = timeline.verdicts[opened.event_key]
    assert (verdict.label, verdict.reasons) == ("machine", ("agent",))
    assert list(timeline.verdicts) == [opened.event_key]


@pytest.mark.parametrize(("org_id", "number"), [("org2", 1), (ORG, 2)])
def test_a_message_of_others_or_of_nobody_is_unknown(org_id: str, number: int) -> None:
    with pytest.raises(NotFoundError):
        World([sent()]).flow.timeline(org_id, message(number))


def test_messages_to_an_address() -> None:
    ann = name_contact(ORG, "ann@example.com")
    assert ann is not None
    world = World([sent(1, recipient_id=ann), sent(2)])
    assert world.flow.messages_to(ORG, "ann@example.com", 10, None).items == [
        sent(1, recipient_id=ann)
    ]
    assert world.flow.messages_to("org2", "ann@example.com", 10, None).items == []


def test_what_is_no_address_is_an_error() -> None:
    with pytest.raises(InvalidInputError) as caught:
        World().flow.messages_to(ORG, "ann", 10, None)
    assert caught.value.code == "invalid_address"


ZONES = ["UTC", "Asia/Kathmandu", "Europe/Berlin", "Australia/Lord_Howe", "America/St_Johns"]


@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)),  # noqa: DTZ001 - made aware below
    st.sampled_from(ZONES),
)
def test_every_instant_lies_in_the_hour_and_the_day_that_its_zone_says(
    naive: datetime, name: str
) -> None:
    at, zone = naive.replace(tzinfo=UTC), ZoneInfo(name)
    local = at.astimezone(zone)
    assert bucket(quarter(at), GroupBy.DAY, zone) == local.date().isoformat()
    hour = datetime.fromisoformat(bucket(quarter(at), GroupBy.HOUR, zone))
    assert (hour.date(), hour.hour) == (local.date(), local.hour)
