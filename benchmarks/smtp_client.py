"""SMTP client: one run of the product's SMTP transport in a process of its own.

python -m benchmarks.smtp_client PORT MESSAGES CONNECTIONS [BLOCK]

Prints a JSON object: seconds and CPU seconds of the hand-over (not of the start of Python), how
many messages were accepted, and the relay's words on each.
"""

import json
import sys
import time
from datetime import UTC, datetime, timedelta

from mailtide.domain.handover import Accepted, Outcome, Outgoing
from mailtide.domain.relay import read_networks
from mailtide.domain.sending_ip import Relay, Tls
from mailtide.transports.smtp import SmtpTransport

LINE = b"The quick brown fox jumps over the lazy dog, again and again and again, until=\r\n"
MESSAGE = (
    b"From: News <news@sender.example>\r\nTo: you@recipient.example\r\nSubject: News\r\n\r\n"
    + LINE * 517
)


def main(port: int, messages: int, connections: int, block: int) -> None:
    """Hand messages over, `block` of them in each call."""
    transport = SmtpTransport(
        Relay("127.0.0.1", port, Tls.NONE),
        None,
        read_networks(["127.0.0.0/8"]),
        lambda: datetime.now(UTC),
        connections=connections,
    )
    outgoing = [_outgoing(number) for number in range(messages)]
    until = datetime.now(UTC) + timedelta(hours=1)
    outcomes: list[Outcome] = []
    began, cpu = time.perf_counter(), time.process_time()
    for first in range(0, messages, block):
        outcomes += transport.deliver(outgoing[first : first + block], until)
    transport.close()
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    accepted = [one.response for one in outcomes if isinstance(one, Accepted)]
    answers = accepted if len(set(accepted)) > 1 else accepted[:1]
    json.dump(
        {"seconds": seconds, "cpu": cpu, "accepted": len(accepted), "answers": answers}, sys.stdout
    )


def _outgoing(number: int) -> Outgoing:
    message_id = f"0123456789abcdef{number:010}"
    return Outgoing(
        message_id,
        f"reader{number}@recipient.example",
        f"b-ip1-{message_id}@bounce.sender.example",
        lambda: MESSAGE,
        ready=True,  # as the renderer promises
    )


if __name__ == "__main__":
    port, messages, connections, *block = map(int, sys.argv[1:])
    main(port, messages, connections, block[0] if block else messages)
