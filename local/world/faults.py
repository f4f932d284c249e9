"""Faults: what may go wrong at a step, and the layer that makes every call of a store a step."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

from mailtide.errors import RetryableError


class Fault(StrEnum):
    """What happens at one step."""

    FAILS_BEFORE = "fails_before"  # an error, and nothing happened
    REPLY_LOST = "reply_lost"  # it took effect, and the caller got an error
    REPEATED = "repeated"  # the reply was lost and the client's own retry made the call again
    DIES_BEFORE = "dies_before"  # the process ends before the call
    DIES_AFTER = "dies_after"  # the process ends when the call has taken effect
    FREEZES = "freezes"  # the process stands still for an hour, then goes on as if nothing had been


FREEZE = timedelta(hours=1)  # far beyond every lease


class DeathError(BaseException):
    """A process was killed; no flow can catch it."""


@dataclass(frozen=True, slots=True)
class Steps:
    """What a step needs of the scheduler."""

    step: Callable[[str], Fault | None]  # lets others run; returns the fault that strikes here
    freeze: Callable[[timedelta], None]
    count: Callable[[], int]  # steps so far

    def freeze_here(self) -> None:
        """Let the running process stand still."""
        self.freeze(FREEZE)

    def die(self, name: str) -> None:
        """End the running process."""
        raise DeathError(name)

    def call(self, name: str, effect: Callable[[], Any]) -> Any:
        """Make one call a step."""
        fault = self.step(name)
        if fault is Fault.FREEZES:
            self.freeze(FREEZE)
        if fault is Fault.DIES_BEFORE:
            raise DeathError(name)
        if fault is Fault.FAILS_BEFORE:
            raise RetryableError(f"{name} failed")
        result = effect()
        if fault is Fault.REPEATED:
            result = effect()
        if fault is Fault.DIES_AFTER:
            raise DeathError(name)
        if fault is Fault.REPLY_LOST:
            raise RetryableError(f"the reply of {name} was lost")
        return result


class Faulty:
    """A collaborator whose every method call is a step."""

    def __init__(self, target: object, name: str, steps: Steps) -> None:
        self._target = target
        self._name = name
        self._steps = steps

    def __getattr__(self, attribute: str) -> Any:
        method = getattr(self._target, attribute)

        def stepped(*args: Any, **kwargs: Any) -> Any:
            return self._steps.call(f"{self._name}.{attribute}", lambda: method(*args, **kwargs))

        return stepped
