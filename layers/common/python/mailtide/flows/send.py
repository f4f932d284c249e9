"""Send: work one batch, block by block, so that nobody is ever handed over twice.

A run takes the batch (its pointer is used up by that), settles what a dead holder left open,
claims and sends blocks, and ends when the batch is done, its places are used up, the campaign
stops or time runs short. Each write is a compare-and-swap on the row's revision: whoever lost the
batch finds out at the next write and claims nothing more.
Source: docs/domain/sending.md.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from mailtide.domain import batch as rules
from mailtide.domain.batch import Batch, BatchRef, Phase, Tally
from mailtide.domain.campaign import Campaign, State
from mailtide.errors import RetryableError
from mailtide.flows.block import BlockResult
from mailtide.flows.pointers import Order


class Ending(StrEnum):
    """Why a run ended."""

    STALE = "stale"  # another copy of the pointer, or a newer one, has the batch
    DONE = "done"
    PLACES_USED = "places_used"
    OUT_OF_TIME = "out_of_time"
    NOT_SENDING = "not_sending"
    LOST = "lost"  # another sender took the batch over while this one worked


class Batches(Protocol):
    """The rows of batches."""

    def get(self, ref: BatchRef) -> Batch | None:
        """Read one row consistently."""
        ...

    def swap(self, old: Batch, new: Batch, nonce: str) -> bool:
        """Write `new` with `old.revision + 1` if the row still has `old.revision`.

        True also when the row already carries `nonce`: the reply of an earlier try was lost.
        """
        ...


class Campaigns(Protocol):
    """The campaigns."""

    def of(self, batch: Batch) -> Campaign | None:
        """Read the campaign of a batch consistently."""
        ...


class Blocks(Protocol):
    """What happens inside one block (flows/block.py)."""

    def send(
        self,
        batch: Batch,
        campaign: Campaign,
        until: datetime,
        store: Callable[[Batch], Batch | None],
    ) -> BlockResult | None:
        """Send the claimed block; `store` writes the opened row; None when the batch was lost."""
        ...

    def close(self) -> None:
        """Let go of connections that were kept from block to block."""
        ...


class Takeovers(Protocol):
    """What a dead or late holder leaves behind (flows/takeover.py)."""

    def settle(self, opened: Batch, campaign: Campaign) -> Tally:
        """Settle a block that a former holder opened."""
        ...

    def testify(self, result: BlockResult) -> None:
        """Tell whoever took the batch over what became of the block this holder finished."""
        ...


class Orders(Protocol):
    """The queue of the sender."""

    def send(self, orders: list[Order]) -> None:
        """Enqueue pointers."""
        ...


class _LostError(Exception):
    """Another sender has the batch."""


@dataclass(frozen=True, slots=True)
class Sender:
    """The send flow with its collaborators."""

    batches: Batches
    campaigns: Campaigns
    blocks: Blocks
    takeovers: Takeovers
    orders: Orders
    clock: Callable[[], datetime]
    lease: timedelta  # the function's time-out and a minute: a holder cannot outlive it
    block_size: int = rules.BLOCK_SIZE

    def run(self, order: Order, holder: str, until: datetime) -> Ending:
        """Work the batch that `order` points to.

        Args:
            order: the pointer from the queue.
            holder: names this run; no two runs share it.
            until: no block is claimed after this instant, and no hand-over begins.
        """
        batch = self.batches.get(order.ref)
        if batch is None or batch.fence != order.fence or batch.phase is Phase.DONE:
            return Ending.STALE
        run = _Run(self, holder, batch)
        if not run.try_store(rules.take(batch, self._lease_end())):
            return Ending.STALE
        try:
            return self._work(run, until)
        except _LostError:
            return Ending.LOST
        except RetryableError:
            # The block is known but not in the row: whoever takes it over has to hear of it.
            run.testify()
            raise
        finally:
            self.blocks.close()

    def _work(self, run: "_Run", until: datetime) -> Ending:
        batch = run.stored  # what the row will say once the last block's result is stored too
        while True:
            campaign = self.campaigns.of(batch)
            if campaign is None:
                return Ending.STALE
            if batch.phase is Phase.OPENED:
                batch = rules.settle(batch, self.takeovers.settle(batch, campaign), self.clock())
                continue
            ending = self._ending(batch, campaign, until)
            if ending is not None:
                self._end(run, batch, ending)
                return ending
            claim = rules.claim(batch, self._lease_end(), self.block_size)
            claimed = run.store(claim)
            run.result = self.blocks.send(claimed, campaign, until, run.try_store)
            if run.result is None:
                raise _LostError
            batch = rules.settle(run.stored, run.result.tally, self.clock())

    def _ending(self, batch: Batch, campaign: Campaign, until: datetime) -> Ending | None:
        """Say why no further block may be claimed; None when one may."""
        if batch.phase is Phase.DONE:
            return Ending.DONE
        if batch.phase is Phase.WAITING:
            return Ending.PLACES_USED
        if campaign.state is not State.SENDING:
            return Ending.NOT_SENDING
        return Ending.OUT_OF_TIME if self.clock() >= until else None

    def _end(self, run: "_Run", batch: Batch, ending: Ending) -> None:
        """Store the last result and free the lease; out of time, a fresh pointer goes on."""
        now = self.clock()
        if ending is Ending.OUT_OF_TIME:
            places = batch.released_to - batch.watermark
            batch = rules.release(rules.hand_back(batch, now), places, now + self.lease)
        elif ending is Ending.NOT_SENDING:
            batch = rules.hand_back(batch, now)
        stored = run.store(batch)
        if ending is Ending.OUT_OF_TIME:
            self.orders.send([Order(stored.ref, stored.fence, stored.submitted)])

    def _lease_end(self) -> datetime:
        return self.clock() + self.lease


@dataclass(slots=True)
class _Run:
    """One run's hold on one row: the version it wrote last."""

    sender: Sender
    holder: str
    stored: Batch
    result: BlockResult | None = None  # of the last block, until the row has it

    def store(self, batch: Batch) -> Batch:
        """Write the row; a run that lost it says first what became of its last block."""
        stored = self.try_store(batch)
        if stored is None:
            self.testify()
            raise _LostError
        self.result = None
        return stored

    def testify(self) -> None:
        """Say what became of the last block if the row does not."""
        if self.result is not None:
            self.sender.takeovers.testify(self.result)

    def try_store(self, batch: Batch) -> Batch | None:
        """Write the row over the version written last; None when somebody else has it."""
        nonce = f"{self.holder}:{self.stored.revision}"
        if not self.sender.batches.swap(self.stored, batch, nonce):
            return None
        self.stored = replace(batch, revision=self.stored.revision + 1)
        return self.stored
