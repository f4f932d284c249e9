"""Children: how a process that we started is ended with all that it started itself."""

import contextlib
import os
import signal
import subprocess

STOP_SECONDS = 5.0


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a process that leads a session of its own, and its children: ask first, then kill."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=STOP_SECONDS)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
