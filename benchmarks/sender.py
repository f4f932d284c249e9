"""Sender: the CPU of the whole handler for a recipient, beside a careful library version."""

from collections.abc import Iterable
from functools import partial

from benchmarks import sink
from benchmarks.measure import cpu
from benchmarks.promise import Promise
from local import stage

PEOPLE = 16_000  # a whole batch of each shard, as a large campaign has them


def run() -> Iterable[Promise]:
    """Send one campaign over SMTP by the handler, and as many messages the careful way."""
    with stage.standing() as standing, sink.running() as port:
        from benchmarks import careful
        from functions.launch.handler import lambda_handler as launch
        from functions.sender.handler import lambda_handler as sender
        from local import newsletter

        newsletter.add_people(PEOPLE)
        newsletter.start(newsletter.relay(port))
        stage.invoke(launch, [stage.sqs_event(standing.bodies("launch"))])
        orders = [stage.sqs_event([one]) for one in standing.bodies("sending")]
        careful.make_table()
        ours = theirs = 0.0
        for number, order in enumerate(orders):  # in turns, so that a slow minute is both's
            ours += cpu(partial(stage.invoke, sender, [order])) / PEOPLE
            first = number * careful.CLAIMS
            block = [newsletter.contact(first + one) for one in range(careful.CLAIMS)]
            theirs += cpu(partial(careful.send, block, port)) / (len(orders) * len(block))
    yield Promise(
        "The sender's handler over SMTP, CPU per recipient, against a careful library version",
        theirs / ours,
        10,
        True,
        f"{ours * 1e6:,.0f} µs against {theirs * 1e6:,.0f} µs",
    )
