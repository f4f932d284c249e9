"""A terminal with a home of its own, and an API that answers as it is told."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cli import session
from cli.__main__ import app
from tests.serving import QuietHandler, serving


@dataclass(frozen=True, slots=True)
class Request:
    """One request that came in."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class ScriptedApi:
    """Gives each path its answers in order, the last one again and again."""

    url: str = ""
    answers: dict[str, list[tuple[int, dict[str, str], bytes]]] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)

    def on(self, call: str, body: Any = None, status: int = 200, **headers: str) -> None:
        """Answer `GET /path` and the like with this, after what was named before."""
        raw = (
            body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        )
        self.answers.setdefault(call, []).append((status, headers, raw))

    def answer(self, request: Request) -> tuple[int, dict[str, str], bytes]:
        """Take a request and say what it gets."""
        self.requests.append(request)
        script = self.answers.get(f"{request.method} {request.path}")
        if not script:
            return 404, {}, json.dumps({"code": "not_found", "detail": "Nothing here."}).encode()
        return script.pop(0) if len(script) > 1 else script[0]


def _handler(api: ScriptedApi) -> type[BaseHTTPRequestHandler]:
    class Handler(QuietHandler):
        def answer(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(length)
            status, more, raw = api.answer(Request(self.command, self.path, headers, body))
            self.send_response(status)
            for name, value in {"Content_Length": str(len(raw)), **more}.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            self.wfile.write(raw)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815

    return Handler


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where `login` keeps things; nothing of the developer's own."""
    file = tmp_path / "config" / "credentials.json"
    monkeypatch.setattr(session, "credentials_file", lambda: file)
    monkeypatch.delenv(session.URL, raising=False)
    monkeypatch.delenv(session.KEY, raising=False)
    return file


@pytest.fixture
def api(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedApi]:
    """An API that the commands call."""
    scripted = ScriptedApi()
    with serving(_handler(scripted)) as scripted.url:
        monkeypatch.setenv(session.URL, scripted.url)
        monkeypatch.setenv(session.KEY, "mt_test")
        yield scripted


def run(*arguments: str, code: int = 0, typed: str | None = None) -> Result:
    """Run `mailtide …`; the exit code has to be `code`."""
    result = CliRunner().invoke(app, list(arguments), input=typed)
    assert result.exit_code == code, (result.output, result.exception)
    return result
