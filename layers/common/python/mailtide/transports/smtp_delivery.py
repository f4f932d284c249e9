"""Delivery: the calls of one moment, each a queue of messages for one relay, in one event loop.

A relay gets one connection at first. When that has carried a message to its answer, more are
opened, as many as pay; so a relay that takes nothing, or never answers, costs few messages.
Source: docs/domain/relays.md.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from time import monotonic, sleep

from mailtide.domain.handover import Outcome
from mailtide.transports.smtp_dial import Dial, Target
from mailtide.transports.smtp_link import Link
from mailtide.transports.smtp_opening import NoConnectionError
from mailtide.transports.smtp_patience import Patience
from mailtide.transports.smtp_poll import Poll
from mailtide.transports.smtp_queue import Queue
from mailtide.transports.smtp_session import Session

WORTH = 4  # messages that make another connection pay: opening it takes as many round trips
NEAR_SECONDS = 0.001  # a relay whose replies take less is on this host, or next to it
GATHER_SECONDS = 0.001  # for which the answers of such a relay are gathered
GATHER_FROM = 4  # connections
IDLE = timedelta(seconds=5)  # that a connection is kept between two calls


class Delivery:
    """One call: its queue and its connections."""

    def __init__(
        self,
        queue: Queue,
        target: Target,
        addresses: Callable[[], Sequence[str]],
        patience: Patience,
        connections: int,
        kept: list[Link],
        clock: Callable[[], datetime],
    ) -> None:
        self.queue = queue
        self._target = target
        self._find = addresses
        self._addresses: Sequence[str] = ()  # found once, and again when they led nowhere
        self._patience = patience
        self._most = connections
        self._kept = kept  # between calls
        self._clock = clock
        self._links: set[Link] = set()
        self._dials: set[Dial] = set()
        self._near = False

    @property
    def gathers(self) -> bool:
        """Whether it is worth to let answers gather before they are looked at.

        To wake up for each costs more than what is done for a message. A relay that is near and
        has this many connections is kept busy by the others meanwhile; one that is far is not.
        """
        return self._near and len(self._links) >= GATHER_FROM

    def begin(self, poll: Poll) -> None:
        """Go on with what was kept, or open the first connection."""
        self._poll = poll
        now = self._clock()
        while self._kept:
            link = self._kept.pop()
            since = link.idle_since
            if since is None or now - since > IDLE or not link.silent:
                link.close()
                continue
            link.session.work = self.queue
            self._attach(link)
        for link in tuple(self._links):
            if link in self._links:  # the end of another may have ended it
                link.go_on()
        self.open()

    def _attach(self, link: Link) -> None:
        link.attach(self._poll, self._patience, self._over)
        self._links.add(link)
        self._near = self._near or link.near

    def end(self, *, keep: bool) -> None:
        """Keep the connections that are good for another call, and close the others."""
        now = self._clock()
        for link in self._links:
            if keep and link.session.idle:
                link.detach()
                link.idle_since = now
                self._kept.append(link)
            else:
                link.close()
        for dial in self._dials:
            dial.close()

    def open(self) -> None:
        """Open as many connections as pay."""
        if len(self._links) == self._most:
            return
        while len(self._links) + len(self._dials) < self._wanted():
            try:
                self._addresses = self._addresses or self._find()
            except NoConnectionError as error:
                self._no_session(error)
                continue
            dial = Dial(self._target, self._addresses, self._patience, self._poll, self._opened)
            self._dials.add(dial)
            dial.start()

    def _wanted(self) -> int:
        waiting = len(self.queue.waiting)
        if not waiting or self.queue.late():
            return 0
        if not any(link.session.answered for link in self._links):
            return 1
        return min(self._most, len(self._links) + waiting // WORTH)

    def _over(self, link: Link) -> None:
        """Let go of a connection whose session is over, and see to what it gave back."""
        self._links.discard(link)
        link.close()
        self.queue.session_over(link.session.trouble, link.session.answered)
        for other in tuple(self._links):
            if self.queue.waiting and other in self._links and other.session.idle:
                other.go_on()

    def _opened(self, dial: Dial) -> None:
        """Use a connection that is open, or heed that it will not be."""
        self._dials.discard(dial)
        if dial.extensions is None:
            self._addresses = ()
            self._no_session(dial.failure or NoConnectionError("no connection to the relay"))
            return
        self._poll.unregister(dial.socket)
        near = dial.fastest < NEAR_SECONDS
        link = Link(dial.socket, Session(dial.extensions, self.queue), near=near)
        self._attach(link)
        link.go_on()

    def _no_session(self, error: NoConnectionError) -> None:
        if self._links or self._dials:
            self._most = len(self._links) + len(self._dials)  # the relay has had enough
        else:
            self.queue.no_session(error)

    def look(self, now: float) -> float:
        """End the waits that took too long; return when the next one may have."""
        for link in tuple(self._links):
            if link.deadline <= now and link in self._links:
                link.expire()
        for dial in tuple(self._dials):
            if dial.deadline <= now and dial in self._dials:
                dial.expire()
        ends = [link.deadline for link in self._links] + [dial.deadline for dial in self._dials]
        return min([*ends, now + self._patience.pause])


def deliver(deliveries: Sequence[Delivery]) -> list[list[Outcome]]:
    """Hand all messages over; return the outcomes of each call in its order."""
    done = False
    with Poll() as poll:
        try:
            for delivery in deliveries:
                delivery.begin(poll)
            _run(deliveries, poll)
            done = True
        finally:
            for delivery in deliveries:
                delivery.end(keep=done)
    return [delivery.queue.outcomes() for delivery in deliveries]


def _run(deliveries: Sequence[Delivery], poll: Poll) -> None:
    look = 0.0
    while busy := [delivery for delivery in deliveries if delivery.queue.unsettled]:
        if all(delivery.gathers for delivery in busy):
            sleep(GATHER_SECONDS)
        now = monotonic()
        if now >= look:
            look = min(delivery.look(now) for delivery in deliveries)
        poll.wait(max(0.0, look - now))
        for delivery in busy:
            delivery.open()
