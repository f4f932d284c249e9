"""Block: up to 100 recipients of a batch, from reading their rows to knowing what became of them.

The order of the steps is what keeps anybody from being handed over twice:

    1. the block is claimed                      (flows/send.py)
    2. contacts and suppressions are read; places are reserved    (flows/places.py)
    3. the block is opened: the row names who is placed where
    4. their `sent` rows are written ahead, with every dimension
    5. bytes leave                               (flows/hand_over.py)
    6. one later batch takes those without a place and those put off
    7. the rows of the exceptions are corrected  (6 and 7: flows/conclude.py)

A death after 3 leaves at most this block in doubt; flows/takeover.py settles it.
Source: docs/domain/sending.md.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from mailtide.domain import batch as rules
from mailtide.domain import block as block_rules
from mailtide.domain.batch import Batch, Tally
from mailtide.domain.block import Recipient
from mailtide.domain.campaign import Campaign
from mailtide.domain.handover import Outcome, Refused
from mailtide.domain.message import SUPPRESSED, EventRow
from mailtide.errors import RetryableError
from mailtide.flows.conclude import Conclusion
from mailtide.flows.hand_over import Composition, HandOver
from mailtide.flows.places import Places


class Reader(Protocol):
    """Reads what a block's recipients are at this moment (flows/recipients.py)."""

    def read(self, batch: Batch) -> Sequence[Recipient]:
        """Return the recipients of the claimed block, in the manifest's order."""
        ...


class Messages(Protocol):
    """The rows of messages, as far as the sender writes them."""

    def write_ahead(self, rows: Sequence[EventRow]) -> None:
        """Write rows whose keys fix their content; all of them, or RetryableError."""
        ...


class Composer(Protocol):
    """Makes compositions."""

    def compose(self, campaign: Campaign) -> Composition:
        """Return the campaign's content; the same object as long as the campaign is the same."""
        ...


@dataclass(frozen=True, slots=True)
class BlockResult:
    """What became of a block that this holder worked on."""

    opened: Batch
    rows: Mapping[int, EventRow]  # as written ahead, by index in the block
    outcomes: Mapping[int, Outcome]
    tally: Tally


@dataclass(frozen=True, slots=True)
class Blocks:
    """The steps inside one block, with their collaborators."""

    reader: Reader
    places: Places
    messages: Messages
    conclusion: Conclusion
    composer: Composer
    hand_over: HandOver
    clock: Callable[[], datetime]

    def send(
        self,
        batch: Batch,
        campaign: Campaign,
        until: datetime,
        store: Callable[[Batch], Batch | None],
    ) -> BlockResult | None:
        """Send the claimed block; None when the batch was lost before anybody was mailed.

        Args:
            batch: the claimed row.
            campaign: its campaign, read since the block before was sent.
            until: no hand-over begins after it.
            store: writes the opened row; None when somebody else has the batch.
        """
        composition = self.composer.compose(campaign)
        block = self.reader.read(batch)
        now = self.clock()
        places = self.places.reserve(batch, block, composition.identity, now)
        until = min(until, places.until)  # a place of yesterday is no place
        ips = {ip: places.ips[ip] for ip in places.ip_ids}
        ways = {ip: self.hand_over.way(ips[ip]) for ip in ips}
        letters, ip_ids, waits = places.letters, places.ip_ids, places.waits
        opened = store(rules.open_block(batch, letters, ip_ids, now, waits))
        if opened is None:
            return None
        rows = block_rules.rows(block, opened, campaign)
        trouble = self._write_ahead(rows)
        if trouble is None:
            over = {i: ways[ip] for i, ip in block_rules.placed(opened).items()}
            outcomes = self.hand_over.run(block, over, composition, until)
        else:
            outcomes = dict.fromkeys(block_rules.placed(opened), trouble)
        planned = [one.planned for one in block]
        tally = self.conclusion.run(opened, planned, rows, outcomes, campaign)
        if trouble is not None:
            # Those left out go into no later batch, so nobody else would write their rows.
            self.messages.write_ahead([r for r in rows.values() if r.event_key == SUPPRESSED])
        self.places.give_back(places, block, opened, outcomes)
        return BlockResult(opened, rows, outcomes, tally)

    def _write_ahead(self, rows: Mapping[int, EventRow]) -> Refused | None:
        """Write the rows before any byte leaves; return why the block is put off when it fails."""
        try:
            self.messages.write_ahead(list(rows.values()))
        except RetryableError as trouble:
            return Refused(later=True, code=None, response=trouble.detail, tried=False)
        return None

    def close(self) -> None:
        """Let go of connections; the next block opens new ones."""
        self.hand_over.close()
