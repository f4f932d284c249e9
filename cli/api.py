"""A caller of the HTTP API, as a customer's program would be."""

from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self

import httpx

TIMEOUT_SECONDS = 60.0  # a cold function on a busy laptop takes its time


class ApiError(Exception):
    """The API answered with a problem (RFC 9457)."""

    def __init__(self, method: str, path: str, response: httpx.Response) -> None:
        self.status = response.status_code
        self.problem = _json_or_empty(response)
        self.code = str(self.problem.get("code", ""))
        said = self.problem.get("detail") or response.text[:300]
        super().__init__(f"{method} {path}: {self.status} {self.code} {said}".strip())


class Api:
    """Calls with one key (or none); safe to share between threads."""

    def __init__(self, url: str, key: str | None) -> None:
        self.url = url
        self.key = key
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
        return self._call("GET", path, query=query)

    def post(self, path: str, body: Any = None) -> Any:
        """Make or start something."""
        return self._call("POST", path, body)

    def all(self, path: str, **query: str) -> Iterator[Any]:
        """Yield everything of a listing, page after page."""
        after: dict[str, str] = {}
        while True:
            page = self.get(path, **query, **after)
            yield from page["data"]
            if not page["has_more"]:
                return
            after = {"after": page["next"]}

    def _call(
        self, method: str, path: str, body: Any = None, query: dict[str, str] | None = None
    ) -> Any:
        response = self._client.request(method, path, json=body, params=query)
        if not response.is_success:
            raise ApiError(method, path, response)
        return response.json() if response.content else None


def put_file(upload: dict[str, Any], content: bytes) -> None:
    """Upload a file to where the API said, in the way it said.

    Raises:
        httpx.HTTPStatusError: the store refused it.
    """
    response = httpx.request(
        upload["method"],
        upload["url"],
        headers=upload["headers"],
        content=content,
        timeout=TIMEOUT_SECONDS,
    )
    response.raise_for_status()


def _json_or_empty(response: httpx.Response) -> dict[str, Any]:
    try:
        value = response.json()
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
