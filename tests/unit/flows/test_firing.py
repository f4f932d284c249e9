"""Triggers fire: which, when, how often, and through which queue."""

from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from mailtide.domain import identifiers
from mailtide.domain.batch import Phase
from mailtide.domain.contact import Contact
from mailtide.domain.message import QUEUED, SENT, SUPPRESSED
from mailtide.domain.submission import MAX_BYTES, Submission
from mailtide.domain.suppression import Stream
from mailtide.domain.trigger import Frequency, Trigger
from mailtide.errors import InvalidInputError, RetryableError, TooLargeError
from mailtide.flows.contact_news import NEW_FOR, ContactNews
from mailtide.flows.event_desk import EventDesk
from mailtide.flows.firing import Firing, Happening
from mailtide.flows.pointers import Order
from tests.collaborators import name_contact
from tests.sending_outside import NOW, ORG, Queues
from tests.submitting import KEY, TRANSACTIONAL, Counter

PAID = "order.paid"
TRIGGER = Trigger(ORG, "thanks", "Thanks", PAID, "receipt", "shop", NOW)


@dataclass
class Shop(Counter):
    """A counter with a trigger and a contact."""

    ann: Contact = field(init=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.triggers.create(TRIGGER)
        contact_id = name_contact(ORG, "ann@example.com") or ""
        self.ann = Contact(ORG, contact_id, "ann@example.com", "other", NOW)
        self.contacts.put(self.ann)

    def firing(self) -> Firing:
        """Return the flow."""
        return Firing(
            triggers=self.triggers,
            identities=self.identities,
            submissions=self.submissions,
            orders=self.queues,
            group_of=lambda org_id, trigger_id: identifiers.group_id(KEY, org_id, trigger_id),
            message_id=lambda group, seed: identifiers.submitted_id(KEY, group, seed),
            clock=self.clock,
        )

    def pay(self, order: str = "4711", **changes: object) -> list[str]:
        """Tell that an order was paid."""
        told = Happening(self.ann, PAID, order, self.clock.now, properties={"order": order})
        return self.firing().run(ORG, [replace(told, **changes)])  # type: ignore[arg-type]

    @property
    def taken(self) -> list[Submission]:
        """The messages, in any order."""
        return list(self.submissions.rows.values())


def change(shop: Shop, **changes: object) -> None:
    shop.triggers.replace(replace(TRIGGER, **changes), NOW)  # type: ignore[arg-type]


def test_an_event_sends_the_template_to_its_contact_at_once() -> None:
    shop = Shop()
    (message_id,) = shop.pay()
    shop.deliver()
    assert [one.message_id for one in shop.post.taken] == [message_id]
    (taken,) = shop.taken
    assert shop.keys_of(taken) == [QUEUED, SENT]
    assert b"Subject: Order 4711" in shop.post.bodies[0]
    assert (taken.trigger_id, taken.stream) == ("thanks", Stream.TRANSACTIONAL)


def test_what_is_told_again_sends_nothing_more() -> None:
    shop = Shop()
    shop.pay()
    assert shop.pay() == []
    shop.deliver()
    assert len(shop.post.taken) == 1


@pytest.mark.parametrize(("frequency", "count"), [(Frequency.ONCE, 1), (Frequency.EVERY_TIME, 2)])
def test_a_contact_gets_it_once_or_every_time(frequency: Frequency, count: int) -> None:
    shop = Shop()
    change(shop, frequency=frequency)
    for order in ("4711", "4712", "4711"):
        shop.pay(order)
    shop.deliver()
    assert len(shop.post.taken) == count


def test_a_delay_is_waited_for_by_release() -> None:
    shop = Shop()
    change(shop, delay_seconds=3600)
    assert len(shop.pay()) == 1
    assert shop.queues.orders == []
    (taken,) = shop.taken
    assert shop.batch_of(taken).phase is Phase.WAITING
    shop.later(timedelta(minutes=59))
    assert shop.queues.orders == []
    shop.later(timedelta(minutes=1))
    shop.deliver()
    assert len(shop.post.taken) == 1


class DeadQueues(Queues):
    """Queues whose caller dies before they take anything."""

    def send(self, orders: list[Order]) -> None:
        """Die."""
        raise RetryableError("dead")


def test_a_death_between_rows_and_pointers_delays_ten_messages() -> None:
    shop = Shop()
    change(shop, delay_seconds=3600, frequency=Frequency.EVERY_TIME)
    for order in range(12):
        shop.pay(str(order))
    shop.clock.now += timedelta(hours=1)
    with pytest.raises(RetryableError):
        replace(shop.release(), orders=DeadQueues()).run(shop.clock.now, "dies")
    assert len(shop.look()) == 2


@pytest.mark.parametrize("stopped", ["deleted", "inactive"])
def test_a_trigger_that_is_stopped_stops_what_waits(stopped: str) -> None:
    shop = Shop()
    change(shop, delay_seconds=3600)
    shop.pay()
    if stopped == "deleted":
        shop.triggers.delete(ORG, TRIGGER.trigger_id)
    else:
        change(shop, active=False)
    shop.later(timedelta(hours=1))
    shop.deliver()
    (taken,) = shop.taken
    assert shop.why(taken, SUPPRESSED) == "trigger_stopped"


@pytest.mark.parametrize(
    "changes", [{"active": False}, {"event": "order.sent"}, {"identity_id": "gone"}]
)
def test_a_trigger_that_is_not_meant_or_cannot_sends_nothing(changes: dict[str, object]) -> None:
    shop = Shop()
    change(shop, **changes)
    assert shop.pay() == []


def test_nothing_is_asked_when_nothing_happened() -> None:
    assert Shop().firing().run(ORG, []) == []


def test_marketing_leaves_through_the_queue_of_marketing_with_opens_and_clicks_followed() -> None:
    shop = Shop()
    shop.identities.replace(replace(TRANSACTIONAL, stream=Stream.MARKETING))
    shop.pay()
    assert shop.queues.orders == []
    (order,) = shop.look()
    assert order.submitted is Stream.MARKETING
    (taken,) = shop.taken
    assert (taken.tracked.opens, taken.tracked.clicks) == (True, True)


def test_a_triggers_own_message_does_not_make_it_fire_again() -> None:
    shop = Shop()
    change(shop, frequency=Frequency.EVERY_TIME)
    (message_id,) = shop.pay()
    assert shop.pay("again", group=identifiers.campaign_of(message_id)) == []


def test_a_pointer_that_cannot_be_sent_is_made_up_for() -> None:
    shop = Shop()

    def send(orders: list[Order]) -> None:
        raise RetryableError("the queue is down")

    shop.queues.send = send  # type: ignore[method-assign]
    shop.pay()
    del shop.queues.send
    shop.later(timedelta(minutes=1))
    shop.deliver()
    assert len(shop.post.taken) == 1


def desk(shop: Shop) -> EventDesk:
    return EventDesk(
        shop.contacts,
        shop.firing(),
        lambda org_id, email: name_contact(org_id, email) or "",
        shop.clock,
    )


@pytest.mark.parametrize("who", ["email", "contact_id"])
def test_an_event_names_its_contact_by_address_or_by_id(who: str) -> None:
    shop = Shop()
    named = {"email": shop.ann.email, "contact_id": shop.ann.contact_id}
    assert len(desk(shop).take(ORG, PAID, {who: named[who]}, "1", {"order": "1"})) == 1


@pytest.mark.parametrize(
    ("event", "who"),
    [
        ("contact.created", {"email": "ann@example.com"}),
        ("Order!", {"email": "ann@example.com"}),
        (PAID, {"email": "nobody"}),
        (PAID, {"email": "bob@example.com"}),
        (PAID, {"contact_id": "bob"}),
    ],
)
def test_an_event_that_cannot_be_is_refused(event: str, who: dict[str, str]) -> None:
    shop = Shop()
    with pytest.raises(InvalidInputError):
        desk(shop).take(ORG, event, who, "1", {})
    assert shop.taken == []


def test_an_event_brings_no_more_than_a_message_can_keep() -> None:
    shop = Shop()
    who = {"email": shop.ann.email}
    with pytest.raises(TooLargeError):
        desk(shop).take(ORG, PAID, who, "1", {"text": "x" * MAX_BYTES})
    assert shop.taken == []
    assert desk(shop).take(ORG, PAID, who, "1", {"text": "x" * (MAX_BYTES - 100)})


def test_a_new_contact_is_told_for_an_hour_and_sends_once() -> None:
    shop = Shop()
    change(shop, event="contact.created", frequency=Frequency.EVERY_TIME)
    news = ContactNews(shop.firing(), shop.clock)
    news.saved(ORG, [shop.ann])
    shop.clock.now += timedelta(minutes=5)
    news.saved(ORG, [shop.ann])
    assert len(shop.taken) == 1
    old = Contact(ORG, "v" * 26, "old@example.com", "other", NOW - NEW_FOR)
    news.saved(ORG, [old])
    assert len(shop.taken) == 1


def test_joining_a_list_is_told_once_for_each_list() -> None:
    shop = Shop()
    change(shop, event="contact.joined_list", frequency=Frequency.EVERY_TIME)
    news = ContactNews(shop.firing(), shop.clock)
    for list_id in ("one", "one", "two"):
        news.joined(ORG, list_id, [shop.ann])
    assert len(shop.taken) == 2
