"""What a pool looks like, as it comes and goes."""

from typing import Annotated

from pydantic import BaseModel, Field

from functions.api.shapes.fields import Name, SomeId
from mailtide.domain.pool import MOST_IPS, Pool
from mailtide.domain.suppression import Stream
from mailtide.http import Body, example

IpIds = Annotated[frozenset[SomeId], Field(max_length=MOST_IPS)]


class PoolIn(Body):
    """A pool to create; its IPs are of its stream."""

    model_config = example(name="Newsletters", ip_ids=["ip1"])

    name: Name
    stream: Stream = Stream.MARKETING
    ip_ids: IpIds = frozenset()


class PoolChange(Body):
    """What may be changed about a pool; what is left out stays."""

    model_config = example({"ip_ids": ["ip1"]}, name="Newsletters")

    name: Name = ""
    ip_ids: IpIds = frozenset()


class PoolView(BaseModel):
    """A pool."""

    pool_id: str
    name: str
    stream: Stream
    ip_ids: list[str]


def view(pool: Pool) -> PoolView:
    """Show a pool."""
    return PoolView(
        pool_id=pool.pool_id, name=pool.name, stream=pool.stream, ip_ids=sorted(pool.ip_ids)
    )
