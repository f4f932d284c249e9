"""Pools: groups of sending IPs that identities may be held to."""

from aws_lambda_powertools.event_handler import Response

from functions.api.shapes.pools import PoolChange, PoolIn, PoolView, view
from mailtide import app
from mailtide.domain.organisation import Scope
from mailtide.http import After, Id, Limit, Listing, no_content
from mailtide.resource import Resource

resource = Resource("pools")


@resource.get("/api/pools", Scope.READ, "List pools")
def list_pools(limit: Limit = 50, after: After = None) -> Listing[PoolView]:
    """List the pools, page by page."""
    return resource.listed("pools", app.api().pools.page, limit, after, view)


@resource.post("/api/pools", Scope.ADMIN, "Create a pool", status=201)
def create_pool(pool: PoolIn) -> PoolView:
    """Keep a new pool of sending IPs that are all of its stream."""
    return view(app.api().pool_desk.create(resource.org_id, **pool.model_dump()))


@resource.get("/api/pools/<pool_id>", Scope.READ, "Get a pool")
def get_pool(pool_id: Id) -> PoolView:
    """Show one pool."""
    return view(app.api().pool_desk.get(resource.org_id, pool_id))


@resource.patch("/api/pools/<pool_id>", Scope.ADMIN, "Change a pool")
def change_pool(pool_id: Id, change: PoolChange) -> PoolView:
    """Rename a pool or choose its IPs anew; mail that is not on its way yet goes by it at once."""
    changes = change.model_dump(exclude_unset=True)
    return view(app.api().pool_desk.change(resource.org_id, pool_id, changes))


@resource.delete("/api/pools/<pool_id>", Scope.ADMIN, "Delete a pool", problems=("pool_in_use",))
def delete_pool(pool_id: Id) -> Response[None]:
    """Delete a pool that no identity names; its sending IPs stay."""
    app.api().pool_desk.delete(resource.org_id, pool_id)
    return no_content()
