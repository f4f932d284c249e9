"""The configuration of the receivers, as read from JSON, and the part that may change at run time.

Units: rates are shares in [0, 1]; delays are seconds before `time_scale` is applied.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from local.ses.account import State

Rate = Annotated[float, Field(ge=0, le=1)]
Word = Literal[  # what an address may force, see the package
    "hard",
    "soft",
    "block",
    "defer",
    "complain",
    "open",
    "click",
    "unsub",
    "unsubmail",
    "reply",
    "ooo",
    "late",
    "machine",
    "proxy",
    "quiet",
    "relay4xx",
    "relay5xx",
    "drop",
]
Window = tuple[float, float]  # seconds, earliest and latest


class Strict(BaseModel):
    """Base of every part: an unknown key is an error, not a typing mistake that goes unseen."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Listener(Strict):
    """One sending IP of the relay: its name is also the VERP tag that should choose it."""

    ip: str
    port: int = 0  # 0: the system chooses
    username: str
    password: str
    address: str = "203.0.113.10"  # what receivers see and `delivery.connect` reports


class Webhook(Strict):
    """Where events go; `throttle` is the smallest gap between two POSTs, as in Stalwart."""

    url: str
    key: str
    throttle: float = 1.0  # seconds, not scaled
    retry: float = 1.0  # seconds after a refusal, not scaled


class Inbound(Strict):
    """Where the MTA hook carries mail that comes in, feedback reports here."""

    url: str
    token: str
    recipient: str | None = None  # of the report; None: `fbl@` the bounce domain of the message


class Ses(Strict):
    """The SES of the same world, see `local.ses`."""

    aws_endpoint: str  # where SNS is
    port: int = 0  # 0: the system chooses
    region: str = "us-east-1"
    account: str = "000000000000"
    address: str = "203.0.113.200"  # what receivers see of every configuration set
    throttle: float = 0.05  # seconds between two calls of SNS, not scaled
    retry: float = 1.0  # seconds after SNS did not take all of a call, not scaled
    state: State = State()


class Rates(Strict):
    """How often things happen to an address that forces nothing."""

    hard: Rate = 0.01
    soft: Rate = 0.005
    block: Rate = 0.002
    defer: Rate = 0.03
    relay_4xx: Rate = 0.0
    relay_5xx: Rate = 0.0
    drop: Rate = 0.0
    complain: Rate = 0.001  # of the delivered, at providers that report complaints
    open: Rate = 0.35  # of the delivered
    reopen: Rate = 0.2  # of the opened
    click: Rate = 0.2  # of the opened
    unsubscribe: Rate = 0.01  # of the opened
    by_mail: Rate = 0.3  # of those who unsubscribe, where the message takes mail for it
    reply: Rate = 0.02  # of the opened
    auto_reply: Rate = 0.02  # of the delivered
    late: Rate = 0.003  # of the delivered: bounced by a server behind the first
    machine: Rate | None = None  # None: nearly every domain behind a gateway and no other
    proxy: Rate | None = None  # None: half of iCloud and no other


class Override(Strict):
    """Other rates for what matches; an absent condition matches everything, the last one wins."""

    ip: str | None = None
    provider: str | None = None
    domain: str | None = None
    subject: str | None = None  # contained in the subject; not known yet where the relay refuses
    rates: dict[str, Rate]

    @field_validator("rates")
    @classmethod
    def _known(cls, rates: dict[str, float]) -> dict[str, float]:
        Rates.model_validate(rates)
        return rates


class Behaviour(Strict):
    """What `POST /behaviour` may change while mail flows."""

    rates: Rates = Rates()
    overrides: tuple[Override, ...] = ()
    addresses: dict[str, Word] = {}
    # Share of webhook batches sent twice, and shuffled; below 1, or they would never end.
    chaos: float = Field(default=0.0, ge=0, le=0.9)
    relay_4xx_refusals: int = Field(default=1, ge=0)

    def changed(self, patch: dict[str, Any]) -> "Behaviour":
        """Apply a partial update; `rates` and `addresses` merge, the rest is replaced.

        Raises:
            pydantic.ValidationError: for an unknown name or a value out of range.
        """
        now = self.model_dump()
        merged = {key: now[key] | patch[key] for key in ("rates", "addresses") if key in patch}
        return Behaviour.model_validate(now | patch | merged)


class Delays(Strict):
    """When things happen: after acceptance for the relay, after delivery for who reads."""

    take: Window = (0.0, 0.0)  # from a message's last byte until the relay has taken it
    deliver: Window = (0.1, 0.8)
    retry: Window = (3.0, 6.0)  # from a deferral to the next attempt
    machine: Window = (0.05, 0.7)
    human: Window = (8.0, 20.0)  # beyond every window in which a hit looks like a machine's
    next: Window = (2.0, 5.0)  # from an open to the click, second open or unsubscription


class Domain(Strict):
    """A recipient domain that the built-in table does not know."""

    provider: str
    mx: str
    scanner: bool = False


class Config(Strict):
    """Everything `--config` may say."""

    listeners: tuple[Listener, ...] = Field(min_length=1)
    webhook: Webhook
    inbound: Inbound | None = None  # None: the relay's complaints are not reported
    ses: Ses | None = None
    control_port: int = 0
    host: str = "127.0.0.1"
    starttls: bool = False
    seed: str = "mailtide"
    time_scale: float = Field(default=1.0, gt=0)  # multiplies every delay
    delays: Delays = Delays()
    domains: dict[str, Domain] = {}
    behaviour: Behaviour = Behaviour()
    kept_mails: int = 500  # the latest raw messages that `GET /mail` can show
