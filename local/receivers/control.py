"""The control server on loopback: read the ledger, change the behaviour.

| request | answer |
|---|---|
| `GET /ledger?campaign=` | every message, refusal and duplicate |
| `GET /summary?campaign=` | counters, in all and by bucket, provider, identity, ip, campaign |
| `GET /idle` | `idle_seconds`, `scheduled` acts, `unsent` events |
| `GET /mail?recipient=` | the raw messages still kept for an address, oldest first |
| `GET /behaviour`, `POST /behaviour` | the behaviour in force; POST: a partial update |
| `GET /ses`, `POST /ses` | the account of SES, when there is one; POST: a partial update of it |
"""

import json
from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from aiohttp import web
from pydantic import ValidationError

from local.receivers.mailroom import Mailroom
from local.receivers.outbox import Outbox


class Control:
    """The handlers of the control server."""

    def __init__(self, mailroom: Mailroom, outboxes: Sequence[Outbox]) -> None:
        self._mailroom = mailroom
        self._outboxes = outboxes

    def app(self, *more: web.RouteDef) -> web.Application:
        """Build the application, with routes of others."""
        app = web.Application()
        app.add_routes(
            [
                web.get("/ledger", self._ledger),
                web.get("/summary", self._summary),
                web.get("/idle", self._idle),
                web.get("/mail", self._mail),
                web.get("/behaviour", self._behaviour),
                web.post("/behaviour", self._change),
                *more,
            ]
        )
        return app

    async def _ledger(self, request: web.Request) -> web.Response:
        return _json(self._mailroom.ledger.export(request.query.get("campaign")))

    async def _summary(self, request: web.Request) -> web.Response:
        return _json(self._mailroom.ledger.summary(request.query.get("campaign")))

    async def _idle(self, request: web.Request) -> web.Response:
        return _json(
            {
                "idle_seconds": self._mailroom.idle_seconds(),
                "scheduled": self._mailroom.scheduled,
                "unsent": sum(outbox.unsent for outbox in self._outboxes),
            }
        )

    async def _mail(self, request: web.Request) -> web.Response:
        recipient = request.query.get("recipient", "").lower()
        kept = [raw for to, raw in self._mailroom.kept if to == recipient]
        return _json({"messages": [raw.decode("utf-8", "surrogateescape") for raw in kept]})

    async def _behaviour(self, request: web.Request) -> web.Response:
        return _json(self._mailroom.world.behaviour.model_dump())

    async def _change(self, request: web.Request) -> web.Response:
        try:
            self._mailroom.change(await request.json())
        except (ValidationError, json.JSONDecodeError, TypeError) as error:
            return web.json_response({"error": str(error)}, status=400)
        return await self._behaviour(request)


def _json(value: Any) -> web.Response:
    return web.json_response(text=json.dumps(value, default=_written))


def _written(value: Any) -> Any:
    """Write an instant as ISO 8601 and a dataclass as the object of its fields."""
    if isinstance(value, datetime):
        return value.isoformat()
    # Not `asdict`: it copies every value, a second's work for a big campaign's ledger.
    return {field.name: getattr(value, field.name) for field in fields(value)}
