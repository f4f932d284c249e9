"""The vault: what is sealed opens under the same organisation and key alone, and shows nothing."""

import os

import pytest
from cryptography.exceptions import InvalidTag
from hypothesis import given
from hypothesis import strategies as st

from mailtide.vault import SEALED_LIMIT, Vault

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


def test_neither_name_nor_seal_show_what_they_are_of() -> None:
    sealed = VAULT.seal("acme", "order-17", TEXT)
    assert sealed is not None
    assert b"ann" not in sealed
    assert "order" not in VAULT.name("acme", "order-17")
    assert sealed != VAULT.seal("acme", "order-17", TEXT)  # a nonce of its own each time


def test_a_large_text_is_kept_when_it_is_small_enough_sealed() -> None:
    assert VAULT.seal("acme", "key", b"a" * 1_000_000) is not None
    assert VAULT.seal("acme", "key", os.urandom(SEALED_LIMIT)) is None
