"""Places in memory: what days and windows have in common, as `store.places` is for the tables."""

from collections import Counter
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


@dataclass(slots=True)
class Reservation:
    """What a key was granted, and what of it was returned."""

    granted: int
    returned: int | None = None

    @property
    def places(self) -> int:
        """Places that it holds."""
        return self.granted - (self.returned or 0)


@dataclass(slots=True)
class Places(Generic[K]):
    """Counts of reserved places, and who has reserved them."""

    reserved: Counter[K] = field(default_factory=Counter)
    reservations: dict[tuple[K, Hashable], Reservation] = field(default_factory=dict)

    def held(self, of: K, holder: Hashable) -> int:
        """Return the places that a holder's reservation holds; 0 when there is none."""
        reservation = self.reservations.get((of, holder))
        return reservation.places if reservation else 0

    def reserve(self, of: K, holder: Hashable, wanted: int, grant: Callable[[int], int]) -> int:
        """Have up to `wanted` places reserved, earlier ones included; return how many there are.

        Args:
            of: whose places.
            holder: who wants them.
            wanted: how many in all.
            grant: says how many of so many more there are.
        """
        held, reservation = self.held(of, holder), self.reservations.get((of, holder))
        more = grant(wanted - held)
        if more <= 0 or (reservation and reservation.returned is not None):
            return held
        self.reservations[of, holder] = Reservation(held + more)
        self.reserved[of] += more
        return held + more

    def give_back(self, of: K, holder: Hashable, unused: int) -> None:
        """Return places that no hand-over used; only the first call does anything."""
        reservation = self.reservations.get((of, holder))
        if reservation and reservation.returned is None and unused <= reservation.granted:
            reservation.returned = unused
            self.reserved[of] -= unused
