"""The emulator: MiniStack as a child that sees nothing of this machine and leaves nothing on it.

It runs the functions on its own Python, so it has a virtual environment of its own (`.emulator`)
and starts with an empty environment: what a function finds there beside its layers is what Lambda
would give it, and nothing more.
"""

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config as BotoConfig

from local import children

ROOT = Path(__file__).resolve().parent.parent
PYTHON = ROOT / ".emulator" / "bin" / "python"
REGION = "us-east-1"
ACCOUNT = "000000000000"
MEMORY = Path("/dev/shm")  # noqa: S108 - only a folder with a random name is made in it
MEMORY_BYTES = 4 * 2**30  # 40 MB for each process, and some are replaced before they are removed
START_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Emulator:
    """A running emulator."""

    endpoint: str  # every AWS service, such as http://127.0.0.1:41234
    log_file: Path

    def client(self, service: str, **credentials: str) -> Any:
        """Return a boto3 client; without `credentials` it may do everything."""
        owner = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        session = boto3.Session(region_name=REGION, **(credentials or owner))
        # Presigned uploads pass the emulator's checks only with this signature.
        config = BotoConfig(signature_version="s3v4") if service == "s3" else None
        return session.client(service, endpoint_url=self.endpoint, config=config)

    def log_tail(self, lines: int = 40) -> str:
        """Return the last lines that the emulator and the functions' runtimes logged."""
        return "\n".join(self.log_file.read_text(errors="replace").splitlines()[-lines:])


@contextlib.contextmanager
def running(*, enforce_iam: bool = True, max_executions: int = 40) -> Iterator[Emulator]:
    """Start the emulator, wait until it answers, and at the end stop it with all its children.

    `enforce_iam` makes it refuse what a function's role does not grant; `max_executions` is how
    many functions run at once (each is a process of about 45 MB).

    Raises:
        RuntimeError: it did not come up; the message holds the end of its log.
    """
    folder = Path(tempfile.mkdtemp(prefix="mailtide-emulator-", dir=_fast_folder()))
    port = free_port()
    emulator = Emulator(f"http://127.0.0.1:{port}", folder / "emulator.log")
    with emulator.log_file.open("wb") as log:
        process = subprocess.Popen(
            [str(PYTHON), "-m", "ministack"],
            env=_environment(folder, port, enforce_iam, max_executions),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait_until_ready(process, emulator)
        yield emulator
    finally:
        children.stop(process)
        shutil.rmtree(folder, ignore_errors=True)


def free_port() -> int:
    """Return a loopback port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _fast_folder() -> str | None:
    """Return shared memory where it can hold the functions' processes, else None.

    Each process unpacks the layers into files of its own: 0.4 s in memory, up to 3 s on a disk.
    """
    if not MEMORY.is_dir() or not os.access(MEMORY, os.W_OK):
        return None
    if os.statvfs(MEMORY).f_flag & os.ST_NOEXEC or shutil.disk_usage(MEMORY).free < MEMORY_BYTES:
        return None
    return str(MEMORY)


def _environment(folder: Path, port: int, enforce_iam: bool, max_executions: int) -> dict[str, str]:
    return {
        "PATH": "/usr/bin:/bin",
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "LANG": "C.UTF-8",
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "AUTH": "true" if enforce_iam else "false",
        "MINISTACK_REGION": REGION,
        "LAMBDA_ACCOUNT_CONCURRENCY": str(max_executions),
        "LAMBDA_EXECUTOR": "local",
        # Docker may be there or not; the functions run without it, and so does everything else.
        "DOCKER_HOST": f"unix://{folder}/no-docker.sock",
    }


def _wait_until_ready(process: subprocess.Popen[bytes], emulator: Emulator) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with (
            contextlib.suppress(urllib.error.URLError, OSError),
            urllib.request.urlopen(f"{emulator.endpoint}/_ministack/health", timeout=2),  # noqa: S310
        ):
            return
        time.sleep(0.05)
    raise RuntimeError(f"the emulator did not start:\n{emulator.log_tail()}")
