"""What every test gets: a fake AWS environment, only loopback to reach, no hypothesis deadline."""

import os
import socket
from typing import Any

import pytest
from hypothesis import settings

from infra import NODE

AWS_ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_SESSION_TOKEN": "testing",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    # Account-based endpoints go past moto's mocks.
    "AWS_ACCOUNT_ID_ENDPOINT_MODE": "disabled",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}
# What is read when a module is imported, which is before any fixture runs.
IMPORT_ENVIRONMENT = {
    "POWERTOOLS_SERVICE_NAME": "mailtide",
    "POWERTOOLS_METRICS_NAMESPACE": "Mailtide",
    # CloudFormation's own schema checks take seconds and are part of `make synth`.
    "CDK_VALIDATION": "false",
    "JSII_NODE": NODE,
}
os.environ.update(IMPORT_ENVIRONMENT)

# A shared machine is slow at times, and a slow example is not a wrong one.
settings.register_profile("mailtide", deadline=None, print_blob=True)
settings.load_profile("mailtide")


@pytest.fixture(autouse=True)
def aws_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fake credentials and a fixed region; nothing of the developer's own AWS set-up."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in AWS_ENVIRONMENT.items():
        monkeypatch.setenv(name, value)


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse every connection that would leave this machine."""
    connect = socket.socket.connect

    def connect_on_loopback(self: socket.socket, address: Any) -> None:
        host = address[0] if isinstance(address, tuple) else ""
        if host and host != "::1" and host != "localhost" and not host.startswith("127."):
            raise AssertionError(f"a test tried to reach {host}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect_on_loopback)
