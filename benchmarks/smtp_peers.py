"""SMTP peers: what the client is measured against, each in a process of its own.

Clients run on the first core, sinks and the wire on the last; Postfix runs where it may.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
SIZE = 41_963  # bytes of a message
CLIENT, SERVER = "0", str((os.cpu_count() or 1) - 1)  # cores


@dataclass(frozen=True, slots=True)
class Run:
    """What one run of a client took."""

    messages: int
    seconds: float
    cpu: float
    answers: tuple[str, ...] = ()

    @property
    def rate(self) -> float:
        """Messages a second."""
        return self.messages / self.seconds

    @property
    def microseconds(self) -> float:
        """CPU per message."""
        return self.cpu / self.messages * 1e6


def tools() -> None:
    """Install Debian's Postfix when it is missing (as root); no service comes with it.

    Without a main.cf its unit starts nothing, now or at the next boot (ConditionPathExists).
    """
    if shutil.which("smtp-sink") is not None:
        return
    answer = "postfix postfix/main_mailer_type select No configuration\n"
    subprocess.run(["debconf-set-selections"], input=answer, text=True, check=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "-y", "--no-install-recommends", "postfix"]
    for command in (["apt-get", "update"], install):
        subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)


def compiled(name: str, into: Path) -> str:
    """Compile one of the C programs here."""
    program = into / name
    subprocess.run(["cc", "-O2", "-o", str(program), str(HERE / f"{name}.c")], check=True)
    return str(program)


def free_port() -> int:
    """Return a port of loopback that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


@contextmanager
def serving(*command: str, port: int) -> Iterator[int]:
    """Run a server on its core until the end; it listens when this begins."""
    process = subprocess.Popen(["taskset", "-c", SERVER, *command], stdout=subprocess.DEVNULL)
    try:
        wait_for(port)
        yield port
    finally:
        process.terminate()
        process.wait()


def wait_for(port: int) -> None:
    """Wait until somebody listens on a port."""
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError(f"nobody listens on port {port}")


@contextmanager
def smtp_sink() -> Iterator[int]:
    """Postfix's sink: PIPELINING, no CHUNKING."""
    port = free_port()
    with serving("smtp-sink", "-u", "nobody", f"127.0.0.1:{port}", "1024", port=port):
        yield port


@contextmanager
def chunking_sink() -> Iterator[int]:
    """The sink of `smtp_sink.c`: PIPELINING and CHUNKING."""
    port = free_port()
    with (
        tempfile.TemporaryDirectory() as place,
        serving(compiled("smtp_sink", Path(place)), str(port), port=port),
    ):
        yield port


@contextmanager
def wire(to: int, milliseconds: float) -> Iterator[int]:
    """A wire to a port with a round-trip time (`delay_proxy.c`)."""
    port = free_port()
    with tempfile.TemporaryDirectory() as place:
        program = compiled("delay_proxy", Path(place))
        with serving(program, str(port), str(to), f"{milliseconds * 1000:.0f}", port=port):
            yield port


def smtp_source(port: int, messages: int, sessions: int) -> Run:
    """Postfix's own load generator, with sessions that stay."""
    command = ["smtp-source", "-d", "-s", str(sessions), "-l", str(SIZE), "-m", str(messages)]
    began = time.perf_counter()
    process = subprocess.Popen(["taskset", "-c", CLIENT, *command, f"127.0.0.1:{port}"])
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError("smtp-source failed")
    return Run(messages, time.perf_counter() - began, used.ru_utime + used.ru_stime)


def ours(port: int, messages: int, connections: int, block: int | None = None) -> Run:
    """The product's client; all messages must be accepted."""
    words = [port, messages, connections, block or messages]
    command = [sys.executable, "-m", "benchmarks.smtp_client", *map(str, words)]
    done = subprocess.run(
        ["taskset", "-c", CLIENT, *command],
        check=True,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": ":".join(sys.path)},
    )
    found = json.loads(done.stdout)
    if found["accepted"] != messages:
        raise RuntimeError(f"only {found['accepted']} of {messages} messages were accepted")
    return Run(messages, found["seconds"], found["cpu"], tuple(found["answers"]))
