"""The demo stopped in the middle: no process and no file of it is left."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.deploy import SEARCH_PATH
from local.emulator import MEMORY, ROOT

pytestmark = pytest.mark.system

STOP_SECONDS = 30


@pytest.fixture
def folder() -> Iterator[Path]:
    """Give a temporary folder whose path is short: sockets are made in it."""
    made = Path(tempfile.mkdtemp(prefix="demo-"))
    yield made
    shutil.rmtree(made)


def test_demo_that_is_interrupted_twice_leaves_nothing_behind(folder: Path) -> None:
    in_memory = set(MEMORY.glob("mailtide-*"))
    demo = subprocess.Popen(
        [sys.executable, "-u", "-m", "local.demo"],
        cwd=ROOT,
        env=os.environ | {"TMPDIR": str(folder), "PYTHONPATH": SEARCH_PATH},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert demo.stdout is not None
    said: list[str] = []
    try:
        for line in demo.stdout:
            said.append(line)
            if "Starting a campaign" in line:
                break
        children = descendants(demo.pid)
        assert len(children) > 2, said  # the emulator, its functions, the receivers
        demo.send_signal(signal.SIGINT)
        demo.send_signal(signal.SIGINT)
        said += demo.communicate(timeout=STOP_SECONDS)[0].splitlines()
    finally:
        demo.kill()
        demo.wait()
    assert demo.returncode == 128 + signal.SIGINT, said
    assert "Stopped; nothing is left behind." in said
    assert [pid for pid in children if is_running(pid)] == []
    assert list(folder.iterdir()) == []
    assert set(MEMORY.glob("mailtide-*")) <= in_memory


def descendants(pid: int) -> list[int]:
    """List all processes that a process has started, and those that they have."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            _, _, rest = status.read_text().rpartition(")")
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(rest.split()[1]) == pid:
            child = int(status.parent.name)
            found += [child, *descendants(child)]
    return found


def is_running(pid: int) -> bool:
    """Say whether a process is there and no zombie."""
    try:
        _, _, rest = Path(f"/proc/{pid}/stat").read_text().rpartition(")")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return rest.split()[0] != "Z"
