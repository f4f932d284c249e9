"""Naming: the chance in new ids and keys, which each attempt of a call draws alike.

A call that names an idempotency key may die between its work and its answer, and is then carried
out again. What it makes has the same names in each attempt, so the later ones meet what the first
has written, and the stores leave that as it stands: nothing is made twice.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from itertools import count


@dataclass(frozen=True, slots=True)
class _Call:
    """A call that may be carried out again."""

    seed: bytes = field(repr=False)
    begun_at: datetime  # its first attempt
    draws: Iterator[int]

    def draw(self, size: int) -> bytes:
        number = next(self.draws).to_bytes(4)
        return blake2b(number, key=self.seed, digest_size=size).digest()


_call: ContextVar[_Call | None] = ContextVar("call", default=None)


@contextmanager
def alike(seed: bytes, begun_at: datetime) -> Iterator[None]:
    """Let all that is named meanwhile be named by a call: a secret of its own, its beginning."""
    token = _call.set(_Call(seed, begun_at, count()))
    try:
        yield
    finally:
        _call.reset(token)


def draw(size: int) -> bytes:
    """Return bytes, at most 64, that nobody can guess: by chance, or those of the call."""
    call = _call.get()
    return call.draw(size) if call else os.urandom(size)


def made_at(at: datetime) -> datetime:
    """Return the instant for the name of what is made at `at`: a call's are of its beginning."""
    call = _call.get()
    return call.begun_at if call else at
