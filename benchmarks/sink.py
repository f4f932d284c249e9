"""Sink: Postfix's smtp-sink, which takes every message and keeps none."""

import contextlib
import subprocess
import time
from collections.abc import Iterator

from local import emulator


@contextlib.contextmanager
def running() -> Iterator[int]:
    """Start it; yield its port."""
    port = emulator.free_port()
    command = ["smtp-sink", "-u", "nobody", f"127.0.0.1:{port}", "1024"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as sink:
        time.sleep(0.3)
        try:
            yield port
        finally:
            sink.kill()
