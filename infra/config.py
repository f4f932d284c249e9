"""What may differ between two deployments of the stack; the defaults are production."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Self

from constructs import Node


@dataclass(frozen=True, slots=True)
class Config:
    """Parameters of the stack, each a context key of the CDK (`cdk deploy -c key=value`)."""

    stack_name: str = "Mailtide"
    platform: str = "arm64"  # or x86_64
    python_version: str = "3.13"
    emulator: bool = False  # plain HTTP; stream events without a shard id
    public_url: str = ""  # what links in mail start with; empty: the HTTP API's own address
    relay_networks: str = ""  # private CIDRs that an SMTP relay may be in, comma-separated
    ses_event_bridge: bool = False  # take SES's events from the account's event bus as well
    inbound_domains: str = ""  # whose mail SES takes for us, comma-separated; empty: none
    ses_topics: str = ""  # other SNS topics that may post to /webhooks/ses: ARNs, comma-separated
    alarm_email: str = ""  # who hears of alarms, beside the topic's other subscribers
    retain_data: bool = True  # keep tables, bucket and secrets when the stack is deleted
    tracing: bool = False  # X-Ray
    log_retention_days: int = 30

    sender_concurrency: int = 10  # marketing sends at once; at least 2
    sender_timeout_seconds: int = 120
    lease_seconds: int = 0  # of a claimed batch; 0: the sender's time-out + 60
    function_timeout_seconds: int = 60  # of every function but the sender and the HTTP ones
    visibility_seconds: int = 0  # of every queue; 0: from the time-out of its function
    throttle_rate: int = 500  # HTTP requests a second
    throttle_burst: int = 1000
    requests_per_minute: int = 6000  # to the API, of one organisation; 0: no limit

    # Handed to every function as it is, such as AWS_ENDPOINT_URL_SESV2.
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def effective_lease_seconds(self) -> int:
        """Return the lease: long enough that only a dead sender's runs out."""
        return self.lease_seconds or self.sender_timeout_seconds + 60

    @classmethod
    def from_context(cls, node: Node) -> Self:
        """Read the parameters that the context gives; on the command line all values are text.

        Raises:
            ValueError: a number or a flag that cannot be read.
        """
        given = {item.name: node.try_get_context(item.name) for item in fields(cls)}
        types = {item.name: type(getattr(cls(), item.name)) for item in fields(cls)}
        values = {
            name: _parse(name, value, types[name])
            for name, value in given.items()
            if value is not None
        }
        return cls(**values)


def _parse(name: str, value: object, kind: type) -> Any:
    if isinstance(value, kind) or kind is dict:
        return value
    text = str(value)
    if kind is bool and text in {"true", "false"}:
        return text == "true"
    if kind is int and text.isdecimal():
        return int(text)
    if kind is str:
        return text
    raise ValueError(f"context {name}: {text!r} is not a {kind.__name__}")
