"""What a function loads at its cold start: nothing heavy that it does not need."""

import subprocess
import sys
from pathlib import Path

import pytest

from infra.build import function_names

ROOT = Path(__file__).resolve().parents[2]
# Each costs 40 ms or more, or belongs to development alone.
HEAVY = {"aws_xray_sdk", "boto3", "dns", "liquid", "moto", "pydantic", "requests"}
ALLOWED = {"api": {"pydantic", "liquid"}, "insights": {"pydantic"}}
IMPORT = "import sys, functions.{}.handler; print(*sys.modules)"


@pytest.mark.parametrize("function", function_names())
def test_a_cold_start_loads_nothing_heavy(function: str) -> None:
    loaded = subprocess.run(
        [sys.executable, "-c", IMPORT.format(function)],
        cwd=ROOT,
        env={"PYTHONPATH": ".:layers/common/python", "AWS_REGION": "us-east-1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert HEAVY & set(loaded.stdout.split()) <= ALLOWED.get(function, set())
