"""Real senders are killed while they send: everybody is accounted for, and nobody gets it twice."""

import os
import subprocess
import sys

import pytest

from local.deploy import SEARCH_PATH
from local.emulator import ROOT

pytestmark = pytest.mark.system

PEOPLE, KILLS = 1200, 8  # 3200 and 20 by hand take three times as long


def test_killed_senders_write_to_nobody_twice_and_lose_nobody() -> None:
    command = [sys.executable, "-m", "local.kills", "--people", str(PEOPLE), "--kills", str(KILLS)]
    played = subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": SEARCH_PATH},
        capture_output=True,
        text=True,
        check=False,
    )
    assert played.returncode == 0, played.stdout[-3000:] + played.stderr[-3000:]
    assert f"{KILLS} senders killed" in played.stdout
