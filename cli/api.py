"""A caller of the HTTP API, as a customer's program would be."""

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

TIMEOUT_SECONDS = 60.0  # a cold function on a busy laptop takes its time
TRIES = 4  # of a call that is answered "later"
LONGEST_WAIT_SECONDS = 30.0
PIECE = 1 << 18  # bytes of a file that are sent between two looks at the progress
_LATER = frozenset({429, 503})
_BEING_DONE = "idempotency_in_progress"  # an earlier try, whose answer was lost
_LOST = (httpx.ReadError, httpx.ReadTimeout, httpx.RemoteProtocolError, httpx.WriteError)


class ApiError(Exception):
    """The API answered with a problem (RFC 9457)."""

    def __init__(self, method: str, path: str, response: httpx.Response) -> None:
        self.status = response.status_code
        self.problem = _json_or_empty(response)
        self.code = str(self.problem.get("code", ""))
        self.detail = str(self.problem.get("detail") or response.text[:300])
        super().__init__(f"{method} {path}: {self.status} {self.code} {self.detail}".strip())


class Api:
    """Calls with one key (or none); safe to share between threads.

    A call that is answered "later" (429, 503), or whose answer is lost on the way, is made again;
    each change carries an idempotency key, so that its repeats are one.
    """

    def __init__(
        self, url: str, key: str | None, *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self.url = url
        self.key = key
        self._sleep = sleep
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._client = httpx.Client(base_url=url, headers=headers, timeout=TIMEOUT_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.close()

    def get(self, path: str, **query: str) -> Any:
        """Read something."""
        return self.call("GET", path, query=query)

    def post(self, path: str, body: Any = None, **query: str) -> Any:
        """Make or start something."""
        return self.call("POST", path, body, query=query)

    def all(self, path: str, **query: str) -> Iterator[Any]:
        """Yield everything of a listing, page after page."""
        after: dict[str, str] = {}
        while True:
            page = self.get(path, **query, **after)
            yield from page["data"]
            if not page["has_more"]:
                return
            after = {"after": page["next"]}

    def call(
        self, method: str, path: str, body: Any = None, query: dict[str, str] | None = None
    ) -> Any:
        """Make one call and return what it answers; None for nothing.

        Raises:
            ApiError: the API answered with a problem.
            httpx.HTTPError: it could not be reached.
        """
        headers = {} if method == "GET" else {"Idempotency-Key": uuid.uuid4().hex}
        request: dict[str, Any] = {"json": body, "params": query, "headers": headers}
        response = self._answer(method, path, request)
        if not response.is_success:
            raise ApiError(method, path, response)
        return response.json() if response.content else None

    def _answer(self, method: str, path: str, request: dict[str, Any]) -> httpx.Response:
        """Send a request until its answer is another than "later", or the tries are over."""
        for n in range(TRIES - 1):
            wait = None
            with suppress(*_LOST):
                response = self._client.request(method, path, **request)
                if not _is_later(response):
                    return response
                wait = _retry_after(response)
            self._sleep(min(wait or 2.0**n, LONGEST_WAIT_SECONDS))
        return self._client.request(method, path, **request)


def put_file(
    upload: dict[str, Any], content: bytes | Path, seen: Callable[[int], object] = int
) -> None:
    """Upload a file to where the API said, in the way it said.

    Args:
        upload: what the API answered: method, url and headers.
        content: the file, or its bytes.
        seen: told how many bytes went since it was last told.

    Raises:
        httpx.HTTPStatusError: the store refused it.
    """
    size = content.stat().st_size if isinstance(content, Path) else len(content)
    response = httpx.request(
        upload["method"],
        upload["url"],
        # A presigned upload takes no chunked body.
        headers={**upload["headers"], "Content-Length": str(size)},
        content=_pieces(content, seen),
        timeout=TIMEOUT_SECONDS,
    )
    response.raise_for_status()


def _pieces(content: bytes | Path, seen: Callable[[int], object]) -> Iterator[bytes]:
    if isinstance(content, bytes):
        seen(len(content))
        yield content
        return
    with content.open("rb") as file:
        while piece := file.read(PIECE):
            seen(len(piece))
            yield piece


def _is_later(response: httpx.Response) -> bool:
    return response.status_code in _LATER or _json_or_empty(response).get("code") == _BEING_DONE


def _retry_after(response: httpx.Response) -> float | None:
    text = response.headers.get("retry-after", "")
    return float(text) if text.isdecimal() else None


def _json_or_empty(response: httpx.Response) -> dict[str, Any]:
    try:
        value = response.json()
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
