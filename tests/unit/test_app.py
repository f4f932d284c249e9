"""The composition place: settings, clock, secrets and clients."""

from collections.abc import Iterator
from dataclasses import fields
from datetime import UTC, timedelta

import boto3
import pytest
from moto import mock_aws

from mailtide import app
from mailtide.app import Settings, base
from mailtide.sigv4 import Credentials
from mailtide.small_client import DYNAMODB, SECRETS, SQS, Service

ENVIRONMENT = {
    "MAILTIDE_TABLE_PREFIX": "app",
    "MAILTIDE_DATA_BUCKET": "data",
    "MAILTIDE_QUEUE_LAUNCH": "https://sqs/launch",
    "MAILTIDE_QUEUE_SENDING": "https://sqs/sending",
    "MAILTIDE_QUEUE_TRANSACT": "https://sqs/transact",
    "MAILTIDE_QUEUE_EVENTS": "https://sqs/events",
    "MAILTIDE_QUEUE_IMPORTS": "https://sqs/imports",
    "MAILTIDE_QUEUE_JOBS": "https://sqs/jobs",
    "MAILTIDE_SECRET_IDENTITY": "identity",
    "MAILTIDE_SECRET_SIGNING": "signing",
    "MAILTIDE_RELAY_SECRET_PREFIX": "app/relay/",
    "MAILTIDE_PUBLIC_URL": "",
    "MAILTIDE_RELAY_NETWORKS": "127.0.0.0/8, 10.0.0.0/8",
    "MAILTIDE_SES_TOPIC": "arn:aws:sns:us-east-1:123456789012:ses",
    "MAILTIDE_SES_TOPICS": "arn:aws:sns:us-east-1:123456789012:a,",
    "MAILTIDE_SENDER_TIMEOUT_SECONDS": "120",
    "MAILTIDE_LEASE_SECONDS": "180",
    "MAILTIDE_REQUESTS_PER_MINUTE": "6000",
    "MAILTIDE_EMULATOR": "false",
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, fresh_app: None) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def fresh_app() -> Iterator[None]:
    """Forget what was built, before and after."""
    forget()
    yield
    forget()


def forget() -> None:
    for name in dir(app):
        getattr(getattr(app, name), "cache_clear", lambda: None)()


def test_settings_are_read_from_the_environment() -> None:
    settings = Settings.read(ENVIRONMENT)
    assert settings.table_prefix == "app"
    assert settings.public_url == ""
    assert settings.relay_networks == ("127.0.0.0/8", "10.0.0.0/8")
    assert settings.ses_topics == ("arn:aws:sns:us-east-1:123456789012:a",)
    assert (settings.sender_timeout_seconds, settings.lease_seconds) == (120, 180)
    assert settings.requests_per_minute == 6000
    assert settings.emulator is False


def test_no_networks_are_none() -> None:
    settings = Settings.read({**ENVIRONMENT, "MAILTIDE_RELAY_NETWORKS": ""})
    assert settings.relay_networks == ()


@pytest.mark.parametrize("name", [field.name for field in fields(Settings)])
def test_a_missing_variable_is_named(name: str) -> None:
    variable = f"MAILTIDE_{name.upper()}"
    environment = {key: value for key, value in ENVIRONMENT.items() if key != variable}
    with pytest.raises(RuntimeError, match=variable):
        Settings.read(environment)


def test_the_clock_is_aware_and_whole_in_milliseconds() -> None:
    now = app.now()
    assert now.tzinfo is UTC
    assert now.microsecond % 1000 == 0


@pytest.mark.parametrize(
    ("remaining_seconds", "usable_seconds"),
    [(120, 90), (40, 30), (5, 3.75)],
)
def test_a_sender_keeps_time_for_what_follows(
    monkeypatch: pytest.MonkeyPatch, remaining_seconds: int, usable_seconds: float
) -> None:
    now = app.now()
    monkeypatch.setattr("mailtide.app.base.now", lambda: now)
    until = app.deadline(1000 * remaining_seconds)
    assert until - now == timedelta(seconds=usable_seconds)


@mock_aws
def test_ids_are_keyed_by_the_identity_secret(
    environment: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = boto3.client("secretsmanager", region_name="us-east-1")
    monkeypatch.setattr(base, "SmallClient", lambda *_: client)
    client.create_secret(Name="identity", SecretString="x" * 64)
    first = app.contact_id("acme", "a@example.test")
    assert first == app.contact_id("acme", "A@example.test")
    client.update_secret(SecretId="identity", SecretString="y" * 64)
    assert first == app.contact_id("acme", "a@example.test")  # fetched once
    forget()
    assert first != app.contact_id("acme", "a@example.test")


@mock_aws
def test_a_client_is_made_once(environment: None) -> None:
    assert app.client("sqs") is app.client("sqs")
    assert app.client("sqs") is not app.client("secretsmanager")


@pytest.mark.parametrize(
    ("region", "environment_of", "endpoint"),
    [
        ("eu-central-1", {}, "https://sqs.eu-central-1.amazonaws.com"),
        ("cn-north-1", {}, "https://sqs.cn-north-1.amazonaws.com.cn"),
        ("us-east-1", {"AWS_ENDPOINT_URL": "http://all"}, "http://all"),
        (
            "us-east-1",
            {"AWS_ENDPOINT_URL": "http://all", "AWS_ENDPOINT_URL_SQS": "http://own"},
            "http://own",
        ),
    ],
)
def test_the_small_client_calls_the_endpoint_that_botocore_would(
    monkeypatch: pytest.MonkeyPatch,
    fresh_app: None,
    region: str,
    environment_of: dict[str, str],
    endpoint: str,
) -> None:
    monkeypatch.setenv("AWS_REGION", region)
    for name, value in environment_of.items():
        monkeypatch.setenv(name, value)
    assert app.small_client(SQS).endpoint == endpoint
    assert app.session().create_client("sqs", region_name=region).meta.endpoint_url == endpoint


@pytest.mark.parametrize("service", [DYNAMODB, SECRETS, SQS])
def test_each_service_is_called_at_the_endpoint_of_its_own_that_botocore_would_call(
    monkeypatch: pytest.MonkeyPatch, fresh_app: None, service: Service
) -> None:
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    named = app.session().get_service_model(service.name).service_id.replace(" ", "_").upper()
    monkeypatch.setenv(f"AWS_ENDPOINT_URL_{named}", "http://own")
    client = app.session().create_client(service.name, region_name="us-east-1")
    assert app.small_client(service).endpoint == client.meta.endpoint_url == "http://own"


@pytest.mark.parametrize("region", ["eu-central-1", "cn-north-1"])
def test_ses_is_called_where_botocore_would(
    monkeypatch: pytest.MonkeyPatch, fresh_app: None, region: str
) -> None:
    monkeypatch.setenv("AWS_REGION", region)
    expected = app.session().create_client("sesv2", region_name=region).meta.endpoint_url
    assert base.endpoint("SESV2", "email") == expected
    monkeypatch.setenv("AWS_ENDPOINT_URL_SESV2", "http://own")
    assert base.endpoint("SESV2", "email") == "http://own"


def test_the_small_client_signs_with_what_lambda_gives(
    monkeypatch: pytest.MonkeyPatch, fresh_app: None
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "access")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)
    client = app.hasty_queue_client()
    assert client.credentials() == Credentials("access", "secret", None)
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token")
    assert client.credentials() == Credentials("access", "secret", "token")


@mock_aws
def test_in_lambda_a_functions_flow_is_built_at_once(environment: None) -> None:
    app.build_at_init({"POWERTOOLS_SERVICE_NAME": "release"})
    assert app.release.cache_info().currsize == 0
    app.build_at_init({"POWERTOOLS_SERVICE_NAME": "release", "AWS_LAMBDA_RUNTIME_API": "x"})
    assert app.release.cache_info().currsize == 1


def test_an_emulator_has_its_buckets_in_the_path(
    environment: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert presigned().startswith("https://data.s3")
    forget()
    monkeypatch.setenv("MAILTIDE_EMULATOR", "true")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://localhost:4566")
    assert presigned().startswith("http://localhost:4566/data/key")


def presigned() -> str:
    parameters = {"Bucket": "data", "Key": "key"}
    url = app.client("s3").generate_presigned_url("put_object", Params=parameters)
    assert "X-Amz-Signature" in url
    return str(url)
