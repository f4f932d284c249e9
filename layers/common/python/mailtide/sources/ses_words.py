"""SES's vocabulary: what each event means to a message, and what SES itself takes a bounce for.

| their word | ours |
|---|---|
| Send | accepted |
| Delivery | delivered |
| Bounce | bounced: SES reports final outcomes alone, "transient" is what it gave up |
| Complaint | complained; not-spam and auth-failure are infrastructure |
| … for an address on the account's suppression list | bounced, untried |
| DeliveryDelay | deferred |
| Reject, Rendering Failure | bounced, class content |
| Open, Click | opened, clicked (our sets do not ask for them: we have links of our own) |
| Subscription | unsubscribed when it is from everything, else infrastructure |
| Sending Status …, Advisor Recommendation …; what SNS says of itself | infrastructure |
| any other | unknown |

Source: docs/events.md, with the reasons.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from mailtide.domain.bounce_rules import CONTENT, FULL, HARD, SOFT, UNKNOWN, Said
from mailtide.domain.event import EventType
from mailtide.sources.feedback import HARMLESS

Json = Mapping[str, Any]

ON_LIST = "OnAccountSuppressionList"

OWN: Mapping[str, str] = MappingProxyType(  # the word -> where its own object lies in the record
    {
        "Send": "send",
        "Delivery": "delivery",
        "Bounce": "bounce",
        "Complaint": "complaint",
        "Reject": "reject",
        "Open": "open",
        "Click": "click",
        "Rendering Failure": "failure",
        "DeliveryDelay": "deliveryDelay",
        "Subscription": "subscription",
    }
)
ON_THE_BUS: Mapping[str, str] = MappingProxyType(  # EventBridge's `detail-type` -> the word
    {
        "Email Sent": "Send",
        "Email Delivered": "Delivery",
        "Email Bounced": "Bounce",
        "Email Complaint Received": "Complaint",
        "Email Rejected": "Reject",
        "Email Opened": "Open",
        "Email Clicked": "Click",
        "Email Rendering Failed": "Rendering Failure",
        "Email Delivery Delayed": "DeliveryDelay",
        "Email Subscribed": "Subscription",
    }
)
# What SES publishes, as plain text, when an event destination is made.
GREETING = "Successfully validated SNS topic"
_OF_NO_MESSAGE = (
    "Sending Status ",
    "Advisor Recommendation ",
    "SubscriptionConfirmation",
    "UnsubscribeConfirmation",
    GREETING,
)


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a word says."""

    type: EventType
    said: Said | None = None  # of a bounce


_BOUNCES: Mapping[tuple[str, str], Said] = MappingProxyType(
    {
        ("Permanent", "General"): Said(HARD),
        ("Permanent", "NoEmail"): Said(HARD),
        ("Permanent", "Suppressed"): Said(HARD, firm=True),
        ("Permanent", ON_LIST): Said(HARD, firm=True, untried=True),
        ("Transient", "MailboxFull"): Said(FULL, firm=True),
        ("Transient", "MessageTooLarge"): Said(CONTENT, firm=True),
        ("Transient", "AttachmentRejected"): Said(CONTENT, firm=True),
        ("Transient", "ContentRejected"): Said(CONTENT, passes=True),
    }
)
_BY_TYPE: Mapping[str, Said] = MappingProxyType({"Transient": Said(SOFT, passes=True)})
_UNCLEAR = Said(UNKNOWN)
_KEPT_BACK = Meaning(EventType.BOUNCED, Said(CONTENT, firm=True))
_INFRASTRUCTURE = Meaning(EventType.INFRASTRUCTURE)


def _bounce(own: Json) -> Meaning:
    kind, sub = str(own.get("bounceType")), str(own.get("bounceSubType"))
    return Meaning(EventType.BOUNCED, _BOUNCES.get((kind, sub)) or _BY_TYPE.get(kind, _UNCLEAR))


def _complaint(own: Json) -> Meaning:
    if own.get("complaintSubType") == ON_LIST:
        return Meaning(EventType.BOUNCED, _BOUNCES["Permanent", ON_LIST])
    if str(own.get("complaintFeedbackType")) in HARMLESS:
        return _INFRASTRUCTURE
    return Meaning(EventType.COMPLAINED)


def _subscription(own: Json) -> Meaning:
    wanted = own.get("newTopicPreferences")
    everything = isinstance(wanted, dict) and wanted.get("unsubscribeAll") is True
    return Meaning(EventType.UNSUBSCRIBED) if everything else _INFRASTRUCTURE


_MEANINGS: Mapping[str, Callable[[Json], Meaning]] = MappingProxyType(
    {
        "Send": lambda _: Meaning(EventType.ACCEPTED),
        "Delivery": lambda _: Meaning(EventType.DELIVERED),
        "Bounce": _bounce,
        "Complaint": _complaint,
        "Reject": lambda _: _KEPT_BACK,
        "Open": lambda _: Meaning(EventType.OPENED),
        "Click": lambda _: Meaning(EventType.CLICKED),
        "Rendering Failure": lambda _: _KEPT_BACK,
        "DeliveryDelay": lambda _: Meaning(EventType.DEFERRED),
        "Subscription": _subscription,
    }
)


def meaning(word: str, own: Json) -> Meaning:
    """Look a word up; of a bounce and a complaint the own object of the record says more."""
    if word in _MEANINGS:
        return _MEANINGS[word](own)
    known = word.startswith(_OF_NO_MESSAGE)
    return _INFRASTRUCTURE if known else Meaning(EventType.UNKNOWN)
