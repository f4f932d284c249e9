"""Resource: what the routes of one resource of the API share, so that each stands in one line."""

import inspect
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from mailtide.domain.organisation import Scope
from mailtide.domain.page import Page
from mailtide.errors import NotFoundError
from mailtide.http import Item, Listing, Shown, caller, listing, position, scoped

PROBLEMS = "x-problems"  # where the description of the API finds a route's codes

Function = TypeVar("Function", bound=Callable[..., Any])
Codes = Sequence[str]  # codes of problems, beside those that the route's form brings by itself
ReadPage = Callable[[str, int, str | None], Page[Item]]  # organisation, limit, where to go on


class Resource:
    """A router whose routes have one tag, and name the scope that a key needs."""

    def __init__(self, tag: str) -> None:
        self.router = APIGatewayHttpRouter()
        self._tag = tag

    @property
    def org_id(self) -> str:
        """The caller's organisation, which bounds all that a route may touch."""
        return caller(self.router).org_id

    def get(
        self, path: str, scope: Scope, summary: str, *, problems: Codes = ()
    ) -> Callable[[Function], Function]:
        """Route a GET."""
        return self._route("GET", path, scope, summary, 200, problems)

    def post(
        self, path: str, scope: Scope, summary: str, status: int = 200, *, problems: Codes = ()
    ) -> Callable[[Function], Function]:
        """Route a POST."""
        return self._route("POST", path, scope, summary, status, problems)

    def put(
        self, path: str, scope: Scope, summary: str, status: int = 200, *, problems: Codes = ()
    ) -> Callable[[Function], Function]:
        """Route a PUT."""
        return self._route("PUT", path, scope, summary, status, problems)

    def patch(
        self, path: str, scope: Scope, summary: str, *, problems: Codes = ()
    ) -> Callable[[Function], Function]:
        """Route a PATCH."""
        return self._route("PATCH", path, scope, summary, 200, problems)

    def delete(
        self, path: str, scope: Scope, summary: str, *, problems: Codes = ()
    ) -> Callable[[Function], Function]:
        """Route a DELETE, which answers `no_content`."""
        return self._route("DELETE", path, scope, summary, 204, problems)

    def _route(
        self, method: str, path: str, scope: Scope, summary: str, status: int, problems: Codes
    ) -> Callable[[Function], Function]:
        def decorate(function: Function) -> Function:
            route = self.router.route(
                path,
                method,
                summary=summary,
                description=inspect.getdoc(function),
                status_code=status,
                tags=[self._tag],
                openapi_extensions={PROBLEMS: list(problems)},
                **scoped(scope),
            )
            decorated: Function = route(function)
            return decorated

        return decorate

    def listed(
        self,
        name: str,
        read: ReadPage[Item],
        limit: int,
        after: str | None,
        show: Callable[[Item], Shown],
    ) -> Listing[Shown]:
        """Return a page of one of the organisation's listings; only its own cursors go on in it.

        Raises:
            InvalidInputError: `invalid_cursor`, when `after` is not a `next` of this listing.
        """
        listing_name = f"{self.org_id}/{name}"
        page = read(self.org_id, limit, position(listing_name, after))
        return listing(listing_name, page, show)


def found(thing: Item | None, kind: str) -> Item:
    """Return what a store found; nothing, or False for a change that met nothing, is an error.

    Raises:
        NotFoundError: names the kind.
    """
    if not thing:
        raise NotFoundError(f"There is no {kind} with this id.")
    return thing
