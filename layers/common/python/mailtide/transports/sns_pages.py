"""SNS's pages: signing certificates and confirmations, over TLS, in little time and size.

Addresses are checked before they come here (`sources/sns.py`); no redirect is followed from them.
Units: seconds, bytes.
"""

from dataclasses import dataclass, field

from urllib3 import BaseHTTPResponse, PoolManager, Timeout
from urllib3.exceptions import HTTPError

from mailtide.errors import RetryableError

SIZE_LIMIT = 64 * 1024  # a certificate has 2 KB
MOST_KEPT = 32  # SNS changes its certificate about once a year
_TIMEOUT = Timeout(total=5, connect=2)


@dataclass(frozen=True, slots=True)
class SnsPages:
    """Fetches them; certificates are kept while the process lives."""

    pool: PoolManager
    kept: dict[str, bytes] = field(default_factory=dict)

    def certificate(self, url: str) -> bytes:
        """Return a signing certificate (PEM).

        Raises:
            RetryableError: when it cannot be fetched now.
        """
        if url not in self.kept:
            fetched = self._get(url)
            if len(self.kept) >= MOST_KEPT:
                self.kept.clear()
            self.kept[url] = fetched
        return self.kept[url]

    def confirm(self, url: str) -> None:
        """Visit the address that confirms a subscription.

        Raises:
            RetryableError: when SNS does not take it now.
        """
        self._get(url)

    def _get(self, url: str) -> bytes:
        try:
            answer = self.pool.request(
                "GET", url, timeout=_TIMEOUT, retries=False, redirect=False, preload_content=False
            )
            with answer:
                return _content(answer)
        except HTTPError as error:
            raise RetryableError(f"no answer from SNS: {type(error).__name__}") from error


def _content(answer: BaseHTTPResponse) -> bytes:
    body = answer.read(SIZE_LIMIT + 1)
    if answer.status != 200 or len(body) > SIZE_LIMIT:
        raise RetryableError(f"SNS answers {answer.status} with {len(body)} bytes")
    return body
