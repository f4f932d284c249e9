"""Operator: pauses, resumes and cancels the campaign at steps of its own choice."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from local.world.case import CAMPAIGN, ORG
from mailtide.domain.campaign import TRANSITIONS, Move, State

if TYPE_CHECKING:
    from local.world.world import World

_RUNNING = (State.SENDING, State.PAUSED)


@dataclass(slots=True)
class Operator:
    """So many moves, each at a step; what the campaign's state does not allow is left out."""

    world: "World"
    moves: list[tuple[int, Move]]  # (step, move), in order

    def act(self, step: int) -> None:
        """Do what is due by a step."""
        while self.moves and self.moves[0][0] <= step:
            self._try(self.moves.pop(0)[1])

    def come_back(self) -> None:
        """Resume what is paused: everything else has come to rest."""
        self._try(Move.RESUME)

    def _try(self, move: Move) -> None:
        campaign = self.world.campaigns.rows[ORG, CAMPAIGN]
        if campaign.state in _RUNNING and (campaign.state, move) in TRANSITIONS:
            self.world.campaigns.move(campaign, move, self.world.clock.now)
