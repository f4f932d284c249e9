"""Vault: idempotency keys under names that do not tell them, and answers that only they open.

A record's name and the key that its answer is sealed with are keyed hashes of organisation and
idempotency key. So the table shows neither addresses nor secrets, and what it holds cannot be read
without both the deployment's secret and the caller's own key.
Source: RFC 5116 (AES-256-GCM), RFC 7693 (BLAKE2b).
"""

import os
import zlib
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from mailtide.domain.message import millis

SEALED_LIMIT = 300_000  # bytes; an item of DynamoDB holds 400 KB
_NONCE_BYTES = 12
_NAME_BYTES, _KEY_BYTES, _SEED_BYTES = 16, 32, 64


@dataclass(frozen=True, slots=True)
class Vault:
    """One deployment's vault."""

    secret: bytes = field(repr=False)  # at most 64 bytes

    def name(self, org_id: str, key: str) -> str:
        """Return what a key's record is called (32 hex digits)."""
        return self._hash(org_id, key, b"idempotency-name", _NAME_BYTES).hex()

    def seed(self, org_id: str, key: str, begun_at: datetime) -> bytes:
        """Return a secret of the call that first named a key at an instant (64 bytes)."""
        call = f"{key}\n{millis(begun_at)}"  # a key has no line breaks
        return self._hash(org_id, call, b"idempotency-seed", _SEED_BYTES)

    def seal(self, org_id: str, key: str, text: bytes) -> bytes | None:
        """Return the text, compressed and encrypted; None when it is too large to keep."""
        nonce = os.urandom(_NONCE_BYTES)
        sealed = nonce + self._cipher(org_id, key).encrypt(nonce, zlib.compress(text), None)
        return sealed if len(sealed) <= SEALED_LIMIT else None

    def unseal(self, org_id: str, key: str, sealed: bytes) -> bytes:
        """Return the text that was sealed under the same organisation and key.

        Raises:
            cryptography.exceptions.InvalidTag: when it was not.
        """
        nonce, encrypted = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        return zlib.decompress(self._cipher(org_id, key).decrypt(nonce, encrypted, None))

    def _cipher(self, org_id: str, key: str) -> AESGCM:
        return AESGCM(self._hash(org_id, key, b"idempotency-seal", _KEY_BYTES))

    def _hash(self, org_id: str, key: str, person: bytes, size: int) -> bytes:
        text = f"{org_id}\n{key}".encode()
        return blake2b(text, key=self.secret, digest_size=size, person=person).digest()
