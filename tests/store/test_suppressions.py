"""Suppressions: table and twin merge alike, whatever the order and number of additions."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from local.memory.contacts import Suppressions as MemorySuppressions
from mailtide.domain.page import Page, every
from mailtide.domain.suppression import Evidence, History, Reason, Suppression
from mailtide.domain.suppression_audit import AuditEntry
from mailtide.store.suppression_tables import SuppressionAuditRow, SuppressionRow
from mailtide.store.suppressions import Suppressions
from tests.tables import moto_tables

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
ORG = "acme"
numbers = count()

Store = Suppressions | MemorySuppressions


@pytest.fixture(params=["memory", "table"])
def suppressions(request: pytest.FixtureRequest) -> Iterator[Store]:
    if request.param == "memory":
        yield MemorySuppressions()
        return
    with moto_tables(SuppressionRow, SuppressionAuditRow):
        yield Suppressions()


def one(
    contact_id: str, reason: Reason, minutes: int = 0, text: str = "m1", email: str | None = None
) -> Suppression:
    evidence = Evidence(NOW + timedelta(minutes=minutes), text)
    return Suppression(ORG, contact_id, {reason: evidence}, email)


def test_what_was_added_is_read(suppressions: Store) -> None:
    added = one("a1", Reason.COMPLAINT, text="m1 #5", email="a@example.test")
    suppressions.add(added)
    assert suppressions.get_many(ORG, ["a1", "a2"]) == {"a1": added}
    assert suppressions.get_many("other", ["a1"]) == {}


def test_all_reasons_of_one_addition_are_kept(suppressions: Store) -> None:
    reasons = {Reason.MANUAL: Evidence(NOW, "x"), Reason.UNSUBSCRIBE: Evidence(NOW, "y")}
    suppressions.add(Suppression(ORG, "a1", reasons))
    assert suppressions.get_many(ORG, ["a1"])["a1"].reasons == reasons


def test_reasons_stand_beside_each_other(suppressions: Store) -> None:
    suppressions.add(one("a1", Reason.COMPLAINT))
    suppressions.add(one("a1", Reason.UNSUBSCRIBE, 1))
    found = suppressions.get_many(ORG, ["a1"])["a1"]
    assert set(found.reasons) == {Reason.COMPLAINT, Reason.UNSUBSCRIBE}
    assert found.reason is Reason.COMPLAINT


def test_the_earliest_of_a_reason_is_kept(suppressions: Store) -> None:
    for minutes in (5, 1, 9):
        suppressions.add(one("a1", Reason.COMPLAINT, minutes, f"m{minutes}"))
    found = suppressions.get_many(ORG, ["a1"])["a1"]
    assert found.reasons[Reason.COMPLAINT] == Evidence(NOW + timedelta(minutes=1), "m1")


def test_an_address_that_comes_with_later_evidence_is_kept(suppressions: Store) -> None:
    suppressions.add(one("a1", Reason.COMPLAINT, 0))
    suppressions.add(one("a1", Reason.COMPLAINT, 1, email="A@example.test"))
    assert suppressions.get_many(ORG, ["a1"])["a1"].email == "a@example.test"


def test_a_shard_holds_its_own_suppressions(suppressions: Store) -> None:
    for contact_id in ("b2", "a1", "c1"):
        suppressions.add(one(contact_id, Reason.MANUAL))
    found = [one.contact_id for one in suppressions.of_shard(ORG, "5")]
    assert found == ["a1", "b2"]


def entry(contact_id: str, minutes: int, entry_id: str = "e1") -> AuditEntry:
    at = NOW + timedelta(minutes=minutes)
    return AuditEntry(ORG, entry_id, at, "key1", contact_id, {Reason.COMPLAINT: NOW}, "asked")


def test_what_is_lifted_does_not_stand_any_more_and_the_audit_says_who(
    suppressions: Store,
) -> None:
    suppressions.add(one("a1", Reason.COMPLAINT, email="a@example.test"))
    suppressions.lift(entry("a1", 5))
    assert suppressions.get(ORG, "a1") is None
    assert list(suppressions.of_shard(ORG, "5")) == []
    assert suppressions.page(ORG, 10, None).items == []
    assert suppressions.audit(ORG, 10, None).items == [entry("a1", 5)]
    assert suppressions.audit("other", 10, None).items == []
    assert suppressions.history(ORG, "a1").lifted_at == NOW + timedelta(minutes=5)


def test_what_is_newer_than_a_lifting_stands(suppressions: Store) -> None:
    suppressions.add(one("a1", Reason.COMPLAINT))
    suppressions.lift(entry("a1", 5))
    suppressions.add(one("a1", Reason.COMPLAINT, 5, "redelivered"))
    assert suppressions.get(ORG, "a1") is None
    suppressions.add(one("a1", Reason.COMPLAINT, 6, "again"))
    found = suppressions.get(ORG, "a1")
    assert found is not None
    assert found.reasons == {Reason.COMPLAINT: Evidence(NOW + timedelta(minutes=6), "again")}


def test_a_lifting_older_than_the_last_changes_nothing_and_leaves_no_entry(
    suppressions: Store,
) -> None:
    suppressions.add(one("a1", Reason.COMPLAINT))
    suppressions.lift(entry("a1", 5))
    suppressions.lift(entry("a1", 4, "e2"))
    suppressions.lift(entry("b1", 4, "e3"))
    assert suppressions.audit(ORG, 10, None).items == [entry("a1", 5)]
    assert suppressions.history(ORG, "b1") == History()


def test_the_audit_is_paged(suppressions: Store) -> None:
    for number in range(3):
        suppressions.add(one(f"a{number}", Reason.COMPLAINT))
        suppressions.lift(entry(f"a{number}", 5, f"e{number}"))
    first = suppressions.audit(ORG, 2, None)
    assert [one.entry_id for one in first.items] == ["e0", "e1"]
    assert [one.entry_id for one in suppressions.audit(ORG, 2, first.after).items] == ["e2"]


def test_a_page_holds_what_stands_for_a_reason(suppressions: Store) -> None:
    for number in range(4):
        suppressions.add(one(f"a{number}", Reason.COMPLAINT if number % 2 else Reason.MANUAL))
    suppressions.add(one("a2", Reason.COMPLAINT, 1))
    suppressions.lift(entry("a1", 5))
    found = every(lambda after: suppressions.page(ORG, 1, after, {Reason.COMPLAINT}))
    assert [each.contact_id for each in found] == ["a2", "a3"]
    assert len(suppressions.page(ORG, 10, None).items) == 3


def test_many_are_added_at_once(suppressions: Store) -> None:
    suppressions.add_many([one(f"a{number}", Reason.MANUAL_ALL) for number in range(20)])
    assert len(suppressions.page(ORG, 100, None).items) == 20
    suppressions.add_many([])


def test_a_page_reads_a_bounded_number_of_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailtide.store.suppressions._AT_ONCE", 2)
    monkeypatch.setattr("mailtide.store.suppressions._READS", 2)
    with moto_tables(SuppressionRow, SuppressionAuditRow):
        store = Suppressions()
        for number in range(9):
            store.add(one(f"a{number}", Reason.COMPLAINT if number == 8 else Reason.MANUAL))
        first = store.page(ORG, 5, None, {Reason.COMPLAINT})
        assert first == Page([], "a3")
        found = every(lambda after: store.page(ORG, 5, after, {Reason.COMPLAINT}))
        assert [each.contact_id for each in found] == ["a8"]


ADDITIONS = st.lists(
    st.tuples(
        st.sampled_from([*Reason, None]),  # None lifts
        st.integers(0, 3),
        st.sampled_from(["m1", "m2", "mé"]),
        st.sampled_from([None, "a@example.test"]),
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(additions=ADDITIONS, data=st.data())
def test_order_and_repetition_of_additions_and_liftings_do_not_matter(
    suppressions: Store,
    additions: list[tuple[Reason | None, int, str, str | None]],
    data: st.DataObject,
) -> None:
    first, second = f"a{next(numbers)}", f"a{next(numbers)}"
    again = data.draw(st.permutations(additions + additions[:2]))
    for contact_id, sequence in ((first, additions), (second, again)):
        # A lifting is of what is there: an earlier event may have come to it late, or not yet.
        suppressions.add(one(contact_id, Reason.MANUAL, -1))
        for reason, minutes, text, email in sequence:
            if reason is None:
                suppressions.lift(entry(contact_id, minutes, f"e{next(numbers)}"))
            else:
                suppressions.add(one(contact_id, reason, minutes, text, email))
    assert suppressions.history(ORG, first) == suppressions.history(ORG, second)
    emails = [found.email for found in suppressions.get_many(ORG, [first, second]).values()]
    assert len(set(emails)) <= 1


def test_an_address_is_there_until_it_is_forgotten_though_it_was_lifted(
    suppressions: Store,
) -> None:
    assert not suppressions.has_address(ORG, "a1")
    suppressions.add(one("a1", Reason.COMPLAINT))
    assert not suppressions.has_address(ORG, "a1")
    suppressions.add(one("a1", Reason.MANUAL, email="a@example.test"))
    at = NOW + timedelta(minutes=1)
    suppressions.lift(AuditEntry(ORG, "e1", at, "k1", "a1", {Reason.MANUAL: NOW}, ""))
    assert suppressions.has_address(ORG, "a1")
    assert not suppressions.has_address("other", "a1")
    suppressions.forget(ORG, "a1")
    assert not suppressions.has_address(ORG, "a1")
