"""SES: a letter of 30 KB handed over, beside boto3's own send, and several at a time beside one."""

import multiprocessing
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from typing import Any

from benchmarks.measure import cpu_per_call
from benchmarks.promise import Promise
from local.memory.ses_crew import AtOnce
from local.memory.ses_rate import SesRate
from mailtide.domain.handover import Accepted, Outgoing
from mailtide.domain.sending_ip import SendingIp, Ses
from mailtide.domain.ses_account import SesAccount
from mailtide.domain.suppression import Stream
from mailtide.sigv4 import Credentials
from mailtide.transports.ses import SesTransport
from mailtide.transports.ses_call import MOST_IN_FLIGHT, Crew, Done, SesParts
from mailtide.transports.ses_crew import Threads
from mailtide.transports.ses_mailer import Letter, SesMailer
from mailtide.transports.ses_wire import SesWire

LETTER = Letter(
    "person@example.com",
    b"Subject: Winter\r\n\r\n" + b"Snow lies on the hills.\r\n" * 1200,
    "news",
    {"mt-message": "m" * 26, "mt-campaign": "c" * 10, "mt-ip": "a", "mt-org": "bench"},
)
ANSWER_SECONDS = 0.04  # what SES takes, from the same region
MESSAGES = 200
REGION = "us-east-1"


def run() -> Iterable[Promise]:
    """Measure the CPU of a hand-over, and the rate of a sender."""
    with _serving(0.0) as url:
        wire = _wire(url)
        mailer, boto3 = SesMailer(wire), _boto3(url)
        cpu = cpu_per_call({"ours": lambda: mailer.send(LETTER, 60), "boto3": lambda: _send(boto3)})
    yield Promise(
        "A message over SES, CPU of the hand-over, against boto3's `send_email`",
        cpu["boto3"] / cpu["ours"],
        3,
        True,
        f"{cpu['ours'] * 1e6:,.0f} µs against {cpu['boto3'] * 1e6:,.0f} µs, 30 KB",
    )
    with _serving(ANSWER_SECONDS) as url:
        many = _rate(url, Threads[Done](MOST_IN_FLIGHT))
        single = _rate(url, AtOnce(time.sleep))
    yield Promise(
        "Messages a second of one sender over SES, against one after the other",
        many / single,
        0.75 * MOST_IN_FLIGHT,
        True,
        f"{many:,.0f}/s against {single:,.0f}/s, answers after {ANSWER_SECONDS * 1000:.0f} ms",
    )


def _rate(url: str, crew: Crew) -> float:
    parts = SesParts(SesMailer(_wire(url)), _Account(), SesRate(), crew, _now)
    ip = SendingIp("bench", "ip1", "a", Stream.MARKETING, Ses("news"))
    one = Outgoing("m" * 26, LETTER.recipient, "b@b.example", lambda: LETTER.content)
    began = time.perf_counter()
    outcomes = SesTransport(ip, Ses("news"), parts).deliver([one] * MESSAGES, _soon())
    seconds = time.perf_counter() - began
    parts.mailer.close()
    if not all(isinstance(outcome, Accepted) for outcome in outcomes):
        raise RuntimeError("a message was not taken")
    return MESSAGES / seconds


class _Account:
    """One that may send more than is tried."""

    def known(self) -> SesAccount:
        return SesAccount(True, True, "HEALTHY", 5000.0, None, 0)


def _wire(url: str) -> SesWire:
    return SesWire(url, REGION, lambda: Credentials("access", "secret", "token"), _now)


def _now() -> datetime:
    return datetime.now(UTC)


def _soon() -> datetime:
    return _now() + timedelta(minutes=5)


def _boto3(url: str) -> Any:
    import boto3

    keys = {"aws_access_key_id": "access", "aws_secret_access_key": "secret"}
    return boto3.client("sesv2", region_name=REGION, endpoint_url=url, **keys)


def _send(client: Any) -> None:
    client.send_email(
        Destination={"ToAddresses": [LETTER.recipient]},
        Content={"Raw": {"Data": LETTER.content}},
        ConfigurationSetName=LETTER.configuration_set,
        EmailTags=[{"Name": name, "Value": value} for name, value in LETTER.tags.items()],
    )


@contextmanager
def _serving(seconds: float) -> Iterator[str]:
    """Run an SES that takes everything, in a process of its own; answers come after `seconds`."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    server = context.Process(target=_serve, args=(theirs, seconds), daemon=True)
    server.start()
    try:
        yield f"http://127.0.0.1:{ours.recv()}"
    finally:
        server.terminate()
        server.join()


def _serve(pipe: Connection, seconds: float) -> None:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # an answer leaves in one piece
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            time.sleep(seconds)
            body = b'{"MessageId":"0100019"}'
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    pipe.send(server.server_address[1])
    server.serve_forever()
