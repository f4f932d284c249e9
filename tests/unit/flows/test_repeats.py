"""Calls that name a key: repeated, at once, after a death, by others, and what is kept of them."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from local.memory.idempotency import IdempotencyKeys
from mailtide.domain.idempotency import KEPT_FOR, TAKEN_OVER_AFTER, Call, Record
from mailtide.errors import ConflictError
from mailtide.flows.repeats import Claim, Repeats

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
CALL = Call("acme", "key-1", "fingerprint")


class Vault:
    """Seals by writing whose it is; what is longer than 20 bytes is too large."""

    def name(self, org_id: str, key: str) -> str:
        return f"name of {key}"

    def seed(self, org_id: str, key: str, begun_at: datetime) -> bytes:
        return f"{org_id}/{key}/{begun_at}".encode()

    def seal(self, org_id: str, key: str, text: bytes) -> bytes | None:
        return f"{org_id}/{key}/".encode() + text if len(text) <= 20 else None

    def unseal(self, org_id: str, key: str, sealed: bytes) -> bytes:
        return sealed.removeprefix(f"{org_id}/{key}/".encode())


@dataclass
class Between(IdempotencyKeys):
    """Records under which something happens right before the next take-over."""

    happens: Callable[[], object] | None = None

    def claim(self, org_id: str, name: str, record: Record, over: Record | None) -> Record | None:
        if over and self.happens:
            happens, self.happens = self.happens, None
            happens()
        return IdempotencyKeys.claim(self, org_id, name, record, over)


@pytest.fixture
def calls() -> Between:
    return Between({})


@pytest.fixture
def repeats(calls: Between) -> Repeats:
    numbers = count()
    return Repeats(calls, Vault(), lambda: f"nonce {next(numbers)}")


def begin(repeats: Repeats, call: Call = CALL, after: timedelta = timedelta(0)) -> Claim:
    begun = repeats.begin(call, NOW + after)
    assert isinstance(begun, Claim)
    return begun


def refused(repeats: Repeats, call: Call = CALL, after: timedelta = timedelta(0)) -> ConflictError:
    with pytest.raises(ConflictError) as caught:
        repeats.begin(call, NOW + after)
    return caught.value


def test_a_repeat_gets_the_answer_for_a_day(repeats: Repeats) -> None:
    repeats.finish(begin(repeats), b"done")
    for _ in range(2):
        assert repeats.begin(CALL, NOW + KEPT_FOR - timedelta(seconds=1)) == b"done"
    begin(repeats, after=KEPT_FOR)


def test_of_two_at_once_one_is_carried_out(repeats: Repeats) -> None:
    claim = begin(repeats)
    error = refused(repeats)
    assert (error.code, error.retry_after_seconds) == ("idempotency_in_progress", 1)
    repeats.finish(claim, b"done")
    assert repeats.begin(CALL, NOW) == b"done"


def test_a_dead_call_is_carried_out_again_once_it_must_be_over(repeats: Repeats) -> None:
    dead = begin(repeats)
    assert refused(repeats, after=TAKEN_OVER_AFTER - timedelta(seconds=1)).code.endswith("progress")
    heir = begin(repeats, after=TAKEN_OVER_AFTER)
    repeats.finish(dead, b"of a zombie")
    repeats.finish(heir, b"done")
    assert repeats.begin(CALL, NOW + TAKEN_OVER_AFTER) == b"done"


def test_of_two_that_take_over_one_is_carried_out(repeats: Repeats, calls: Between) -> None:
    begin(repeats)
    calls.happens = lambda: begin(repeats, after=TAKEN_OVER_AFTER)
    assert refused(repeats, after=TAKEN_OVER_AFTER).code == "idempotency_in_progress"


def test_an_answer_that_comes_just_before_a_take_over_is_given(
    repeats: Repeats, calls: Between
) -> None:
    slow = begin(repeats)
    calls.happens = lambda: repeats.finish(slow, b"late")
    assert repeats.begin(CALL, NOW + TAKEN_OVER_AFTER) == b"late"


@pytest.mark.parametrize("answered", [True, False])
def test_a_key_means_one_call(repeats: Repeats, answered: bool) -> None:
    claim = begin(repeats)
    if answered:
        repeats.finish(claim, b"done")
    other = replace(CALL, fingerprint="another body")
    assert refused(repeats, other).code == "idempotency_key_reused"
    assert refused(repeats, other, TAKEN_OVER_AFTER).code == "idempotency_key_reused"


def test_another_organisation_has_keys_of_its_own(repeats: Repeats) -> None:
    repeats.finish(begin(repeats), b"done")
    begin(repeats, replace(CALL, org_id="other"))


def test_a_released_call_can_be_made_again_at_once(repeats: Repeats) -> None:
    repeats.release(begin(repeats))
    begin(repeats)


def test_every_attempt_of_a_call_has_its_seed_and_another_call_another(repeats: Repeats) -> None:
    first = begin(repeats)
    heir = begin(repeats, after=TAKEN_OVER_AFTER)
    repeats.release(heir)
    third = begin(repeats, after=2 * TAKEN_OVER_AFTER)
    assert first.seed == heir.seed == third.seed
    assert first.begun_at == heir.begun_at == third.begun_at == NOW
    tomorrow = begin(repeats, after=2 * TAKEN_OVER_AFTER + KEPT_FOR)
    other = begin(repeats, replace(CALL, key="key-2"))
    assert len({first.seed, tomorrow.seed, other.seed}) == 3


def test_an_answer_too_large_to_keep_is_said_to_be_so(repeats: Repeats) -> None:
    repeats.finish(begin(repeats), b"a long answer of more than 20 bytes")
    assert refused(repeats).code == "idempotency_answer_too_large"


def test_answers_lie_sealed_under_names(repeats: Repeats, calls: Between) -> None:
    repeats.finish(begin(repeats), b"done")
    (place, record) = calls.records.popitem()
    assert place == ("acme", "name of key-1")
    assert record.answer == b"acme/key-1/done"
