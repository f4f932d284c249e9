"""The layer keeps botocore's description of every service that a client is made of."""

import re
from pathlib import Path

from infra.build import BOTOCORE_SERVICES

CODE = Path(__file__).resolve().parents[2] / "layers" / "common" / "python" / "mailtide"
CLIENT = re.compile(r"client(?:\(|, )\s*\"([a-z0-9]+)\"")


def test_the_layer_describes_every_service_that_is_called() -> None:
    called = {name for file in CODE.rglob("*.py") for name in CLIENT.findall(file.read_text())}
    assert {"events", "s3", "sesv2", "sqs"} <= called
    assert called <= BOTOCORE_SERVICES
