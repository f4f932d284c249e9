"""Laptop: everything that a campaign needs, on one machine, up for as long as a block runs.

The emulator with the real template in it, a fixed address in front of its API, an organisation
with its key, a registered source, and the receivers with a relay for each sending IP and an SES
that the functions take for Amazon's. Whatever
ends the block (also Ctrl-C or SIGTERM), all of it is taken down and nothing is left behind.
"""

import contextlib
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cli.api import Api
from local import deploy, emulator, front_door, receivers_process
from local.bootstrap import Owner, bootstrap
from local.deploy import Deployment
from local.emulator import Emulator
from local.front_door import FrontDoor
from local.receivers_process import Receivers
from local.stopping import stoppable

FIRST_PORT = 8080
PORTS_TO_TRY = 20
RELAY_USER = "mailtide"
ORGANISATION = "The Winter Shop"
ADDRESS = "203.0.113.{}"  # what receivers see of a sending IP; set aside for documentation


@dataclass(frozen=True, slots=True)
class Options:
    """What may differ between two laptops."""

    ip_tags: Sequence[str] = ("mta1", "mta2")  # one relay listens for each
    ses_tags: Sequence[str] = ()  # sending IPs over SES
    stack: Mapping[str, object] = field(default_factory=dict)  # `infra.config.Config`
    receivers: Mapping[str, Any] = field(default_factory=dict)  # `local.receivers.config.Config`
    ses: Mapping[str, Any] = field(default_factory=dict)  # `local.receivers.config.Ses`
    enforce_iam: bool = True


@dataclass(frozen=True, slots=True)
class WayOut:
    """Where a sending IP's mail goes, as `POST /api/sending-ips` wants it."""

    tag: str
    transport: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Laptop:
    """Everything that is up."""

    api: Api  # with the organisation's first key, which may do everything
    owner: Owner
    source: Mapping[str, Any]  # as the API showed it, with its keys
    ways_out: Sequence[WayOut]
    receivers: Receivers
    emulator: Emulator
    deployment: Deployment

    @property
    def url(self) -> str:
        """Return the address to call."""
        return self.api.url


@contextlib.contextmanager
def running(options: Options, say: Callable[[str], None] = lambda _: None) -> Iterator[Laptop]:
    """Put everything up, telling `say` of each step, and take it down at the end.

    Raises:
        Stopped: on the first SIGINT or SIGTERM; later ones are ignored until all is down.
    """
    with stoppable() as stack:
        door = _front_door(stack)
        say("Starting the emulator")
        aws = stack.enter_context(emulator.running(enforce_iam=options.enforce_iam))
        say("Building and deploying the stack")
        ses_port = emulator.free_port()  # the functions know it before the receivers are up
        stack_options = _stack(options, door.url, ses_port)
        deployment = deploy.deploy(aws, stack_options)
        door.open_to(aws.endpoint, deployment.outputs["ApiId"])
        say("Making an organisation, its key and a source of events")
        owner = bootstrap(aws, ORGANISATION)
        api = stack.enter_context(Api(door.url, owner.key))
        source = api.post("/api/sources", {"kind": "stalwart", "name": "Relay"})
        say("Starting the relays and the receivers")
        password = secrets.token_urlsafe(16)
        config = _receivers(options, source, password)
        config["ses"] = {"aws_endpoint": aws.endpoint, "port": ses_port, **options.ses}
        receivers = stack.enter_context(receivers_process.running(config))
        ways_out = [_relay(tag, port, password) for tag, port in receivers.smtp_ports.items()]
        ways_out += [WayOut(tag, {"kind": "ses"}) for tag in options.ses_tags]
        yield Laptop(api, owner, source, ways_out, receivers, aws, deployment)


def _stack(options: Options, public_url: str, ses_port: int) -> dict[str, object]:
    """Return the stack's parameters: every function finds SES on this machine."""
    ses = {"AWS_ENDPOINT_URL_SESV2": f"http://127.0.0.1:{ses_port}"}
    given = options.stack.get("environment", {})
    environment = {**ses, **given} if isinstance(given, Mapping) else ses
    return {"public_url": public_url, **options.stack, "environment": environment}


def _front_door(stack: contextlib.ExitStack) -> FrontDoor:
    """Listen on the first free port from 8080 on, or on any."""
    for port in range(FIRST_PORT, FIRST_PORT + PORTS_TO_TRY):
        with contextlib.suppress(OSError):
            return stack.enter_context(front_door.listening(port))
    return stack.enter_context(front_door.listening(0))


def _receivers(options: Options, source: Mapping[str, Any], password: str) -> dict[str, Any]:
    listeners = [
        {"ip": tag, "username": RELAY_USER, "password": password, "address": ADDRESS.format(n)}
        for n, tag in enumerate(options.ip_tags, start=10)
    ]
    return {
        "listeners": listeners,
        "webhook": {"url": source["webhook_url"], "key": source["signature_key"]},
        "inbound": {"url": source["inbound_url"], "token": source["inbound_token"]},
        **options.receivers,
    }


def _relay(tag: str, port: int, password: str) -> WayOut:
    login = {"username": RELAY_USER, "password": password}
    return WayOut(tag, {"kind": "smtp", "host": "127.0.0.1", "port": port, "tls": "none", **login})
