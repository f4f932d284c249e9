"""Suppression audit: who took which suppression back, when and why.

It names a contact by id alone and quotes no evidence, so that it may be kept when a person is
erased.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from mailtide.domain.suppression import Reason


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One lifting."""

    org_id: str
    entry_id: str  # the newest sorts first
    at: datetime
    key_id: str  # of the API key that asked
    contact_id: str
    reasons: Mapping[Reason, datetime]  # what was taken back, and since when it had stood
    note: str
