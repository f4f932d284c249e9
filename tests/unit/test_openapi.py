"""The description of the API is the one of the code, and complete."""

import pytest

from local import openapi, openapi_edges, openapi_problems
from mailtide.resource import PROBLEMS

OPERATIONS = {
    f"{method} {path}": operation
    for path, operations in openapi.description()["paths"].items()
    for method, operation in operations.items()
}


def test_the_written_description_is_up_to_date() -> None:
    assert openapi.OUTPUT.read_text(encoding="utf-8") == openapi.text(), "run make docs"


@pytest.mark.parametrize(
    ("name", "operation"), [one for one in OPERATIONS.items() if " /api/" in one[0]]
)
def test_an_operation_describes_its_problems(name: str, operation: openapi.Json) -> None:
    answers = operation["responses"]
    assert {"400", "401", "403", "500", "503"} <= set(answers)
    assert ("404" in answers) is ("{" in name)
    assert all("$ref" in answers[status] for status in ("401", "403", "500", "503"))


def test_what_needs_no_api_key_is_described_with_what_it_needs() -> None:
    edges = {name: one for name, one in OPERATIONS.items() if " /api/" not in name}
    needed = {name: [*scheme] for name, one in edges.items() for scheme in one["security"]}
    assert needed == {
        "post /webhooks/stalwart/{source_id}": ["signature"],
        "post /webhooks/inbound/{source_id}": ["hook"],
    }
    assert {"post /webhooks/ses", "get /t/c/{token}/{link}", "post /u/{token}"} <= set(edges)


def test_an_edge_that_the_page_does_not_know_is_refused() -> None:
    with pytest.raises(KeyError):
        openapi_edges.described("get", "/t/new")


def test_a_code_of_a_route_stands_under_its_status() -> None:
    answers = OPERATIONS["post /api/sending-ips"]["responses"]
    schema = answers["409"]["content"]["application/problem+json"]["schema"]
    assert "already_exists" in schema["properties"]["code"]["enum"]


def test_a_code_that_the_page_does_not_explain_is_refused() -> None:
    with pytest.raises(KeyError, match="unheard_of"):
        openapi_problems.answers("get", "/api/things", {PROBLEMS: ["unheard_of"]})
