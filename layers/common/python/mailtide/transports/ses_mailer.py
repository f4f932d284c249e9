"""SES mailer: hand one message to SES in one request, and say exactly what became of it.

SES has no key by which it would know a repeat, so a request is made once. What SES refused, or did
not get whole, was not taken; what it got whole and did not answer is in doubt.
Source: docs/domain/ses.md; SES API v2 reference, `SendEmail` and "Common errors".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from io import BytesIO
from typing import Any

from botocore.config import Config
from botocore.exceptions import ClientError

from mailtide.aws_errors import code_of
from mailtide.domain.handover import Accepted, Outcome, Refused, Unknown

ONCE = Config(connect_timeout=3, retries={"total_max_attempts": 1, "mode": "standard"})
MAX_RESPONSE = 900  # characters kept of an answer; it lies in the message's row
_BEFORE_SEND = "before-send.sesv2.SendEmail"
_ANSWER_SECONDS = 5.0  # for an answer, when the time is over
_LONGEST_SECONDS = 20.0

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


class SesMailer:
    """One client of SES that never repeats a request."""

    def __init__(self, client: Any) -> None:
        self._client = client  # botocore's, of service `sesv2`, made with `ONCE`
        self._body = _Body(b"")
        self._seconds = _LONGEST_SECONDS
        client.meta.events.register(_BEFORE_SEND, self._before_send)

    def send(self, letter: Letter, left: float) -> Answer:
        """Hand a message over; `left` is how many seconds there are for more."""
        self._body = _Body(b"")
        self._seconds = min(max(left, 0.0) + _ANSWER_SECONDS, _LONGEST_SECONDS)
        try:
            answer = self._client.send_email(
                Destination={"ToAddresses": [letter.recipient]},
                Content={"Raw": {"Data": letter.content}},
                ConfigurationSetName=letter.configuration_set,
                EmailTags=[{"Name": n, "Value": v} for n, v in letter.tags.items()],
            )
            return Answer(Accepted(answer["MessageId"]))
        except ClientError as error:
            return _refusal(error, letter.recipient)
        except Exception as error:
            # Of any kind, for a broken answer breaks the client's parser in many ways. An error
            # raised from here would put the whole block in doubt.
            words = f"no answer from SES: {type(error).__name__}"
            if self._body.whole:
                return Answer(Unknown(words), reached=False)
            return Answer(Refused(later=True, code=None, response=words), reached=False)

    def close(self) -> None:
        """Use the connections no more: a frozen function would find them dead."""
        self._client.close()

    def _before_send(self, request: Any, **_: Any) -> None:
        self._body = request.body = _Body(request.body)
        request.context["read_timeout"] = self._seconds


class _Body:
    """The body of a request, which knows whether all of it was given to the connection.

    The connection asks for more only when it has sent what it got, so the end is read last.
    """

    def __init__(self, body: bytes) -> None:
        self._file = BytesIO(body)
        self.whole = False

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes."""
        data = self._file.read(size)
        self.whole = not data
        return data


def _refusal(error: ClientError, recipient: str) -> Answer:
    code, status = code_of(error), error.response["ResponseMetadata"]["HTTPStatusCode"]
    words = f"{code}: {error.response['Error'].get('Message', '')}"[:MAX_RESPONSE]
    if not 400 <= status < 500:
        return Answer(Unknown(words), reached=False)
    if code in _ABOUT_THE_MESSAGE and not _is_about_us(words, recipient):
        return Answer(Refused(later=False, code=None, response=words))
    put_off = Refused(later=True, code=None, response=words, tried=False)
    if code in _THROTTLED and _DAILY_QUOTA not in words.lower():
        return Answer(put_off, Then.SLOW_DOWN)
    if code in _THROTTLED or code in _HALTED:
        return Answer(put_off, Then.STOP)
    # Our sender, credentials, rights or configuration set; or no SES at all.
    return Answer(Refused(later=True, code=None, response=words), Then.STOP)


def _is_about_us(words: str, recipient: str) -> bool:
    """Say whether the sender is not verified, or the set gone: nobody is given up for that."""
    said = words.lower()
    return _SET in said or (_NOT_VERIFIED in said and recipient.lower() not in said)
