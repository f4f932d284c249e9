"""Window: how many messages may be unanswered on a connection with CHUNKING, as losses teach it.

A wide window saves round trips; what is unanswered when a connection is lost is in doubt. So the
window of a relay is halved when one is lost with messages in doubt, and grows by one with each 64
messages taken: a relay that keeps losing connections soon costs one doubt each time, as plain
order does, and one that lost them once is soon fast again.
Source: docs/domain/relays.md.
"""

WIDEST = 8  # messages; more gain little, 8 of them fill a connection's buffers
TAKEN_TO_GROW = 64  # messages; two losses within as many weigh more than the growth between them


class Window:
    """The window of one relay, shared by all sessions with it."""

    __slots__ = ("_taken", "messages")

    def __init__(self) -> None:
        self.messages = WIDEST
        self._taken = 0  # since the window last changed

    def taken(self) -> None:
        """Note that the relay took a message, and said so."""
        self._taken += 1
        if self._taken >= TAKEN_TO_GROW:
            self._taken = 0
            self.messages = min(WIDEST, self.messages + 1)

    def lost(self) -> None:
        """Note that a connection was lost, and with it what became of a message."""
        self._taken = 0
        self.messages = max(1, self.messages // 2)
