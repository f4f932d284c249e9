"""SES sets: configuration sets, their event destinations and the tags of pools, as SES has them."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from mailtide.aws_errors import code_of, translated
from mailtide.domain.configuration_set import DESTINATION, ConfigurationSet, Destination
from mailtide.errors import InvalidInputError, RetryableError

_MISSING = "NotFoundException"
_THERE = frozenset({"AlreadyExistsException", "ConcurrentModificationException"})


@dataclass(frozen=True, slots=True)
class SesConfiguration:
    """The configuration of the account's SES in one region."""

    client: Callable[[], Any]  # botocore's, of service `sesv2`: made by whoever needs it first
    topic: str  # ARN of the stack's SNS topic, which names partition, region and account

    def find(self, name: str) -> ConfigurationSet | None:
        """Return a configuration set."""
        try:
            with _asking():
                answer = self.client().get_configuration_set(ConfigurationSetName=name)
        except ClientError as error:
            _check_missing(error)
            return None
        pool = answer.get("DeliveryOptions", {}).get("SendingPoolName")
        return ConfigurationSet(name, pool, _read_tags(answer))

    def make(self, name: str, pool: str | None, tags: Mapping[str, str]) -> None:
        """Make a configuration set; RetryableError when somebody else makes it as well."""
        options = {} if pool is None else {"DeliveryOptions": {"SendingPoolName": pool}}
        with _asking():
            self.client().create_configuration_set(
                ConfigurationSetName=name,
                Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
                **options,
            )

    def pool_tags(self, pool: str) -> Mapping[str, str] | None:
        """Return the tags of a pool of dedicated addresses; None when there is no such pool."""
        partition, _, region, account = self.topic.split(":")[1:5]
        arn = f"arn:{partition}:ses:{region}:{account}:dedicated-ip-pool/{pool}"
        try:
            with _asking():
                return _read_tags(self.client().list_tags_for_resource(ResourceArn=arn))
        except ClientError as error:
            _check_missing(error)
            return None

    def destination(self, name: str) -> Destination | None:
        """Return the event destination of ours that a set has."""
        with _asking():
            answer = self.client().get_configuration_set_event_destinations(
                ConfigurationSetName=name
            )
        for one in answer.get("EventDestinations", ()):
            if one["Name"] == DESTINATION:
                topic = one.get("SnsDestination", {}).get("TopicArn")
                events = frozenset(one.get("MatchingEventTypes", ()))
                return Destination(topic, events, one.get("Enabled", False))
        return None

    def put_destination(self, name: str, new: Destination, *, replace: bool) -> None:
        """Give a set the event destination of ours, or put it in the place of what is there."""
        client = self.client()
        put = client.create_configuration_set_event_destination
        if replace:
            put = client.update_configuration_set_event_destination
        with _asking():
            put(
                ConfigurationSetName=name,
                EventDestinationName=DESTINATION,
                EventDestination={
                    "Enabled": new.enabled,
                    "MatchingEventTypes": sorted(new.events),
                    "SnsDestination": {"TopicArn": new.topic},
                },
            )


@contextmanager
def _asking() -> Iterator[None]:
    """Raise what SES refuses in our words.

    Raises:
        RetryableError: SES is busy, or something was made at the same moment.
        InvalidInputError: `ses_refused`, with SES's own words.
    """
    try:
        with translated():
            yield
    except ClientError as error:
        if code_of(error) in _THERE:
            raise RetryableError("The same is being made in SES; try again.") from error
        if code_of(error) == "BadRequestException":
            words = error.response["Error"].get("Message", "")
            raise InvalidInputError(f"SES refuses it: {words}", code="ses_refused") from error
        raise


def _check_missing(error: ClientError) -> None:
    """Raise the error, unless it says that there is no such thing."""
    if code_of(error) != _MISSING:
        raise error


def _read_tags(answer: Mapping[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in answer.get("Tags", ())}
