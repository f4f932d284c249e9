"""The front door: what goes in comes out of the other side, as it was."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import httpx
import pytest

from local import front_door
from local.emulator import free_port
from local.front_door import FrontDoor
from tests.serving import QuietHandler, serving

PREFIX = "/_aws/execute-api/api1/$default"
PARALLEL = 16


class Upstream(QuietHandler):
    """Answers with what it was asked; paths that end in `/together` wait for each other."""

    together = Barrier(PARALLEL)

    def _echo(self) -> None:
        if self.path.endswith("/together"):
            self.together.wait(timeout=30)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        seen = {"method": self.command, "path": self.path, "headers": self.headers.items()}
        answer = json.dumps(seen).encode() if self.command != "PUT" else body
        self.send_response(418)
        self.send_header("Set-Cookie", "a=1")
        self.send_header("Set-Cookie", "b=2")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _echo  # noqa: N815


@pytest.fixture
def upstream() -> Iterator[str]:
    with serving(Upstream) as url:
        yield url


@pytest.fixture
def door(upstream: str) -> Iterator[FrontDoor]:
    with front_door.listening(0) as listening:
        listening.open_to(upstream, "api1")
        yield listening


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE"])
def test_method_path_and_query_pass_as_they_were_written(door: FrontDoor, method: str) -> None:
    seen = httpx.request(method, f"{door.url}/api/a%2Fb?x=1&x=%C3%A9&y=").json()
    assert seen["method"] == method
    assert seen["path"] == f"{PREFIX}/api/a%2Fb?x=1&x=%C3%A9&y="


def test_request_headers_pass_with_the_name_that_was_called(door: FrontDoor) -> None:
    seen = httpx.get(f"{door.url}/", headers={"Authorization": "Bearer k", "X-Two": "2"}).json()
    headers = {name.lower(): value for name, value in seen["headers"]}
    assert headers["authorization"] == "Bearer k"
    assert headers["x-two"] == "2"
    assert headers["host"] == door.url.removeprefix("http://")


def test_body_passes_byte_for_byte_both_ways(door: FrontDoor) -> None:
    body = bytes(range(256)) * 1000
    assert httpx.put(f"{door.url}/", content=body).content == body


def test_answer_keeps_its_status_and_each_of_its_cookies(door: FrontDoor) -> None:
    answer = httpx.get(f"{door.url}/")
    assert answer.status_code == 418
    assert answer.headers.get_list("set-cookie") == ["a=1", "b=2"]


def test_head_has_a_length_and_no_body(door: FrontDoor) -> None:
    answer = httpx.head(f"{door.url}/")
    assert int(answer.headers["content-length"]) > 0
    assert answer.content == b""


def test_sixteen_requests_are_forwarded_at_once(door: FrontDoor) -> None:
    with ThreadPoolExecutor(PARALLEL) as pool:
        answers = pool.map(lambda _: httpx.get(f"{door.url}/together"), range(PARALLEL))
    assert [answer.status_code for answer in answers] == [418] * PARALLEL


def test_before_it_is_opened_it_says_that_nothing_is_there() -> None:
    with front_door.listening(0) as closed:
        assert httpx.get(f"{closed.url}/api/lists").status_code == 503


def test_api_that_is_gone_is_a_bad_gateway() -> None:
    with front_door.listening(0) as listening:
        listening.open_to(f"http://127.0.0.1:{free_port()}", "api1")
        assert httpx.get(f"{listening.url}/api/lists").status_code == 502


def test_taken_port_is_told(door: FrontDoor) -> None:
    with pytest.raises(OSError, match="in use"), front_door.listening(door.server_port):
        pass
