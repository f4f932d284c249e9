"""The keyring: what it reads, what it refuses, and that purposes and sources stay apart."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtide.domain.signing import Keyring, Purpose
from mailtide.errors import InvalidInputError

OLD = "o" * 64
NEW = "n" * 64
BOTH = Keyring.from_json(json.dumps({"current": "2", "1": OLD, "2": NEW}))
BEFORE = Keyring.from_json(json.dumps({"current": "1", "1": OLD}))


@pytest.mark.parametrize(
    ("secret", "why"),
    [
        ("", "not JSON"),
        ("[]", "object of texts"),
        ('{"current": 1, "1": "x"}', "object of texts"),
        ("{}", "numbers 0 to 15"),
        (json.dumps({"current": "1"}), "current key 1 is not in it"),
        (json.dumps({"current": "1", "16": OLD}), "numbers 0 to 15"),
        (json.dumps({"current": "1", "01": OLD}), "numbers 0 to 15"),
        (json.dumps({"current": "1", "1": "x" * 15}), "at least 16 characters"),
    ],
)
def test_refuses_a_malformed_secret_with_the_reason(secret: str, why: str) -> None:
    with pytest.raises(InvalidInputError, match=why):
        Keyring.from_json(secret)


def test_a_malformed_secret_is_not_repeated_in_the_error() -> None:
    with pytest.raises(InvalidInputError) as error:
        Keyring.from_json(json.dumps({"current": "7", "1": "very-secret-root-key"}))
    assert "very-secret" not in error.value.detail
    assert "very-secret" not in repr(BOTH)


def test_every_purpose_and_root_has_a_key_of_its_own() -> None:
    keys = {BOTH.key(key_id, purpose) for key_id in (1, 2) for purpose in Purpose}
    assert len(keys) == 2 * len(Purpose)


def test_new_things_are_signed_with_the_current_root() -> None:
    assert BOTH.current_key(Purpose.LINK) == BOTH.key(2, Purpose.LINK)


def test_an_unknown_key_id_has_no_key() -> None:
    assert BOTH.key(3, Purpose.OPEN) is None


def test_a_source_may_use_the_key_of_before_the_rotation() -> None:
    before = BEFORE.source_key("source")
    assert BOTH.source_keys("source") == [BOTH.source_key("source"), before]
    assert BOTH.source_key("source") != before


@given(st.text(), st.text())
def test_sources_never_share_a_key(one: str, other: str) -> None:
    assert (BOTH.source_key(one) == BOTH.source_key(other)) == (one == other)


def test_the_webhook_key_is_no_inbound_token() -> None:
    assert BOTH.source_key("source") != BOTH.inbound_token("source")


def test_an_inbound_token_fits_its_source_across_a_rotation() -> None:
    assert BOTH.inbound_fits("source", BOTH.inbound_token("source"))
    assert BOTH.inbound_fits("source", BEFORE.inbound_token("source"))
    assert not BEFORE.inbound_fits("source", BOTH.inbound_token("source"))


@pytest.mark.parametrize("token", ["", "x", "ä", "\ud800", BOTH.inbound_token("other")])
def test_a_wrong_inbound_token_does_not_fit(token: str) -> None:
    assert not BOTH.inbound_fits("source", token)
