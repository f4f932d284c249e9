"""The stack's parameters, as the CDK's context gives them."""

import pytest
from aws_cdk import App

from infra.config import Config


def config(**context: object) -> Config:
    return Config.from_context(App(context=context).node)


def test_without_context_the_defaults_are_production() -> None:
    assert config() == Config()


def test_text_from_the_command_line_becomes_what_the_parameter_is() -> None:
    read = config(platform="x86_64", sender_concurrency="4", tracing="true")
    assert (read.platform, read.sender_concurrency, read.tracing) == ("x86_64", 4, True)


def test_values_from_a_file_pass_as_they_are() -> None:
    read = config(emulator=True, throttle_rate=7, environment={"AWS_ENDPOINT_URL_SESV2": "x"})
    assert read.emulator
    assert read.throttle_rate == 7
    assert read.environment == {"AWS_ENDPOINT_URL_SESV2": "x"}


@pytest.mark.parametrize(("name", "value"), [("tracing", "yes"), ("sender_concurrency", "many")])
def test_an_unreadable_parameter_is_named(name: str, value: str) -> None:
    with pytest.raises(ValueError, match=name):
        config(**{name: value})


@pytest.mark.parametrize(
    ("timeout", "lease", "expected"),
    [(120, 0, 180), (5, 0, 65), (120, 7, 7)],
)
def test_a_lease_outlasts_its_sender_unless_it_is_given(
    timeout: int, lease: int, expected: int
) -> None:
    given = Config(sender_timeout_seconds=timeout, lease_seconds=lease)
    assert given.effective_lease_seconds == expected
