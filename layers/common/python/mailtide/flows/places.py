"""Places: over which IPs a block may leave, and what is given back of it afterwards.

The days of the sending IPs always count; the rate limits of the identity and of the IPs where there
are any, and without them nothing more is read or written.
Source: docs/domain/sending.md, docs/domain/rates.md.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from mailtide.domain import block as block_rules
from mailtide.domain import sending_rate
from mailtide.domain.batch import PLACES, Batch
from mailtide.domain.block import Recipient
from mailtide.domain.content import Identity
from mailtide.domain.handover import Accepted, Outcome, Unknown
from mailtide.domain.placing import Gates
from mailtide.domain.quota import ReservationKey, day_end
from mailtide.domain.sending_ip import SendingIp
from mailtide.domain.sending_rate import Gate, Holder, Owner, RateLimit
from mailtide.domain.suppression import Stream
from mailtide.errors import RetryableError
from mailtide.flows.block_days import BlockDays
from mailtide.flows.block_rates import BlockRates

FRESH = timedelta(seconds=10)  # for so long an identity's limits are believed
KEPT = 1000  # identities whose limits one process remembers


class SendingIps(Protocol):
    """The organisation's sending IPs."""

    def active(self, org_id: str, stream: str, pool_id: str | None) -> Sequence[SendingIp]:
        """Return the IPs of a stream that may be used, by id; those in a pool when one is named."""
        ...


class Identities(Protocol):
    """The identities."""

    def get(self, org_id: str, identity_id: str) -> Identity | None:
        """Return one identity as it is now."""
        ...


@dataclass(frozen=True, slots=True)
class LiveLimits:
    """The limits of identities as they are now: a started campaign's copy has those of then.

    Whoever has read them believes them for `FRESH`; a number that was changed meanwhile stands in
    the windows' rows (flows/rate_settings.py), so only a new limit takes that long.
    """

    identities: Identities
    known: dict[tuple[str, str], tuple[datetime, tuple[RateLimit, ...]]] = field(
        default_factory=dict
    )

    def of(self, identity: Identity, now: datetime) -> tuple[RateLimit, ...]:
        """Return an identity's limits; those of the copy when the identity is gone."""
        key = identity.org_id, identity.identity_id
        read_at, limits = self.known.get(key, (None, ()))
        if read_at is None or now >= read_at + FRESH:
            found = self.identities.get(*key)
            limits = (found or identity).rate_limits
            if len(self.known) >= KEPT:
                self.known.clear()
            self.known[key] = now, limits
        return limits


@dataclass(frozen=True, slots=True)
class Placement:
    """The places of one block."""

    letters: str  # one for each recipient (domain/batch.py)
    ip_ids: tuple[str, ...]  # that the letters stand for
    waits: tuple[datetime, ...]  # turns of those whom rate limits keep
    until: datetime  # when the first of the places is a place no more
    ips: Mapping[str, SendingIp]
    days: Mapping[ReservationKey, int]  # reserved, by key
    windows: Mapping[Gate, int]  # reserved, by limit
    holder: Holder


@dataclass(frozen=True, slots=True)
class Places:
    """The places of blocks, with their collaborators."""

    sending_ips: SendingIps
    days: BlockDays
    rates: BlockRates
    limits: LiveLimits
    stream: Stream = Stream.MARKETING

    def reserve(
        self, batch: Batch, block: Sequence[Recipient], identity: Identity, now: datetime
    ) -> Placement:
        """Reserve a place for everybody who may be mailed, as far as days and limits allow."""
        active = self.sending_ips.active(batch.ref.org_id, self.stream, identity.pool_id)
        ips = {ip.ip_id: ip for ip in active}
        name = f"{batch.ref.campaign_id}#{batch.ref.shard}#{batch.ref.batch_id}"
        holder = Holder(name, batch.watermark)
        keys = {ip: ReservationKey(ip, now.date(), name, batch.watermark) for ip in ips}
        # A single message's identity was read for it; a campaign's is a copy.
        limits = identity.rate_limits if batch.submitted else self.limits.of(identity, now)
        if limits or any(ip.rate_limits for ip in active):
            gates = Gates(
                sending_rate.gates(
                    batch.ref.org_id, Owner.IDENTITY, identity.identity_id, limits, now
                ),
                {
                    ip.ip_id: sending_rate.gates(ip.org_id, Owner.IP, ip.ip_id, ip.rate_limits, now)
                    for ip in active[: len(PLACES)]
                },
            )
            return self._by_rate(block, gates, ips, keys, holder, now)
        wanted = sum(one.left_out is None for one in block)
        granted = self.days.reserve(ips, keys, wanted)
        letters, ip_ids = block_rules.place(block, granted)
        days = {keys[ip]: places for ip, places in granted.items()}
        return Placement(letters, ip_ids, (), day_end(now), ips, days, {}, holder)

    def _by_rate(
        self,
        block: Sequence[Recipient],
        gates: Gates,
        ips: Mapping[str, SendingIp],
        keys: Mapping[str, ReservationKey],
        holder: Holder,
        now: datetime,
    ) -> Placement:
        ips = {ip: ips[ip] for ip in gates.own}
        providers = {
            i: one.contact.provider
            for i, one in enumerate(block)
            if one.left_out is None and one.contact
        }
        rated = self.rates.reserve(ips, keys, gates, providers, holder)
        letters, ip_ids = block_rules.written(block, rated.placing.over, rated.waiting)
        windows = {one: n for one, n in rated.granted.items() if isinstance(one, Gate)}
        days = {keys[one]: n for one, n in rated.granted.items() if isinstance(one, str)}
        until = min([day_end(now), *(gate.ends for gate in windows)])
        waits = _in_time(rated.waits, block)
        return Placement(letters, ip_ids, waits, until, ips, days, windows, holder)

    def give_back(
        self,
        placement: Placement,
        block: Sequence[Recipient],
        opened: Batch,
        outcomes: Mapping[int, Outcome],
    ) -> None:
        """Return the places that nobody used; what fails here ends with its day or window.

        A block whose outcomes are known must not fall into doubt for a few places.
        """
        for key, granted in placement.days.items():
            unused = granted - block_rules.used(opened, outcomes, key.ip_id)
            if unused:
                with suppress(RetryableError):
                    self.days.quota.give_back(key, unused)
        for gate, granted in placement.windows.items():
            unused = granted - _passed(gate, block, opened, outcomes)
            if unused:
                with suppress(RetryableError):
                    self.rates.rates.give_back(gate, placement.holder, unused)


def _in_time(waits: Sequence[datetime], block: Sequence[Recipient]) -> tuple[datetime, ...]:
    """Return turns of which none is later than anybody's message expires: then that is told."""
    expiries = [one.expires_at for one in block if one.expires_at]
    return tuple(min([turn, *expiries]) for turn in waits)


def _passed(
    gate: Gate, block: Sequence[Recipient], opened: Batch, outcomes: Mapping[int, Outcome]
) -> int:
    """Count the hand-overs under a limit that happened or may have: a doubt keeps its place."""
    return sum(
        isinstance(outcomes.get(i), Accepted | Unknown) and _counts(gate, ip_id, block[i])
        for i, ip_id in block_rules.placed(opened).items()
    )


def _counts(gate: Gate, ip_id: str, one: Recipient) -> bool:
    if gate.meter.owner is Owner.IP and gate.meter.owner_id != ip_id:
        return False
    return one.contact is not None and gate.limit.covers(one.contact.provider)
