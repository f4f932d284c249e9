"""Run the receivers as a process of their own: `python -m local.receivers --config FILE.json`."""

import argparse
import asyncio
import json
import logging
import signal
from collections.abc import AsyncIterator
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
from local.receivers.poster import Poster
from local.receivers.readers import Readers
from local.receivers.relay import listen

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
        poster = Poster(
            config.webhook,
            session,
            seed=config.seed,
            chaos=lambda: mailroom.world.behaviour.chaos,
            on_posted=lambda: mailroom.touch(),
        )
        mailroom = Mailroom(
            config,
            ledger=Ledger(),
            readers=Readers(Browser(session), config.inbound),
            put_events=poster.put,
        )
        stack.push_async_callback(mailroom.close)
        posting = asyncio.create_task(poster.run())
        stack.push_async_callback(_cancel, posting)
        ports = {"smtp": await _open_relay(stack, config, mailroom)}
        yield ports | {"control": await _open_control(stack, config, Control(mailroom, poster))}


async def _open_relay(stack: AsyncExitStack, config: Config, mailroom: Mailroom) -> dict[str, int]:
    tls = server_context() if config.starttls else None
    ports = {}
    for listener in config.listeners:
        server = await listen(config, listener, mailroom, tls)
        stack.callback(server.close)
        ports[listener.ip] = int(server.sockets[0].getsockname()[1])
    return ports


async def _open_control(stack: AsyncExitStack, config: Config, control: Control) -> int:
    runner = web.AppRunner(control.app(), access_log=None)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, config.host, config.control_port).start()
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
