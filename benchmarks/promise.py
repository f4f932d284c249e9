"""Promise: one claim about speed or cost, what was measured for it, and whether it holds."""

from dataclasses import dataclass
from importlib import import_module


@dataclass(frozen=True, slots=True)
class Promise:
    """One line of the results.

    `measured` and `bound` are ratios or counts taken in one run; `figures` says what they were
    made of, with units.
    """

    claim: str
    measured: float
    bound: float
    at_least: bool  # the bound is a floor; else a ceiling
    figures: str
    unit: str = "x"

    @property
    def kept(self) -> bool:
        """Whether the promise holds."""
        return self.measured >= self.bound if self.at_least else self.measured <= self.bound

    def row(self) -> str:
        """Return the line of the table."""
        sign = "≥" if self.at_least else "≤"
        measured, bound = (f"{value:,.3g} {self.unit}" for value in (self.measured, self.bound))
        verdict = "yes" if self.kept else "**no**"
        return f"| {self.claim} | {measured} | {sign} {bound} | {verdict} | {self.figures} |"


HEAD = "| promise | measured | bound | kept | from |\n| --- | --- | --- | --- | --- |"


def measured(benchmark: str) -> list["Promise"]:
    """Run one benchmark, a module of this package."""
    return list(import_module(f"benchmarks.{benchmark}").run())
