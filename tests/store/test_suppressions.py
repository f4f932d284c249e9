"""Suppressions: table and twin merge alike, whatever the order and number of additions."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from local.memory.contacts import Suppressions as MemorySuppressions
from mailtide.domain.suppression import Evidence, Reason, Suppression
from mailtide.store.suppressions import Suppressions
from mailtide.store.tables import SuppressionRow
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
    with moto_tables(SuppressionRow):
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
    assert list(suppressions.of_shard(ORG, "5")) == ["a1", "b2"]


ADDITIONS = st.lists(
    st.tuples(
        st.sampled_from(list(Reason)),
        st.integers(0, 3),
        st.sampled_from(["m1", "m2", "mé"]),
        st.sampled_from([None, "a@example.test"]),
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(additions=ADDITIONS, data=st.data())
def test_order_and_repetition_of_additions_do_not_matter(
    suppressions: Store, additions: list[tuple[Reason, int, str, str | None]], data: st.DataObject
) -> None:
    first, second = f"a{next(numbers)}", f"a{next(numbers)}"
    again = data.draw(st.permutations(additions + additions[:2]))
    for contact_id, sequence in ((first, additions), (second, again)):
        for reason, minutes, text, email in sequence:
            suppressions.add(one(contact_id, reason, minutes, text, email))
    found = suppressions.get_many(ORG, [first, second])
    assert found[first].reasons == found[second].reasons
    assert found[first].email == found[second].email
