"""UTM: the parameters by which a shop's statistics know the visitors that a campaign brought.

Source: docs/domain/rendering.md; the parameters' names are those of Google Analytics.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from urllib.parse import quote, unquote_plus


@dataclass(frozen=True, slots=True)
class Utm:
    """What is appended to a template's links; what is absent is not."""

    source: str | None = None
    medium: str | None = None
    campaign: str | None = None
    term: str | None = None
    content: str | None = None


def tagged(url: str, utm: Utm | None) -> str:
    """Return the address with the parameters that it has not yet, before its fragment."""
    if utm is None:
        return url
    address, hash_, fragment = url.partition("#")
    path, _, query = address.partition("?")
    there = {unquote_plus(one.partition("=")[0]).lower() for one in query.split("&")}
    more = [f"{name}={quote(value, safe='')}" for name, value in _set(utm) if name not in there]
    if not more:
        return url
    parameters = "&".join([query.removesuffix("&"), *more] if query else more)
    return f"{path}?{parameters}{hash_}{fragment}"


def _set(utm: Utm) -> Iterator[tuple[str, str]]:
    for field in fields(utm):
        value = getattr(utm, field.name)
        if value:
            yield f"utm_{field.name}", value
