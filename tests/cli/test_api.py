"""The caller of the API: repeats that are one, pages, files in pieces, problems in words."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.api import LONGEST_WAIT_SECONDS, PIECE, TRIES, Api, ApiError, put_file
from tests.cli.conftest import ScriptedApi

IN_PROGRESS = "idempotency_in_progress"


@pytest.fixture
def waited() -> list[float]:
    """How long the caller waited between its tries."""
    return []


@pytest.fixture
def caller(api: ScriptedApi, waited: list[float]) -> Iterator[Api]:
    with Api(api.url, "mt_test", sleep=waited.append) as calling:
        yield calling


@pytest.mark.parametrize("status", [429, 503])
def test_a_change_that_is_answered_later_is_made_again_as_the_same_one(
    api: ScriptedApi, caller: Api, waited: list[float], status: int
) -> None:
    api.on("POST /api/lists", {"code": "try_again"}, status=status, Retry_After="7")
    api.on("POST /api/lists", {"list_id": "l"}, status=201)
    assert caller.post("/api/lists", {"name": "x"}) == {"list_id": "l"}
    assert waited == [7.0]
    assert len({one.headers["idempotency-key"] for one in api.requests}) == 1


def test_a_change_whose_answer_is_lost_is_made_again_as_the_same_one(
    api: ScriptedApi, caller: Api, waited: list[float]
) -> None:
    api.on("POST /api/lists", b"{", Content_Length="90", Connection="close")  # ends too early
    api.on("POST /api/lists", {"code": IN_PROGRESS}, status=409, Retry_After="3")
    api.on("POST /api/lists", {"list_id": "l"}, status=201)
    assert caller.post("/api/lists", {"name": "x"}) == {"list_id": "l"}
    assert waited == [1.0, 3.0]
    assert len({one.headers["idempotency-key"] for one in api.requests}) == 1


def test_a_refusal_by_the_state_of_things_is_not_tried_again(api: ScriptedApi, caller: Api) -> None:
    api.on("POST /x", {"code": "conflict_state"}, status=409)
    with pytest.raises(ApiError):
        caller.post("/x")
    assert len(api.requests) == 1


def test_two_changes_are_two(api: ScriptedApi, caller: Api) -> None:
    api.on("POST /api/lists", {})
    caller.post("/api/lists", {})
    caller.post("/api/lists", {})
    assert len({one.headers["idempotency-key"] for one in api.requests}) == 2


def test_it_gives_up_and_says_what_it_was_told(
    api: ScriptedApi, caller: Api, waited: list[float]
) -> None:
    api.on("GET /api/lists", {"code": "try_again", "detail": "Busy."}, status=503)
    with pytest.raises(ApiError, match="503 try_again Busy"):
        caller.get("/api/lists")
    assert len(api.requests) == TRIES
    assert waited == sorted(waited)


def test_it_never_waits_for_long(api: ScriptedApi, caller: Api, waited: list[float]) -> None:
    api.on("GET /x", {}, status=429, Retry_After="86400")
    api.on("GET /x", {})
    caller.get("/x")
    assert waited == [LONGEST_WAIT_SECONDS]


def test_what_is_wrong_is_not_tried_again(api: ScriptedApi, caller: Api) -> None:
    api.on("GET /x", b"<html>", status=502)
    with pytest.raises(ApiError) as caught:
        caller.get("/x")
    assert (len(api.requests), caught.value.code, caught.value.detail) == (1, "", "<html>")


def test_a_listing_is_read_to_its_end(api: ScriptedApi, caller: Api) -> None:
    api.on("GET /x?limit=2", {"data": [1, 2], "has_more": True, "next": "n"})
    api.on("GET /x?limit=2&after=n", {"data": [3], "has_more": False, "next": None})
    assert list(caller.all("/x", limit="2")) == [1, 2, 3]


def test_a_file_goes_up_in_pieces_with_its_length(api: ScriptedApi, tmp_path: Path) -> None:
    file = tmp_path / "contacts.csv"
    file.write_bytes(b"x" * (PIECE + 5))
    api.on("PUT /file")
    seen: list[int] = []
    put_file({"method": "PUT", "url": f"{api.url}/file", "headers": {}}, file, seen.append)
    (request,) = api.requests
    assert (len(request.body), seen) == (PIECE + 5, [PIECE, 5])
    assert "transfer-encoding" not in request.headers
    assert "authorization" not in request.headers
