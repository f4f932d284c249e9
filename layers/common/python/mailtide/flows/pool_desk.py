"""Pool desk: groups of sending IPs, and the identities that are held to them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

from mailtide.domain import pool as rules
from mailtide.domain.content import Identity
from mailtide.domain.page import Page, every
from mailtide.domain.pool import Pool
from mailtide.domain.sending_ip import SendingIp
from mailtide.domain.suppression import Stream
from mailtide.errors import ConflictError, InvalidInputError, NotFoundError

_AT_ONCE = 100  # rows of a page, when all of an organisation's are looked through


class Pools(Protocol):
    """The pools."""

    def get(self, org_id: str, pool_id: str) -> Pool | None:
        """Read one pool consistently."""
        ...

    def create(self, pool: Pool, at: datetime) -> None:
        """Write a pool under a fresh id."""
        ...

    def change(self, new: Pool) -> bool:
        """Write a pool's name and IPs; False when it is not there."""
        ...

    def delete(self, org_id: str, pool_id: str) -> bool:
        """Delete a pool; False when it is not there."""
        ...


class SendingIps(Protocol):
    """The sending IPs."""

    def page(self, org_id: str, limit: int, after: str | None) -> Page[SendingIp]:
        """Return the organisation's sending IPs by id."""
        ...


class Identities(Protocol):
    """The identities."""

    def page(self, org_id: str, limit: int, after: str | None) -> Page[Identity]:
        """Return the organisation's identities by id."""
        ...


@dataclass(frozen=True, slots=True)
class PoolDesk:
    """The pools of all organisations."""

    pools: Pools
    sending_ips: SendingIps
    identities: Identities
    new_id: Callable[[], str]
    clock: Callable[[], datetime]

    def get(self, org_id: str, pool_id: str) -> Pool:
        """Return one pool.

        Raises:
            NotFoundError: when the organisation has none such.
        """
        pool = self.pools.get(org_id, pool_id)
        if pool is None:
            raise _missing()
        return pool

    def create(self, org_id: str, *, name: str, stream: Stream, ip_ids: frozenset[str]) -> Pool:
        """Check and keep a new pool.

        Raises:
            InvalidInputError: an IP is not there, or of another stream.
        """
        pool = Pool(org_id, self.new_id(), name, stream, ip_ids)
        self._check(pool)
        self.pools.create(pool, self.clock())
        return pool

    def change(self, org_id: str, pool_id: str, changes: Mapping[str, Any]) -> Pool:
        """Change a pool's name or its IPs; the stream stays what it is.

        Raises:
            NotFoundError, InvalidInputError: as `get` and `create`.
        """
        new = replace(self.get(org_id, pool_id), **changes)
        self._check(new)
        if not self.pools.change(new):
            raise _missing()
        return new

    def delete(self, org_id: str, pool_id: str) -> None:
        """Delete a pool that no identity names.

        Raises:
            NotFoundError: when the organisation has none such.
            ConflictError: `pool_in_use`.
        """
        identities = every(lambda after: self.identities.page(org_id, _AT_ONCE, after))
        holder = next((one for one in identities if one.pool_id == pool_id), None)
        if holder is not None:
            detail = (
                f"The identity `{holder.name}` sends over this pool; change the identity first."
            )
            raise ConflictError(detail, code="pool_in_use")
        if not self.pools.delete(org_id, pool_id):
            raise _missing()

    def admit(self, identity: Identity) -> Identity:
        """Return the identity, whose pool is there and of its stream.

        Raises:
            InvalidInputError: it is not.
        """
        if identity.pool_id is not None:
            pool = self.pools.get(identity.org_id, identity.pool_id)
            if pool is None:
                raise _invalid("pool_id", [f"there is no pool `{identity.pool_id}`"])
            if pool.stream is not identity.stream:
                raise _invalid("pool_id", [f"the pool is of the stream {pool.stream}"])
        return identity

    def _check(self, pool: Pool) -> None:
        ips = every(lambda after: self.sending_ips.page(pool.org_id, _AT_ONCE, after))
        wrong = rules.misfits(pool, {ip.ip_id: ip for ip in ips})
        if wrong:
            raise _invalid("ip_ids", wrong)


def _invalid(field: str, details: list[str]) -> InvalidInputError:
    errors = [{"at": f"body.{field}", "detail": detail} for detail in details]
    return InvalidInputError(f"body.{field}: {details[0]}", errors=errors)


def _missing() -> NotFoundError:
    return NotFoundError("There is no pool with this id.")
