"""Triggers: what may be defined; what a definition names has to be there."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from local.memory.triggers import Triggers
from mailtide.domain.trigger import MAX_TRIGGERS, Trigger, check_event
from mailtide.errors import ConflictError, InvalidInputError, NotFoundError
from mailtide.flows.trigger_desk import TriggerDesk

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
WELCOME = Trigger("acme", "t1", "Welcome", "contact.created", "letter", "news", NOW)


class Things:
    """One thing of one organisation."""

    def __init__(self, id_: str) -> None:
        self.id_ = id_

    def get(self, org_id: str, id_: str, /) -> object | None:
        return self if (org_id, id_) == ("acme", self.id_) else None


@pytest.fixture
def desk() -> TriggerDesk:
    return TriggerDesk(Triggers(), Things("letter"), Things("news"), lambda: NOW)


def test_a_trigger_is_kept_changed_and_deleted(desk: TriggerDesk) -> None:
    assert desk.create(WELCOME) == WELCOME
    changed = desk.change("acme", "t1", {"active": False, "event": "order.paid"})
    assert changed == replace(WELCOME, active=False, event="order.paid")
    assert desk.get("acme", "t1") == changed
    desk.delete("acme", "t1")
    with pytest.raises(NotFoundError):
        desk.get("acme", "t1")


@pytest.mark.parametrize(
    ("trigger", "places"),
    [
        (replace(WELCOME, template_id="x"), ["body.template_id"]),
        (
            replace(WELCOME, template_id="x", identity_id="x"),
            ["body.template_id", "body.identity_id"],
        ),
        (replace(WELCOME, org_id="other"), ["body.template_id", "body.identity_id"]),
        (replace(WELCOME, event="contact.sneezed"), ["body.event"]),
    ],
)
def test_what_is_not_there_is_named_and_nothing_is_kept(
    desk: TriggerDesk, trigger: Trigger, places: list[str]
) -> None:
    with pytest.raises(InvalidInputError) as caught:
        desk.create(trigger)
    assert [error["at"] for error in caught.value.errors or ()] == places
    with pytest.raises(NotFoundError):
        desk.get(trigger.org_id, "t1")


def test_an_organisation_has_so_many_triggers_and_no_more(desk: TriggerDesk) -> None:
    for number in range(MAX_TRIGGERS):
        desk.create(replace(WELCOME, trigger_id=f"t{number}"))
    with pytest.raises(ConflictError) as caught:
        desk.create(replace(WELCOME, trigger_id="one more"))
    assert caught.value.code == "too_many_triggers"
    with pytest.raises(NotFoundError):
        desk.get("acme", "one more")
    desk.delete("acme", "t0")
    desk.create(replace(WELCOME, trigger_id="one more"))


def test_another_organisations_trigger_is_not_found(desk: TriggerDesk) -> None:
    desk.create(WELCOME)
    for call in (lambda: desk.change("other", "t1", {}), lambda: desk.delete("other", "t1")):
        with pytest.raises(NotFoundError):
            call()


def test_a_trigger_that_goes_while_it_is_changed_stays_gone() -> None:
    class Vanishing(Triggers):
        def replace(self, trigger: Trigger, at: datetime) -> bool:
            self.rows.clear()
            return super().replace(trigger, at)

    desk = TriggerDesk(Vanishing(), Things("letter"), Things("news"), lambda: NOW)
    desk.create(WELCOME)
    with pytest.raises(NotFoundError):
        desk.change("acme", "t1", {"active": False})


@pytest.mark.parametrize("event", ["contact.opened", "order.paid", "a", "order_paid.v2", "a" * 64])
def test_events_that_may_be(event: str) -> None:
    check_event(event)


@pytest.mark.parametrize(
    "event", ["", "Order", "order paid", ".a", "a.", "a..b", "contact.x", "a" * 65]
)
def test_events_that_may_not_be(event: str) -> None:
    with pytest.raises(InvalidInputError):
        check_event(event)
