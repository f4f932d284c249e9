"""What the edges write: lines and metrics as Powertools writes those of all other functions."""

import json
import re
import sys
from collections.abc import Callable
from typing import Any

import pytest
from aws_lambda_powertools import Logger, Metrics

from mailtide import edge_observability
from mailtide.edge_observability import Context as Invocation
from mailtide.edge_observability import Event, count, logger, note, observed
from tests.events import Context

Lines = Callable[[], list[dict[str, Any]]]
TRACE = "Root=1-5e1b4151-43a0;Parent=5e1b;Sampled=1"


@pytest.fixture
def written(capsys: pytest.CaptureFixture[str]) -> Lines:
    """What has been written since it was asked last."""
    return lambda: [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@observed
def handler(event: Event, _: Invocation) -> str:
    """Tell of an event, and fail where it says so."""
    note(**event.get("about", {}))
    count("Events")
    count("Events")
    count("Sent")
    logger.info("told", extra={"event_type": "sent"})
    if event.get("fails"):
        try:
            raise ZeroDivisionError
        except ZeroDivisionError as error:
            logger.exception("failed", exc_info=error)
            raise
    return "done"


def by_powertools(event: Event, context: Context) -> None:
    """Do what the handler does, with Powertools."""
    log = Logger(service="twin", stream=sys.stdout)
    metrics = Metrics(service="twin", namespace="Mailtide")

    @log.inject_lambda_context(clear_state=True)
    @metrics.log_metrics
    def twin(event: Event, _: Any) -> None:
        log.append_keys(**event["about"])
        for name in ("Events", "Events", "Sent"):
            metrics.add_metric(name=name, unit="Count", value=1)
        log.info("told", extra={"event_type": "sent"})
        try:
            raise ZeroDivisionError
        except ZeroDivisionError as error:
            log.exception("failed", exc_info=error)

    twin(event, context)


def test_lines_and_metrics_are_those_of_powertools(
    written: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("_X_AMZN_TRACE_ID", TRACE)
    monkeypatch.setattr(edge_observability, "SERVICE", "twin")
    context, event = Context(), {"about": {"campaign_id": "c1"}, "fails": True}
    with pytest.raises(ZeroDivisionError):
        handler(event, context)
    ours = written()
    by_powertools(event, context)
    theirs = written()
    assert len(ours) == 3
    assert [_form(line) for line in ours] == [_form(line) for line in theirs]


def _form(line: dict[str, Any]) -> dict[str, Any]:
    """Replace what is another's by nature: instants, places in the code, a process' first call."""
    line = {name: value for name, value in line.items() if name != "stack_trace"}
    for name in {"location", "timestamp", "exception"} & line.keys():
        line[name] = re.sub(r"\d+", "0", line[name]).replace("handler", "twin")
    if "exception" in line:
        line["exception"] = line["exception"].splitlines()[0]
    if "cold_start" in line:
        line["cold_start"] = type(line["cold_start"])
    if "_aws" in line:
        assert line["_aws"]["Timestamp"] > 1e12
        line["_aws"] = {**line["_aws"], "Timestamp": 0}
    return line


def test_a_line_names_the_request_and_nothing_of_the_one_before(written: Lines) -> None:
    assert handler({"about": {"campaign_id": "c1"}}, Context(aws_request_id="r1")) == "done"
    handler({}, Context(aws_request_id="r2"))
    one, _, two, _ = written()
    assert (one["function_request_id"], one["campaign_id"]) == ("r1", "c1")
    assert two["function_request_id"] == "r2"
    assert "campaign_id" not in two
    assert "xray_trace_id" not in two


def test_only_the_first_request_of_a_process_is_a_cold_start(written: Lines) -> None:
    fresh = observed(lambda _event, _context: logger.info("told"))
    for _ in range(3):
        fresh({}, Context())
    assert [line["cold_start"] for line in written()] == [True, False, False]


def test_metrics_are_written_once_however_a_request_ends(written: Lines) -> None:
    with pytest.raises(ZeroDivisionError):
        handler({"fails": True}, Context())
    observed(lambda _event, _context: None)({}, Context())
    [metrics] = [line for line in written() if "_aws" in line]
    assert (metrics["Events"], metrics["Sent"]) == ([1, 1], [1])


def test_where_metrics_are_disabled_none_is_written_or_kept(
    written: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POWERTOOLS_METRICS_DISABLED", "true")
    handler({}, Context())
    monkeypatch.delenv("POWERTOOLS_METRICS_DISABLED")
    observed(lambda _event, _context: None)({}, Context())
    assert [line["message"] for line in written()] == ["told"]


def test_what_is_no_json_is_written_as_text(written: Lines) -> None:
    logger.info("told", extra={"at": {1}})
    assert written()[0]["at"] == "{1}"
