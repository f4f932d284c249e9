"""IP registry: sending IPs and their transports, checked when they are saved.

A relay's password goes into a secret of its own and never comes back: it is written before the row
that names it, and removed after.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Protocol

from mailtide.domain import relay as rules
from mailtide.domain import sending_rate
from mailtide.domain.page import Page, every
from mailtide.domain.pool import Pool
from mailtide.domain.quota import Day
from mailtide.domain.relay import Network
from mailtide.domain.sending_ip import Relay, SendingIp, Ses, Tls, Transport
from mailtide.domain.sending_rate import Owner
from mailtide.domain.suppression import Stream
from mailtide.errors import ConflictError, InvalidInputError, NotFoundError
from mailtide.flows.rate_settings import RateSettings

_AT_ONCE = 100  # sending IPs read at once to find a tag


class SendingIps(Protocol):
    """The sending IPs."""

    def get(self, org_id: str, ip_id: str) -> SendingIp | None:
        """Read one sending IP consistently."""
        ...

    def page(self, org_id: str, limit: int, after: str | None) -> Page[SendingIp]:
        """Return the organisation's sending IPs by id."""
        ...

    def create(self, ip: SendingIp, at: datetime) -> None:
        """Write a sending IP under a fresh id."""
        ...

    def change(self, old: SendingIp, new: SendingIp) -> bool:
        """Write what differs between the two; False when the sending IP is not there."""
        ...

    def delete(self, org_id: str, ip_id: str) -> bool:
        """Delete a sending IP; False when it is not there."""
        ...


class Pools(Protocol):
    """The pools."""

    def page(self, org_id: str, limit: int, after: str | None) -> Page[Pool]:
        """Return the organisation's pools by id."""
        ...

    def take_out(self, pool: Pool, ip_id: str) -> None:
        """Take an IP out of a pool, whatever else changes in it."""
        ...


class Quota(Protocol):
    """The days of sending IPs."""

    def day(self, ip: SendingIp, on: date) -> Day:
        """Read one IP's day consistently."""
        ...

    def set_limit(self, ip_id: str, on: date, limit: int | None) -> None:
        """Set the limit of one day; None leaves the IP's own."""
        ...


class Sets(Protocol):
    """The configuration sets of SES (flows/ses_sets.py)."""

    def settle(self, org_id: str, tag: str, wanted: Mapping[str, Any]) -> Ses:
        """Find or make a sending IP's configuration set; InvalidInputError says what is wrong."""
        ...


class Passwords(Protocol):
    """The secrets of relays."""

    def put(self, ip_id: str, password: str) -> str:
        """Keep a password; return the secret's name."""
        ...

    def delete(self, ip_id: str) -> None:
        """Remove a password, if there is one."""
        ...


@dataclass(frozen=True, slots=True)
class IpRegistry:
    """The sending IPs of all organisations."""

    sending_ips: SendingIps
    pools: Pools
    quota: Quota
    passwords: Passwords
    sets: Sets
    rates: RateSettings
    resolve: Callable[[str], Sequence[str]]  # a host's addresses; none when it has no name
    networks: Sequence[Network]  # private ones that a relay may be in
    new_id: Callable[[], str]
    clock: Callable[[], datetime]

    def get(self, org_id: str, ip_id: str) -> SendingIp:
        """Return one sending IP.

        Raises:
            NotFoundError: when the organisation has none such.
        """
        ip = self.sending_ips.get(org_id, ip_id)
        if ip is None:
            raise _missing()
        return ip

    def today(self, ip: SendingIp) -> Day:
        """Return what is known of the IP's day."""
        return self.quota.day(ip, self.clock().date())

    def create(
        self,
        org_id: str,
        *,
        tag: str,
        stream: Stream,
        daily_limit: int | None,
        transport: Mapping[str, Any],
        rate_limits: Sequence[Mapping[str, Any]] = (),
    ) -> SendingIp:
        """Check and keep a new sending IP.

        Raises:
            InvalidInputError: `relay_port_refused`, `relay_address_refused`; those of SES
                (flows/ses_sets.py).
            ConflictError: `already_exists`, when another of the organisation's IPs has the tag or
                the configuration set.
        """
        ip_id, limits = self.new_id(), sending_rate.checked(rate_limits)
        if any(other.tag == tag for other in self._others(org_id, ip_id)):
            raise ConflictError(f"Another sending IP has the tag `{tag}`.", code="already_exists")
        way = self._transport(org_id, ip_id, tag, transport)
        ip = SendingIp(org_id, ip_id, tag, stream, way, daily_limit, rate_limits=limits)
        self.sending_ips.create(ip, self.clock())
        return ip

    def change(self, org_id: str, ip_id: str, changes: Mapping[str, Any]) -> SendingIp:
        """Change a sending IP, but not its tag, which is in envelopes on their way.

        Another daily limit, and other rate limits, hold from the next reservation on.

        Raises:
            NotFoundError, InvalidInputError: as `get` and `create`.
            ConflictError: a pool holds it to its stream.
        """
        old = self.get(org_id, ip_id)
        fields = {name: value for name, value in changes.items() if name != "transport"}
        if "rate_limits" in fields:
            fields["rate_limits"] = sending_rate.checked(fields["rate_limits"])
        new = replace(old, **fields)
        for pool in self._pools_of(old) if new.stream != old.stream else ():
            raise ConflictError(f"It is in the pool `{pool.name}`, whose stream is {pool.stream}.")
        if "transport" in changes:
            way = self._transport(org_id, ip_id, old.tag, changes["transport"], old.transport)
            new = replace(new, transport=way)
        if new.daily_limit != old.daily_limit:
            self.quota.set_limit(ip_id, self.clock().date(), new.daily_limit)
        self.rates.tell(org_id, Owner.IP, ip_id, old.rate_limits, new.rate_limits)
        if not self.sending_ips.change(old, new):
            raise _missing()
        if _secret(old) and not _secret(new):
            self.passwords.delete(ip_id)
        return new

    def delete(self, org_id: str, ip_id: str) -> None:
        """Delete a sending IP and its password; it leaves its pools first.

        Raises:
            NotFoundError: when the organisation has none such.
        """
        for pool in self._pools_of(self.get(org_id, ip_id)):
            self.pools.take_out(pool, ip_id)
        if not self.sending_ips.delete(org_id, ip_id):
            raise _missing()
        self.passwords.delete(ip_id)

    def _others(self, org_id: str, ip_id: str) -> list[SendingIp]:
        ips = every(lambda after: self.sending_ips.page(org_id, _AT_ONCE, after))
        return [ip for ip in ips if ip.ip_id != ip_id]

    def _pools_of(self, ip: SendingIp) -> list[Pool]:
        pools = every(lambda after: self.pools.page(ip.org_id, _AT_ONCE, after))
        return [pool for pool in pools if ip.ip_id in pool.ip_ids]

    def _transport(
        self,
        org_id: str,
        ip_id: str,
        tag: str,
        wanted: Mapping[str, Any],
        old: Transport | None = None,
    ) -> Transport:
        if wanted.get("kind") == "ses":
            return self._ses(org_id, ip_id, tag, wanted)
        return self._relay(ip_id, old, wanted)

    def _ses(self, org_id: str, ip_id: str, tag: str, wanted: Mapping[str, Any]) -> Ses:
        """Settle a configuration set; two IPs with one would be one IP with two limits."""
        ses = self.sets.settle(org_id, tag, wanted)
        for other in self._others(org_id, ip_id):
            taken = other.transport
            if isinstance(taken, Ses) and taken.configuration_set == ses.configuration_set:
                raise ConflictError(
                    f"The sending IP `{other.tag}` has the configuration set"
                    f" `{ses.configuration_set}`.",
                    code="already_exists",
                )
        return ses

    def _relay(self, ip_id: str, old: Transport | None, transport: Mapping[str, Any]) -> Relay:
        """Check a relay, keep a new password, return the relay as it is stored."""
        host, port = str(transport["host"]), int(transport["port"])
        tls, addresses = Tls(transport["tls"]), self.resolve(host)
        rules.check(host, port, addresses, self.networks)
        username, password = transport.get("username"), transport.get("password")
        if username is not None:
            rules.check_login(tls, addresses, self.networks)
        if password is not None and username is None:
            raise InvalidInputError("A relay's password needs a username.")
        # A kept password goes to no other host than the one it was given for.
        same = isinstance(old, Relay) and (old.host, old.username) == (host, username)
        secret = old.secret if isinstance(old, Relay) and same else None
        if username is not None and password is not None:
            secret = self.passwords.put(ip_id, password)
        if username is not None and secret is None:
            raise InvalidInputError("A relay's username needs a password.")
        return Relay(host, port, tls, username, secret)


def _secret(ip: SendingIp) -> str | None:
    return ip.transport.secret if isinstance(ip.transport, Relay) else None


def _missing() -> NotFoundError:
    return NotFoundError("There is no sending IP with this id.")
