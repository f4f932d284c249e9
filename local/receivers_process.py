"""The receivers as a child process, and what their control server can be asked."""

import contextlib
import json
import select
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from local import children
from local.emulator import ROOT

START_SECONDS = 30.0
TIMEOUT_SECONDS = 60.0  # a ledger of thousands of messages is some megabytes
# Of receivers that neither read nor complain, and by whom nobody is suppressed: what comes back is
# then the delivery alone.
QUIET_RATES = dict.fromkeys(
    ("hard", "late", "complain", "open", "auto_reply", "machine", "proxy"), 0.0
)


@dataclass(frozen=True, slots=True)
class Receivers:
    """The running receivers."""

    smtp_ports: Mapping[str, int]  # by the name of the sending IP
    ses_url: str | None  # where SESv2 is
    control_url: str

    def ledger(self, campaign_id: str) -> dict[str, Any]:
        """Read what truly happened to a campaign: messages, refusals, duplicates."""
        return self._get("/ledger", campaign=campaign_id)

    def summary(self, campaign_id: str) -> dict[str, Any]:
        """Read the ledger's sums."""
        return self._get("/summary", campaign=campaign_id)

    def is_settled(self) -> bool:
        """Say whether nothing is planned to happen and the webhook has everything."""
        idle = self._get("/idle")
        return bool(idle["scheduled"] == idle["unsent"] == 0)

    def change(self, behaviour: Mapping[str, Any]) -> None:
        """Change how receivers behave from now on."""
        httpx.post(f"{self.control_url}/behaviour", json=dict(behaviour)).raise_for_status()

    def ses(self) -> dict[str, Any]:
        """Read the account of SES."""
        return self._get("/ses")

    def change_ses(self, state: Mapping[str, Any]) -> None:
        """Change what the account of SES may do from now on (`local.ses.account.State`)."""
        httpx.post(f"{self.control_url}/ses", json=dict(state)).raise_for_status()

    def _get(self, path: str, **query: str) -> dict[str, Any]:
        response = httpx.get(f"{self.control_url}{path}", params=query, timeout=TIMEOUT_SECONDS)
        response.raise_for_status()
        return dict(response.json())


@contextlib.contextmanager
def running(config: Mapping[str, Any]) -> Iterator[Receivers]:
    """Start the receivers (`local.receivers.config.Config`) and stop them at the end.

    Raises:
        RuntimeError: they did not come up; the message holds what they said.
    """
    folder = Path(tempfile.mkdtemp(prefix="mailtide-receivers-"))
    try:
        path = folder / "config.json"
        path.write_text(json.dumps(config))
        with _started(path, folder / "log") as process:
            ports = json.loads(_ready_line(process, folder / "log"))
            ses_url = f"http://127.0.0.1:{ports['ses']}" if ports["ses"] else None
            yield Receivers(ports["smtp"], ses_url, f"http://127.0.0.1:{ports['control']}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _started(config: Path, log_file: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "local.receivers", "--config", str(config)],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,  # Ctrl-C is for us, and we stop it
        )
    try:
        yield process
    finally:
        children.stop(process)
        if process.stdout is not None:
            process.stdout.close()


def _ready_line(process: subprocess.Popen[bytes], log_file: Path) -> bytes:
    if process.stdout is None:
        raise ValueError("the receivers' output has to be a pipe")
    ready, _, _ = select.select([process.stdout], [], [], START_SECONDS)
    line = process.stdout.readline() if ready else b""
    if not line:
        raise RuntimeError(f"the receivers did not start:\n{log_file.read_text(errors='replace')}")
    return line
