"""Fetch and post as readers, scanners and feedback loops do: one request, no redirect followed.

A request is tried again, unchanged, while the server answers 5xx or not at all. Only this machine
is ever contacted: an address elsewhere is refused and shows in the ledger as not happened.
"""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import aiohttp
from yarl import URL

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
TRIES = 6
_PAUSE_SECONDS = 0.25  # before the second try; doubles
# Of one request on its connection: how long it waits for a free one says nothing of the server.
_TIMEOUT = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=60)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said to a request in the end; instants are those of the last try."""

    started_at: datetime
    answered_at: datetime
    status: int | None  # None: no answer, or not sent because the address is elsewhere
    location: str | None
    tries: int
    doubtful: bool  # a try ended without a clear answer: it may have counted


def is_local(url: str) -> bool:
    """Tell whether an address is on this machine."""
    return URL(url, encoded=True).host in LOOPBACK


class Browser:
    """Makes the requests; `session` bounds how many run at once."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def request(
        self, method: str, url: str, *, headers: dict[str, str], body: Any = None
    ) -> Answer:
        """Send one request until the server gives a clear answer or the tries are used up."""
        started_at = datetime.now(UTC)
        if not is_local(url):
            return Answer(started_at, started_at, None, None, tries=0, doubtful=False)
        doubtful = False
        for tried in range(1, TRIES + 1):
            started_at = datetime.now(UTC)
            status, location = await self._try(method, url, headers, body)
            unclear = status is None or status >= 500
            if not unclear or tried == TRIES:
                doubtful = doubtful or unclear
                return Answer(started_at, datetime.now(UTC), status, location, tried, doubtful)
            doubtful = True
            await asyncio.sleep(_PAUSE_SECONDS * 2 ** (tried - 1))
        raise AssertionError("the last try always returns")

    async def _try(
        self, method: str, url: str, headers: dict[str, str], body: Any
    ) -> tuple[int | None, str | None]:
        try:
            async with self._session.request(
                method,
                URL(url, encoded=True),
                headers=headers,
                data=body() if callable(body) else body,
                allow_redirects=False,
                timeout=_TIMEOUT,
            ) as response:
                await response.read()
                return response.status, response.headers.get("Location")
        except (aiohttp.ClientError, TimeoutError):
            return None, None
