"""What a function writes: one JSON line for each thing told, its request named, and its metrics."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from mailtide import observability
from mailtide.observability import Context as Invocation
from mailtide.observability import Event, count, logger, note, observed
from tests.events import Context


@pytest.fixture(autouse=True)
def _deployed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observability, "FUNCTION", "mailtide")


@pytest.fixture
def written(capsys: pytest.CaptureFixture[str]) -> Callable[[], list[dict[str, Any]]]:
    """What has been written since it was asked last."""
    return lambda: [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@observed
def handler(event: Event, _: Invocation) -> str:
    """Tell of an event, and fail where it says so."""
    note(**event.get("about", {}))
    count("Events")
    count("Events", 2)
    logger.info("told", extra={"event_type": "sent"})
    if event.get("fails"):
        raise ZeroDivisionError
    return "done"


def test_a_line_names_the_request_what_it_is_about_and_what_was_told(written: Any) -> None:
    assert handler({"about": {"campaign_id": "c1"}}, Context(aws_request_id="r1")) == "done"
    line, _ = written()
    assert line["function_request_id"] == "r1"
    assert (line["level"], line["message"]) == ("INFO", "told")
    assert (line["campaign_id"], line["event_type"]) == ("c1", "sent")
    assert line["timestamp"].endswith("+00:00")


def test_a_line_says_nothing_of_the_request_before(written: Any) -> None:
    handler({"about": {"campaign_id": "c1"}}, Context())
    written()
    handler({}, Context())
    assert "campaign_id" not in written()[0]


def test_only_the_first_request_of_a_process_is_a_cold_start(written: Any) -> None:
    fresh = observed(lambda _event, _context: logger.info("told"))
    for _ in range(3):
        fresh({}, Context())
    assert [line["cold_start"] for line in written()] == [True, False, False]


def test_the_trace_is_named_where_there_is_one(
    written: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=1-5e1b4151-43a0;Parent=5e1b;Sampled=1")
    handler({}, Context())
    assert written()[0]["xray_trace_id"] == "1-5e1b4151-43a0"


def test_metrics_are_summed_up_and_written_once_however_it_ends(written: Any) -> None:
    with pytest.raises(ZeroDivisionError):
        handler({"fails": True}, Context())
    _, metrics = written()
    [about] = metrics["_aws"]["CloudWatchMetrics"]
    assert about["Metrics"] == [{"Name": "Events", "Unit": "Count"}]
    assert [metrics[name] for [name] in about["Dimensions"]] == ["mailtide"]
    assert (about["Namespace"], metrics["Events"]) == ("Mailtide", 3)


def test_where_no_function_is_deployed_nobody_reads_metrics(
    written: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(observability, "FUNCTION", "")
    handler({}, Context())
    assert [line["message"] for line in written()] == ["told"]


def test_without_metrics_none_are_written(written: Any) -> None:
    observed(lambda _event, _context: None)({}, Context())
    assert written() == []


def test_an_error_is_told_with_its_place(written: Any) -> None:
    try:
        raise ValueError("bad")
    except ValueError as error:
        logger.warning("it failed", exc_info=error)
    [line] = written()
    assert line["exception_name"] == "ValueError"
    assert "in test_an_error_is_told_with_its_place" in line["exception"]


def test_what_is_no_json_is_written_as_text(written: Any) -> None:
    logger.info("told", extra={"at": {1}})
    assert written()[0]["at"] == "{1}"
