"""The account: what it may do, its configuration sets, whom it does not write to. Pure.

Units: the rate is messages a second, the quota messages in 24 hours; time is an argument.
"""

import re
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict

Json = dict[str, Any]

DAY = timedelta(hours=24)
SECOND = timedelta(seconds=1)
MAX_BYTES = 40 * 1024 * 1024
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
_TAG = re.compile(r"[A-Za-z0-9_.@-]{1,256}", re.ASCII)


class SesError(Exception):
    """What SES answers when it does not do what it was asked."""

    def __init__(self, status: int, code: str, words: str) -> None:
        super().__init__(words)
        self.status = status
        self.code = code
        self.words = words


class State(BaseModel):
    """What `POST /ses` of the control server may change while mail flows."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    production: bool = True  # False: the sandbox, to verified recipients only
    sending: bool = True
    enforcement: str = "HEALTHY"
    rate: float = 500.0
    quota: float = 50_000.0
    verified: tuple[str, ...] = ()  # addresses and domains; senders are not checked when empty
    suppressed_reasons: tuple[str, ...] = ("BOUNCE", "COMPLAINT")  # what puts a person on the list
    pool_tags: dict[str, dict[str, str]] = {}  # dedicated pools, by name


@dataclass
class Account:
    """One account of SES in one region."""

    state: State
    region: str
    number: str  # of the AWS account
    sets: dict[str, Json] = field(default_factory=dict)
    destinations: dict[str, dict[str, Json]] = field(default_factory=dict)  # by set, by name
    suppressed: dict[str, str] = field(default_factory=dict)  # address -> BOUNCE or COMPLAINT
    sent: deque[datetime] = field(default_factory=deque)  # of the last 24 hours

    def shown(self, now: datetime) -> Json:
        """Return what `GetAccount` says."""
        self._forget(now)
        return {
            "DedicatedIpAutoWarmupEnabled": False,
            "EnforcementStatus": self.state.enforcement,
            "ProductionAccessEnabled": self.state.production,
            "SendingEnabled": self.state.sending,
            "SendQuota": {
                "Max24HourSend": self.state.quota,
                "MaxSendRate": self.state.rate,
                "SentLast24Hours": float(len(self.sent)),
            },
            "SuppressionAttributes": {"SuppressedReasons": list(self.state.suppressed_reasons)},
        }

    def check(self, sender: str, recipient: str, set_name: str, now: datetime) -> None:
        """Say why a message may not be sent now, if it may not."""
        if self.state.enforcement == "SHUTDOWN":
            raise SesError(400, "AccountSuspendedException", "This account is shut down.")
        if not self.state.sending:
            raise SesError(400, "SendingPausedException", "Sending is paused for this account.")
        self.configuration_set(set_name)
        self._check_verified(sender, recipient)
        self._check_limits(now)

    def count(self, now: datetime) -> None:
        """Count a message that was taken."""
        self.sent.append(now)

    def _check_verified(self, sender: str, recipient: str) -> None:
        addresses = [sender] if self.state.verified else []
        addresses += [] if self.state.production else [recipient]
        failed = [one for one in addresses if not self._is_verified(one)]
        if failed:
            words = "Email address is not verified. The following identities failed the check in "
            where = f"region {self.region.upper()}: {', '.join(failed)}"
            raise SesError(400, "MessageRejected", words + where)

    def _is_verified(self, address: str) -> bool:
        domain = address.rpartition("@")[2].lower()
        known = {one.lower() for one in self.state.verified}
        return address.lower() in known or domain in known

    def identity(self, name: str) -> Json:
        """Return an identity as `GetEmailIdentity` shows it; a domain's mail is signed."""
        known = {one.lower() for one in self.state.verified}
        if known and name.lower() not in known:
            raise missing(f"Email identity {name} does not exist.")
        is_address = "@" in name
        return {
            "IdentityType": "EMAIL_ADDRESS" if is_address else "DOMAIN",
            "VerifiedForSendingStatus": True,
            "VerificationStatus": "SUCCESS",
            "DkimAttributes": {
                "SigningEnabled": not is_address,
                "Status": "NOT_STARTED" if is_address else "SUCCESS",
            },
            "Tags": [],
        }

    def _check_limits(self, now: datetime) -> None:
        self._forget(now)
        if len(self.sent) >= self.state.quota:
            raise SesError(429, "TooManyRequestsException", "Daily message quota exceeded.")
        # A second's worth and one more: SES lets short bursts pass.
        allowed = int(self.state.rate) + 1
        if len(self.sent) >= allowed and now - self.sent[-allowed] < SECOND:
            raise too_fast()

    def _forget(self, now: datetime) -> None:
        while self.sent and now - self.sent[0] >= DAY:
            self.sent.popleft()

    def suppress(self, address: str, reason: str) -> None:
        """Put a person on the list, if that reason does so."""
        if reason in self.state.suppressed_reasons:
            self.suppressed.setdefault(address.lower(), reason)

    def configuration_set(self, name: str) -> Json:
        """Return a configuration set as `GetConfigurationSet` shows it."""
        found = self.sets.get(name)
        if found is None:
            raise missing(f"Configuration set <{name}> does not exist.")
        return found

    def make_set(self, asked: Mapping[str, Any]) -> None:
        """Make a configuration set."""
        name = str(asked.get("ConfigurationSetName", ""))
        if not _NAME.fullmatch(name):
            raise bad(f"Invalid configuration set name <{name}>.")
        if name in self.sets:
            raise SesError(400, "AlreadyExistsException", f"<{name}> already exists.")
        pool = asked.get("DeliveryOptions", {}).get("SendingPoolName")
        if pool is not None and pool not in self.state.pool_tags:
            raise bad(f"Dedicated IP pool <{pool}> does not exist.")
        self.sets[name] = {"SendingOptions": {"SendingEnabled": True}, **asked}
        self.destinations[name] = {}

    def put_destination(
        self, set_name: str, name: str, asked: Mapping[str, Any], *, replace: bool
    ) -> None:
        """Make an event destination, or change one."""
        self.configuration_set(set_name)
        there = name in self.destinations[set_name]
        if there and not replace:
            raise SesError(400, "AlreadyExistsException", f"<{name}> already exists.")
        if replace and not there:
            raise missing(f"Event destination <{name}> does not exist.")
        if not str(asked.get("SnsDestination", {}).get("TopicArn", "")).startswith("arn:"):
            raise bad("The event destination names no SNS topic.")
        self.destinations[set_name][name] = {"Name": name, **asked}

    def topics(self, set_name: str, kind: str) -> list[str]:
        """Return the SNS topics that hear of one kind of event of a set's mail."""
        return [
            one["SnsDestination"]["TopicArn"]
            for one in self.destinations.get(set_name, {}).values()
            if one.get("Enabled") and kind in one.get("MatchingEventTypes", ())
        ]

    def tags(self, arn: str) -> list[dict[str, str]]:
        """Return the tags of a configuration set or a pool."""
        kind, _, name = arn.rpartition(":")[2].partition("/")
        if kind == "configuration-set":
            return list(self.configuration_set(name).get("Tags", []))
        if kind == "dedicated-ip-pool" and name in self.state.pool_tags:
            return [{"Key": k, "Value": v} for k, v in self.state.pool_tags[name].items()]
        raise missing(f"{arn} does not exist.")


def check_tags(tags: Mapping[str, str]) -> None:
    """Refuse tags of a message that SES would not take."""
    for name, value in tags.items():
        if not (_TAG.fullmatch(name) and _TAG.fullmatch(value)):
            raise bad(f"Invalid tag <{name}>: only letters, digits, underscore and dash.")


def missing(words: str) -> SesError:
    """Return the answer to what names something that is not there."""
    return SesError(404, "NotFoundException", words)


def too_fast() -> SesError:
    """Return the answer to who sends faster than the account may."""
    return SesError(429, "TooManyRequestsException", "Maximum sending rate exceeded.")


def bad(words: str) -> SesError:
    """Return the answer to a request that cannot be right."""
    return SesError(400, "BadRequestException", words)
