"""The vault: what is sealed opens under the same organisation and key alone, and shows nothing."""

import os
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.exceptions import InvalidTag
from hypothesis import given
from hypothesis import strategies as st

from mailtide.vault import SEALED_LIMIT, Vault

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
VAULT = Vault(b"k" * 32)
TEXT = b'{"email": "ann@example.com", "key": "mt_secret"}'


@given(st.binary(max_size=2000), st.text(max_size=50), st.text(max_size=50))
def test_what_is_sealed_can_be_opened(text: bytes, org_id: str, key: str) -> None:
    sealed = VAULT.seal(org_id, key, text)
    assert sealed is not None
    assert VAULT.unseal(org_id, key, sealed) == text


@pytest.mark.parametrize(
    ("vault", "org_id", "key"),
    [(VAULT, "other", "key"), (VAULT, "acme", "keys"), (Vault(b"other" * 6), "acme", "key")],
)
def test_nobody_else_opens_it(vault: Vault, org_id: str, key: str) -> None:
    sealed = VAULT.seal("acme", "key", TEXT)
    assert sealed is not None
    with pytest.raises(InvalidTag):
        vault.unseal(org_id, key, sealed)
    assert vault.name(org_id, key) != VAULT.name("acme", "key")


def test_a_seed_is_of_one_call_of_one_deployment() -> None:
    seeds = {
        VAULT.seed("acme", "key", NOW),
        VAULT.seed("other", "key", NOW),
        VAULT.seed("acme", "keys", NOW),
        VAULT.seed("acme", "key", NOW + timedelta(milliseconds=1)),
        Vault(b"other" * 6).seed("acme", "key", NOW),
    }
    assert len(seeds) == 5
    assert VAULT.seed("acme", "key", NOW) == VAULT.seed("acme", "key", NOW)


def test_neither_name_nor_seal_show_what_they_are_of() -> None:
    sealed = VAULT.seal("acme", "order-17", TEXT)
    assert sealed is not None
    assert b"ann" not in sealed
    assert "order" not in VAULT.name("acme", "order-17")
    assert sealed != VAULT.seal("acme", "order-17", TEXT)  # a nonce of its own each time


def test_a_large_text_is_kept_when_it_is_small_enough_sealed() -> None:
    assert VAULT.seal("acme", "key", b"a" * 1_000_000) is not None
    assert VAULT.seal("acme", "key", os.urandom(SEALED_LIMIT)) is None
