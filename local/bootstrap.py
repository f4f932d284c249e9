"""An organisation and its first key, made by the command that a deploying team runs."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass

from local.deploy import SEARCH_PATH, STACK
from local.emulator import REGION, ROOT, Emulator


@dataclass(frozen=True, slots=True)
class Owner:
    """Who may do everything in a new organisation."""

    org_id: str
    key_id: str
    key: str


def bootstrap(emulator: Emulator, organisation: str) -> Owner:
    """Run `python -m cli bootstrap` against the stack in the emulator.

    Raises:
        RuntimeError: with what the command said.
    """
    command = [sys.executable, "-m", "cli", "bootstrap", "--json"]
    command += ["--organisation", organisation, "--stack", STACK]
    environment = {
        **os.environ,
        "AWS_ENDPOINT_URL": emulator.endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": REGION,
        "PYTHONPATH": SEARCH_PATH,
    }
    made = subprocess.run(
        command, check=False, cwd=ROOT, env=environment, capture_output=True, text=True
    )
    if made.returncode:
        raise RuntimeError(made.stdout + made.stderr)
    return Owner(**json.loads(made.stdout))
