"""Finding: something that somebody should know before it becomes a problem, in words."""

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How much a finding matters."""

    ERROR = "error"  # a start is refused
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to know before a start."""

    check: str
    severity: Severity
    message: str
