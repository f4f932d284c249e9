"""SMTP: the hand-over beside Postfix's own load generator, and against a real Postfix."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from operator import attrgetter
from statistics import median

from benchmarks import private_postfix
from benchmarks.promise import Promise
from benchmarks.smtp_peers import Run, chunking_sink, ours, smtp_sink, smtp_source, tools, wire

ROUNDS = 7
CONNECTIONS = 8
MESSAGES = 8000
BLOCK = 100  # messages of one call in the sender
RTT = 5  # milliseconds

Runs = Mapping[str, list[Run]]


def run() -> Iterable[Promise]:
    """Measure rate and CPU, with and without a round trip; then lose nothing."""
    tools()
    yield from _at_once()
    yield from _over_a_wire()
    yield from _nothing_lost()


def _at_once() -> Iterable[Promise]:
    with smtp_sink() as port:
        runs = _in_turns(
            {
                "smtp-source": partial(smtp_source, port, MESSAGES, CONNECTIONS),
                "ours": partial(ours, port, MESSAGES, CONNECTIONS),
                "blocks": partial(ours, port, MESSAGES, CONNECTIONS, BLOCK),
            },
            ROUNDS,
        )
    figures = _figures(runs)
    yield Promise(
        "smtp-sink, 8 connections: messages a second against smtp-source",
        _ratio(runs, "ours", "smtp-source", "rate"),
        1,
        True,
        figures,
    )
    for name, words in (("ours", "in one call"), ("blocks", f"in blocks of {BLOCK}")):
        yield Promise(
            f"the same: CPU per message of 42 KB, {words}",
            _ratio(runs, name, "smtp-source", "microseconds"),
            0.6,
            False,
            figures,
        )


def _over_a_wire() -> Iterable[Promise]:
    for sink, words in (
        (smtp_sink, "PIPELINING (smtp-sink)"),
        (chunking_sink, "CHUNKING (a sink of our own)"),
    ):
        with sink() as to, wire(to, RTT) as port:
            runs = _in_turns(
                {
                    "smtp-source": partial(smtp_source, port, 1000, CONNECTIONS),
                    "ours": partial(ours, port, 4000, CONNECTIONS),
                    "blocks": partial(ours, port, 4000, CONNECTIONS, BLOCK),
                },
                3,
            )
        yield Promise(
            f"{RTT} ms round trip, 8 connections, {words}: messages a second against smtp-source",
            _ratio(runs, "ours", "smtp-source", "rate"),
            3.5,
            True,
            _figures(runs),
        )


def _nothing_lost() -> Iterable[Promise]:
    messages = 12_000
    with private_postfix.running() as postfix:
        runs = [ours(p, messages, CONNECTIONS) for p in (postfix.port, postfix.plain_port)]
        accepted = [answer.split()[-1] for one in runs for answer in one.answers]
        postfix.wait_until(len(accepted))
        delivered, trouble = postfix.delivered(), postfix.trouble()
    once = len(set(accepted) & set(delivered)) if len(set(delivered)) == len(delivered) else 0
    yield Promise(
        "a real Postfix: messages handed over, accepted, and delivered exactly once",
        once,
        2 * messages,
        True,
        f"{runs[0].rate:,.0f}/s with BDAT, {runs[1].rate:,.0f}/s with DATA; "
        f"{len(delivered)} lines of delivery, {len(trouble)} warnings",
        "",
    )


def _in_turns(cases: Mapping[str, Callable[[], Run]], rounds: int) -> Runs:
    found: dict[str, list[Run]] = {name: [] for name in cases}
    for _ in range(rounds):
        for name, case in cases.items():
            found[name].append(case())
    return found


def _ratio(runs: Runs, one: str, other: str, figure: str) -> float:
    """Return the median of the rounds' own ratios: a round is noisy as a whole."""
    get = attrgetter(figure)
    pairs = zip(runs[one], runs[other], strict=True)
    return median(float(get(a) / get(b)) for a, b in pairs)


def _figures(runs: Runs) -> str:
    return "; ".join(
        f"{name} {median(r.rate for r in of):,.0f}/s, {median(r.microseconds for r in of):.0f} µs"
        for name, of in runs.items()
    )
