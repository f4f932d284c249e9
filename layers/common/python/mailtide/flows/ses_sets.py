"""SES sets: see to it that a sending IP's configuration set is there, ours, and tells us of mail.

Every step may be repeated: what is there already is left as it is.
Source: docs/domain/ses.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from mailtide.domain import configuration_set as rules
from mailtide.domain.configuration_set import ConfigurationSet, Destination
from mailtide.domain.sending_ip import Ses
from mailtide.errors import InvalidInputError


class SesConfiguration(Protocol):
    """What SES has for the account."""

    def find(self, name: str) -> ConfigurationSet | None:
        """Return a configuration set."""
        ...

    def make(self, name: str, pool: str | None, tags: Mapping[str, str]) -> None:
        """Make a configuration set; RetryableError when somebody else makes it as well."""
        ...

    def pool_tags(self, pool: str) -> Mapping[str, str] | None:
        """Return the tags of a pool of dedicated addresses; None when there is no such pool."""
        ...

    def destination(self, name: str) -> Destination | None:
        """Return the event destination of ours that a set has."""
        ...

    def put_destination(self, name: str, new: Destination, *, replace: bool) -> None:
        """Give a set the event destination of ours, or put it in the place of what is there."""
        ...


@dataclass(frozen=True, slots=True)
class SesSets:
    """The configuration sets of sending IPs."""

    ses: SesConfiguration
    topic: str  # ARN of the stack's topic; empty when there is none

    def settle(self, org_id: str, tag: str, wanted: Mapping[str, Any]) -> Ses:
        """Find or make a sending IP's configuration set, and let it tell us of its mail.

        Args:
            org_id: whose the sending IP is.
            tag: of the sending IP.
            wanted: `configuration_set` and `pool`, both optional.

        Raises:
            InvalidInputError: `ses_not_set_up`, `configuration_set_not_found`,
                `configuration_set_refused`, `ses_pool_refused`.
            RetryableError: SES has no answer now.
        """
        if not self.topic:
            raise InvalidInputError(
                "This stack has no topic for SES's events, so it cannot send over SES.",
                code="ses_not_set_up",
            )
        name, pool = wanted.get("configuration_set"), wanted.get("pool")
        found = self.ses.find(name or rules.made_name(org_id, tag))
        if found is None:
            found = self._make(org_id, tag, name, pool)
        _check(found, org_id, pool)
        self._listen(found.name)
        return Ses(found.name, found.pool)

    def _make(self, org_id: str, tag: str, name: str | None, pool: str | None) -> ConfigurationSet:
        if name is not None:
            raise InvalidInputError(
                f"SES has no configuration set `{name}` in this region."
                " Leave it out, and one is made.",
                code="configuration_set_not_found",
            )
        if pool is not None and not rules.belongs(self.ses.pool_tags(pool) or {}, org_id):
            raise InvalidInputError(
                f"SES has no pool `{pool}` that is this organisation's: in SES, the pool needs the"
                f" tag `{rules.OWNER_TAG}` with the value `{org_id}`.",
                code="ses_pool_refused",
            )
        made = ConfigurationSet(rules.made_name(org_id, tag), pool, {rules.OWNER_TAG: org_id})
        self.ses.make(made.name, made.pool, made.tags)
        return made

    def _listen(self, name: str) -> None:
        wanted = Destination(self.topic, rules.EVENTS)
        found = self.ses.destination(name)
        if found != wanted:
            self.ses.put_destination(name, wanted, replace=found is not None)


def _check(found: ConfigurationSet, org_id: str, pool: str | None) -> None:
    if not rules.belongs(found.tags, org_id):
        raise InvalidInputError(
            f"The configuration set `{found.name}` is not this organisation's: in SES, it needs"
            f" the tag `{rules.OWNER_TAG}` with the value `{org_id}`.",
            code="configuration_set_refused",
        )
    if pool is not None and pool != found.pool:
        raise InvalidInputError(
            f"The configuration set `{found.name}` sends through"
            f" {f'the pool `{found.pool}`' if found.pool else 'SES shared addresses'}, not through"
            f" `{pool}`: change it in SES, or name another set.",
            code="configuration_set_refused",
        )
