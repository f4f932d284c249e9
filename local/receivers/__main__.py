"""Run the receivers as a process of their own: `python -m local.receivers --config FILE.json`."""

import argparse
import asyncio
import json
import logging
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from local.receivers.browser import Browser
from local.receivers.certificate import server_context
from local.receivers.config import Config
from local.receivers.control import Control
from local.receivers.ledger import Ledger
from local.receivers.mailroom import Mailroom
from local.receivers.outbox import Outbox, Pace, Told
from local.receivers.poster import Poster
from local.receivers.readers import Readers
from local.receivers.relay import listen
from local.ses.api import Endpoint
from local.ses.publisher import MOST, Publisher

# At once, of all readers together: each one more makes the laptop start one more function.
_CONNECTIONS = 6


@asynccontextmanager
async def running(config: Config) -> AsyncIterator[dict[str, Any]]:
    """Run everything while the context lasts; give the ports as the ready line says them."""
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(
            aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=_CONNECTIONS),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        )
        mailroom = Mailroom(
            config, ledger=Ledger(), readers=Readers(Browser(session), config.inbound)
        )
        stack.push_async_callback(mailroom.close)
        pace = Pace(config.webhook.throttle, config.webhook.retry)
        poster = Poster(config.webhook, session)
        webhook = await _open_outbox(stack, mailroom, config.seed, poster.post, pace)
        outboxes, routes, ses_port = [webhook], [], None
        if config.ses is not None:
            pace = Pace(config.ses.throttle, config.ses.retry, most=MOST)
            publish = Publisher(config.ses).publish
            events = await _open_outbox(stack, mailroom, f"{config.seed}-ses", publish, pace)
            ses = Endpoint(config.ses, mailroom, events.put)
            outboxes, routes = [webhook, events], ses.control_routes()
            ses_port = await _open_site(stack, config.host, config.ses.port, ses.app())
        control = Control(mailroom, outboxes).app(*routes)
        yield {
            "smtp": await _open_relay(stack, config, mailroom, webhook),
            "control": await _open_site(stack, config.host, config.control_port, control),
            "ses": ses_port,
        }


async def _open_outbox(
    stack: AsyncExitStack,
    mailroom: Mailroom,
    seed: str,
    deliver: Callable[[list[Told]], Awaitable[bool]],
    pace: Pace,
) -> Outbox:
    outbox = Outbox(
        deliver,
        pace,
        seed=seed,
        chaos=lambda: mailroom.world.behaviour.chaos,
        on_delivered=mailroom.touch,
    )
    running = asyncio.create_task(outbox.run())
    stack.push_async_callback(_cancel, running)
    return outbox


async def _open_relay(
    stack: AsyncExitStack, config: Config, mailroom: Mailroom, webhook: Outbox
) -> dict[str, int]:
    tls = server_context() if config.starttls else None
    ports = {}
    for listener in config.listeners:
        server = await listen(config, listener, mailroom, webhook.put, tls)
        stack.callback(server.close)
        ports[listener.ip] = int(server.sockets[0].getsockname()[1])
    return ports


async def _open_site(stack: AsyncExitStack, host: str, port: int, app: web.Application) -> int:
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, host, port).start()
    return int(runner.addresses[0][1])


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def serve(config: Config) -> None:
    """Run until SIGTERM or SIGINT."""
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    async with running(config) as ports:
        print(json.dumps(ports), flush=True)
        await stopped.wait()


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(prog="python -m local.receivers")
    parser.add_argument("--config", type=Path, required=True)
    arguments = parser.parse_args()
    logging.getLogger("mail.log").setLevel(logging.ERROR)  # aiosmtpd logs every command
    asyncio.run(serve(Config.model_validate_json(arguments.config.read_text())))


if __name__ == "__main__":
    main()
