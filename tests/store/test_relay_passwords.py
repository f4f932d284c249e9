"""Relays' passwords: kept, replaced and removed, and AWS's other errors are not hidden."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from mailtide.store.relay_passwords import RelayPasswords


@pytest.fixture
def secrets() -> Iterator[tuple[RelayPasswords, Stubber]]:
    client = boto3.client("secretsmanager", region_name="us-east-1")
    with Stubber(client) as stubber:
        yield RelayPasswords(client, "test/relay/"), stubber


Secrets = tuple[RelayPasswords, Stubber]
NAMED: dict[str, Any] = {"ARN": "arn:aws:secretsmanager:us-east-1:1:secret:x", "Name": "n"}


def test_a_new_password_gets_a_secret_of_its_own(secrets: Secrets) -> None:
    passwords, aws = secrets
    aws.add_response("create_secret", NAMED, {"Name": "test/relay/ip1", "SecretString": "p"})
    assert passwords.put("ip1", "p") == "test/relay/ip1"


def test_another_password_takes_the_place_of_the_kept_one(secrets: Secrets) -> None:
    passwords, aws = secrets
    aws.add_client_error("create_secret", "ResourceExistsException")
    aws.add_response("put_secret_value", NAMED, {"SecretId": "test/relay/ip1", "SecretString": "p"})
    assert passwords.put("ip1", "p") == "test/relay/ip1"


def test_a_password_that_is_not_there_is_removed_without_a_word(secrets: Secrets) -> None:
    passwords, aws = secrets
    aws.add_client_error("delete_secret", "ResourceNotFoundException")
    passwords.delete("ip1")


def test_other_errors_are_not_hidden(secrets: Secrets) -> None:
    passwords, aws = secrets
    aws.add_client_error("create_secret", "AccessDeniedException")
    with pytest.raises(ClientError):
        passwords.put("ip1", "p")
    aws.add_client_error("delete_secret", "AccessDeniedException")
    with pytest.raises(ClientError):
        passwords.delete("ip1")
