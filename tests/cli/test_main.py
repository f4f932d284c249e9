"""What a terminal sees of AWS's own refusals: words, no trace of the program."""

import os
import subprocess
import sys
from pathlib import Path

from tests.serving import QuietHandler, serving

ROOT = Path(__file__).resolve().parents[2]


class Refusing(QuietHandler):
    def refuse(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(403)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_POST = refuse  # noqa: N815


def test_a_refusal_of_aws_is_told_in_one_line() -> None:
    with serving(Refusing) as url:
        ran = subprocess.run(
            [sys.executable, "-m", "cli", "operations", "alarms"],
            env=os.environ
            | {
                "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "layers/common/python")]),
                "AWS_ENDPOINT_URL": url,
                "AWS_REGION": "us-east-1",
                "AWS_ACCESS_KEY_ID": "x",
                "AWS_SECRET_ACCESS_KEY": "x",
            },
            capture_output=True,
            text=True,
            check=False,
        )
    assert ran.returncode == 1
    assert ran.stderr.startswith("AWS refused: ")
    assert "Traceback" not in ran.stderr
