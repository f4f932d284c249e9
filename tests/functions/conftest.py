"""One stack per test file, and new organisations in it for every test: making tables takes long."""

from collections.abc import Iterator
from itertools import count
from typing import TYPE_CHECKING

import pytest

# Nothing of ours is imported here: pytest loads this before it sets what Powertools reads.
if TYPE_CHECKING:
    from tests.aws import Stack
    from tests.functions.tenants import Api, Tenant

ENVIRONMENT = {
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCOUNT_ID_ENDPOINT_MODE": "disabled",  # such endpoints go past moto's mocks
}
numbers = count()


@pytest.fixture(scope="module")
def shared_stack() -> "Iterator[Stack]":
    """A whole stack on moto, for all tests of a file."""
    from tests.aws import stack

    with pytest.MonkeyPatch.context() as patch:
        for name, value in ENVIRONMENT.items():
            patch.setenv(name, value)
        with stack(patch) as made:
            yield made


@pytest.fixture(autouse=True)
def ses_endpoint(
    aws_environment: None, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Name the shared stack's SES, which is no part of moto, to the clients a test makes."""
    if "shared_stack" in request.fixturenames:
        shared: Stack = request.getfixturevalue("shared_stack")
        monkeypatch.setenv("AWS_ENDPOINT_URL_SESV2", shared.ses.url)


@pytest.fixture
def world(shared_stack: "Stack") -> "Api":
    """The API with two organisations that no other test knows."""
    from tests.functions.tenants import Api, tenant

    number = next(numbers)
    return Api(shared_stack, tenant(f"acme{number}"), tenant(f"other{number}"))


@pytest.fixture
def acme(world: "Api") -> "Tenant":
    """The organisation of most tests."""
    return world.acme
