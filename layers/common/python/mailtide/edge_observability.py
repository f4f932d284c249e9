"""Edge observability: what webhook and tracking log and count, written by the standard library.

They start cold while somebody waits, and have 100 ms for it; Powertools' Logger and Metrics, which
all other functions use (`observability.py`), take 25 of them. Lines and metrics are Powertools' in
name and form, and follow the same variables, so that one query finds what any function wrote. No
addresses are logged in clear, and never the event itself.
Source: CloudWatch's embedded metric format.
"""

import json
import logging
import os
import sys
import time
from collections.abc import Callable
from functools import wraps
from typing import Any, Protocol, TypeVar

SERVICE = os.environ.get("POWERTOOLS_SERVICE_NAME", "service_undefined")

Event = dict[str, Any]
Reply = TypeVar("Reply")

logger = logging.getLogger("mailtide.edge")
_request: dict[str, object] = {}  # what is said in each line of the request at hand
_metrics: dict[str, list[float]] = {}  # of the request at hand, by name
_OF_A_RECORD = frozenset({*vars(logging.makeLogRecord({})), "message"})


class Context(Protocol):
    """What Lambda says of an invocation, as far as it is read here."""

    aws_request_id: str
    function_name: str
    invoked_function_arn: str
    memory_limit_in_mb: int


def observed(handler: Callable[[Event, Context], Reply]) -> Callable[[Event, Context], Reply]:
    """Let a handler's lines name its request, and write its metrics however it ends."""
    starts = iter([True])  # once per process

    @wraps(handler)
    def run(event: Event, context: Context) -> Reply:
        _request.clear()
        note(
            cold_start=next(starts, False),
            function_name=context.function_name,
            function_memory_size=context.memory_limit_in_mb,
            function_arn=context.invoked_function_arn,
            function_request_id=context.aws_request_id,
        )
        trace = os.environ.get("_X_AMZN_TRACE_ID", "")  # Root=1-...;Parent=...;Sampled=1
        if trace:
            note(xray_trace_id=trace.partition(";")[0].removeprefix("Root="))
        try:
            return handler(event, context)
        finally:
            _write_metrics()

    return run


def note(**keys: object) -> None:
    """Let every further line of this request say something."""
    _request.update(keys)


def count(metric: str) -> None:
    """Count one of a metric for this request."""
    _metrics.setdefault(metric, []).append(1.0)


class JsonLines(logging.Formatter):
    """One JSON object per line; what a call names in `extra` stands beside the message."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line = {
            "level": record.levelname,
            "location": f"{record.funcName}:{record.lineno}",
            "message": record.getMessage(),
            "timestamp": f"{self.formatTime(record)}{time.strftime('%z')}",
            "service": SERVICE,
            **_request,
            **{name: value for name, value in vars(record).items() if name not in _OF_A_RECORD},
        }
        if record.exc_info and record.exc_info[0]:
            line["exception"] = self.formatException(record.exc_info)
            line["exception_name"] = record.exc_info[0].__name__
        return json.dumps(line, default=str, separators=(",", ":"))


class _Output(logging.Handler):
    """Standard output, as it is when a line is written."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            _write(self.format(record))
        except Exception:
            self.handleError(record)


def _write_metrics() -> None:
    counted = dict(_metrics)
    _metrics.clear()
    if not counted or os.environ.get("POWERTOOLS_METRICS_DISABLED") == "true":
        return
    about = {
        "Namespace": os.environ["POWERTOOLS_METRICS_NAMESPACE"],
        "Dimensions": [["service"]],
        "Metrics": [{"Name": name, "Unit": "Count"} for name in counted],
    }
    head = {"Timestamp": time.time_ns() // 1_000_000, "CloudWatchMetrics": [about]}
    _write(json.dumps({"_aws": head, "service": SERVICE, **counted}, separators=(",", ":")))


def _write(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _set_up() -> None:
    output = _Output()
    output.setFormatter(JsonLines())
    logger.addHandler(output)
    logger.setLevel(os.environ.get("LOG_LEVEL", "INFO"))
    logger.propagate = False  # Lambda's own handler would write each line again


_set_up()
