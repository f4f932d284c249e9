"""The edges' router: which function answers, with what, and what happens when it cannot."""

import json
from typing import Any

import pytest

from mailtide.edge import Answer, Edge, Request, json_object, pixel
from mailtide.errors import NotFoundError
from tests.events import Context
from tests.http import http_event


def an_edge(**more: Any) -> Edge:
    edge = Edge(**more)

    @edge.route("/a/<one>", {"GET", "HEAD"})
    def one(_: Request, one: str) -> Answer:
        return json_object(one=one)

    @edge.route("/a/<one>/b/<two>", {"POST"})
    def two(request: Request, one: str, two: str) -> Answer:
        return json_object(one=one, two=two, body=request.body().decode())

    @edge.route("/fail/<how>", {"GET"})
    def fail(_: Request, how: str) -> Answer:
        raise NotFoundError("gone", code="token_invalid") if how == "ours" else ZeroDivisionError

    return edge


def ask(edge: Edge, method: str, path: str, **more: Any) -> dict[str, Any]:
    return edge.resolve(http_event(method, path, **more), Context())


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("text", ["x", "é", "a b", "<script>", "a\n", "%2F", "\x00"])
def test_a_place_takes_any_text_without_a_slash(method: str, text: str) -> None:
    answer = ask(an_edge(), method, f"/a/{text}")
    assert (answer["statusCode"], json.loads(answer["body"])) == (200, {"one": text})


@pytest.mark.parametrize("body", ["x", b"x"])
def test_places_come_in_their_order_and_the_body_as_it_was_sent(body: str | bytes) -> None:
    answer = ask(an_edge(), "POST", "/a/1/b/2", body=body)
    assert json.loads(answer["body"]) == {"one": "1", "two": "2", "body": "x"}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/a/1"),
        ("GET", "/a/1/b/2"),
        ("GET", "/a/"),
        ("GET", "/a"),
        ("GET", "/a/1/"),
        ("GET", "a/1"),
        ("GET", "/A/1"),
        ("GET", ""),
    ],
)
def test_another_method_or_path_has_no_route(method: str, path: str) -> None:
    answer = ask(an_edge(), method, path)
    assert answer["statusCode"] == 404
    assert json.loads(answer["body"])["code"] == "not_found"


def test_what_has_no_route_may_be_answered_otherwise() -> None:
    edge = an_edge(unrouted=lambda request: pixel() if request.path == "/p" else None)
    assert ask(edge, "GET", "/p")["isBase64Encoded"] is True
    assert ask(edge, "GET", "/q")["statusCode"] == 404


@pytest.mark.parametrize(("how", "status"), [("ours", 404), ("other", 503)])
def test_an_error_is_a_problem_and_trouble_of_ours_may_be_tried_again(
    how: str, status: int
) -> None:
    answer = ask(an_edge(), "GET", f"/fail/{how}")
    assert answer["statusCode"] == status
    assert ("Retry-After" in answer["headers"]) is (status == 503)


def test_headers_are_found_by_their_small_names() -> None:
    event = http_event("GET", "/") | {"headers": {"User-Agent": "Mail/1"}}
    assert Request(event).headers == {"user-agent": "Mail/1"}
