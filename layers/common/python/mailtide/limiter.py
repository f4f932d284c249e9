"""Limiter: counts the requests of each organisation, and lets them through when it cannot.

A count costs one write unit. An organisation that is over its limit is not counted on, nor is
anything while the table is in trouble: protection must not be what takes the API down.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from botocore.exceptions import ClientError

from mailtide.domain.rate_limit import Allowance, allowance, window_of
from mailtide.errors import RetryableError
from mailtide.observability import logger

TROUBLE_LASTS = timedelta(seconds=10)  # then the table is tried again

Count = Callable[[str, datetime], int]  # of an organisation and a window, one more


@dataclass(slots=True)
class Limiter:
    """The requests of all organisations, as one process sees them."""

    count: Count
    limit: int  # requests of an organisation and minute; 0 is no limit
    _over: dict[str, datetime] = field(default_factory=dict)  # the window of who is over
    _trouble_until: datetime | None = None

    def spend(self, org_id: str, now: datetime) -> Allowance | None:
        """Count a request; None when there is no limit, or none that can be counted."""
        if self.limit == 0 or (self._trouble_until and now < self._trouble_until):
            return None
        window = window_of(now)
        if self._over.get(org_id) == window:
            return allowance(self.limit, self.limit + 1, now)
        try:
            used = self.count(org_id, window)
        except (RetryableError, ClientError) as error:
            logger.warning("requests are not counted", exc_info=error)
            self._trouble_until = now + TROUBLE_LASTS
            return None
        if used > self.limit:
            self._over = {org: at for org, at in self._over.items() if at == window}
            self._over[org_id] = window
        return allowance(self.limit, used, now)
