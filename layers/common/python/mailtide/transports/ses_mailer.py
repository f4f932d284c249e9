"""SES mailer: hand one message to SES in one request, and say exactly what became of it.

SES has no key by which it would know a repeat, so a request is made once. What SES refused, or did
not get whole, was not taken; what it got whole and did not answer is in doubt.
Source: docs/domain/ses.md; SES API v2 reference, `SendEmail` and "Common errors".
"""

import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from http import HTTPStatus
from typing import Any

from mailtide.domain.handover import Accepted, Outcome, Refused, Unknown
from mailtide.transports.ses_wire import NotSentError, Reply, SesWire

MAX_RESPONSE = 900  # characters kept of an answer; it lies in the message's row

# What SES says about the message: it will say it again.
_ABOUT_THE_MESSAGE = frozenset(
    {
        "BadRequestException",
        "MessageRejected",
        "ValidationError",
        "ValidationException",
    }
)
_THROTTLED = frozenset(
    {"RequestLimitExceeded", "Throttling", "ThrottlingException", "TooManyRequestsException"}
)
# What SES says about the account or the configuration set as a whole.
_HALTED = frozenset(
    {"AccountSuspendedException", "LimitExceededException", "SendingPausedException"}
)
_DAILY_QUOTA = "daily"  # in the words of a throttled answer: "Daily message quota exceeded"
# In those of a rejection, before the addresses that are meant: the sender's, or in the sandbox the
# recipient's.
_NOT_VERIFIED = "not verified"
_SET = "configuration set"  # one that is gone may be called a bad request


class Then(Enum):
    """What an answer means for the messages behind it."""

    GO_ON = auto()
    SLOW_DOWN = auto()  # and hand this one over again: it was not taken
    STOP = auto()  # they would get the same


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a message."""

    outcome: Outcome
    then: Then = Then.GO_ON
    reached: bool = True  # False: no answer of SES's own came


@dataclass(frozen=True, slots=True)
class Letter:
    """One message to one recipient."""

    recipient: str
    content: bytes
    configuration_set: str
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class SesMailer:
    """Hands messages over, each in one request, never repeated; for several threads at once."""

    wire: SesWire

    def send(self, letter: Letter, left: float) -> Answer:
        """Hand a message over, if that can begin within `left` seconds."""
        try:
            return _answer(self.wire.post(_body(letter), left), letter.recipient)
        except NotSentError as error:
            words = f"no answer from SES: {error}"
            return Answer(Refused(later=True, code=None, response=words), reached=False)
        except Exception as error:
            # Of any kind, as an answer may be broken in many ways. An error raised from here would
            # put the whole block in doubt.
            return Answer(Unknown(f"no answer from SES: {type(error).__name__}"), reached=False)

    def close(self) -> None:
        """Close the connections; more are opened when they are needed."""
        self.wire.close()


def _body(letter: Letter) -> bytes:
    """Return the request; the message is put in as it is, for base64 has nothing to escape."""
    rest = json.dumps(
        {
            "Destination": {"ToAddresses": [letter.recipient]},
            "ConfigurationSetName": letter.configuration_set,
            "EmailTags": [{"Name": name, "Value": value} for name, value in letter.tags.items()],
        }
    )
    content = b'{"Content":{"Raw":{"Data":"%b"}},' % b64encode(letter.content)
    return content + rest.removeprefix("{").encode()


def _answer(reply: Reply, recipient: str) -> Answer:
    text = reply.body.decode()
    said = _object(text)
    if reply.status == HTTPStatus.OK:
        match said.get("MessageId"):
            case str(ses_id) if ses_id:
                return Answer(Accepted(ses_id))
        return Answer(Unknown("SES's answer names no message"), reached=False)
    named = reply.error or said.get("code") or said.get("__type") or reply.status
    code = str(named).partition(":")[0].rpartition("#")[2]
    words = f"{code}: {said.get('message') or said.get('Message') or text}"[:MAX_RESPONSE]
    if not HTTPStatus.BAD_REQUEST <= reply.status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return Answer(Unknown(words), reached=False)
    slow = code in _THROTTLED or reply.status == HTTPStatus.TOO_MANY_REQUESTS
    return _refusal(code, words, recipient, slow=slow)


def _object(text: str) -> dict[str, Any]:
    """Return an answer's members; none when it is not SES that speaks."""
    try:
        said = json.loads(text)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _refusal(code: str, words: str, recipient: str, *, slow: bool) -> Answer:
    if code in _ABOUT_THE_MESSAGE and not _is_about_us(words, recipient):
        return Answer(Refused(later=False, code=None, response=words))
    put_off = Refused(later=True, code=None, response=words, tried=False)
    if code in _HALTED or (slow and _DAILY_QUOTA in words.lower()):
        return Answer(put_off, Then.STOP)
    if slow:
        return Answer(put_off, Then.SLOW_DOWN)
    # Our sender, credentials, rights or configuration set; or no SES at all.
    return Answer(Refused(later=True, code=None, response=words), Then.STOP)


def _is_about_us(words: str, recipient: str) -> bool:
    """Say whether the sender is not verified, or the set gone: nobody is given up for that."""
    said = words.lower()
    return _SET in said or (_NOT_VERIFIED in said and recipient.lower() not in said)
