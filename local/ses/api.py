"""SESv2 over HTTP, as botocore speaks it (REST-JSON).

What it is asked wrongly is answered as SES does: the code in a header, the words as JSON.
"""

import base64
import binascii
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler
from pydantic import ValidationError

from local.receivers.config import Ses
from local.receivers.ledger import Entry, Refusal
from local.receivers.letter import read_headers
from local.receivers.mailroom import Mailroom, Parcel
from local.receivers.world import Plan, Reception
from local.ses.account import (
    MAX_BYTES,
    Account,
    SesError,
    State,
    bad,
    check_tags,
    missing,
    too_fast,
)
from local.ses.records import Mail
from local.ses.teller import SesTeller

SETS = "/v2/email/configuration-sets"
LIST = "/v2/email/suppression/addresses"
_REJECTED = 554  # what SES says over SMTP in place of MessageRejected, and of a throttled request
_PUT_OFF = 454
_FOR_GOOD = frozenset({"MessageRejected", "BadRequestException"})


@dataclass(frozen=True, slots=True)
class Letter:
    """What `SendEmail` is asked to send."""

    recipient: str
    content: bytes
    configuration_set: str
    tags: dict[str, str]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What answers for one account."""

    config: Ses
    mailroom: Mailroom
    put: Callable[[Iterable[dict[str, Any]]], None]
    account: Account = field(init=False)

    def __post_init__(self) -> None:
        """Open the account as the configuration has it."""
        account = Account(self.config.state, self.config.region, self.config.account)
        object.__setattr__(self, "account", account)

    def app(self) -> web.Application:
        """Build the application."""
        app = web.Application(middlewares=[_answering], client_max_size=2 * MAX_BYTES)
        app.add_routes(
            [
                web.post("/v2/email/outbound-emails", self._send),
                web.get("/v2/email/account", self._account),
                web.post(SETS, self._make_set),
                web.get(SETS + "/{set}", self._show_set),
                web.get(SETS + "/{set}/event-destinations", self._show_destinations),
                web.post(SETS + "/{set}/event-destinations", self._make_destination),
                web.put(SETS + "/{set}/event-destinations/{name}", self._change_destination),
                web.put(LIST, self._suppress),
                web.get(LIST + "/{address}", self._show_suppressed),
                web.delete(LIST + "/{address}", self._allow),
                web.get("/v2/email/tags", self._tags),
                web.get("/v2/email/identities/{name}", self._identity),
            ]
        )
        return app

    def control_routes(self) -> list[web.RouteDef]:
        """Return the routes of the control server."""
        return [web.get("/ses", self._state), web.post("/ses", self._change)]

    async def _send(self, request: web.Request) -> web.Response:
        letter = _letter(await _asked(request))
        try:
            reception = self._receive(letter)
        except SesError as error:
            self._note(letter, error)
            raise
        ses_id = self._accept(letter)
        if reception is Reception.TAKEN_IN_SILENCE and request.transport is not None:
            request.transport.abort()
        return web.json_response({"MessageId": ses_id})

    def _receive(self, letter: Letter) -> Reception:
        """Let the account and the world's rules say whether a message is taken."""
        sender = read_headers(letter.content)
        if not sender.identity:
            raise bad("Missing final '@domain' of the From header.")
        check_tags(letter.tags)
        address = f"any@{sender.identity}"
        self.account.check(address, letter.recipient, letter.configuration_set, _now())
        message = letter.tags.get("mt-message", letter.recipient)
        reception = self.mailroom.reception(_ip(letter), message, letter.recipient)
        if reception is Reception.REFUSED_FOR_NOW:
            raise too_fast()
        if reception is Reception.REFUSED_FOR_GOOD:
            raise SesError(400, "MessageRejected", "Email message was rejected.")
        return reception

    def _note(self, letter: Letter, error: SesError) -> None:
        """Write into the ledger that a message was not taken."""
        code = _REJECTED if error.code in _FOR_GOOD else _PUT_OFF
        message_id = letter.tags.get("mt-message")
        self.mailroom.refuse(Refusal(_now(), _ip(letter), "", letter.recipient, code, message_id))

    def _accept(self, letter: Letter) -> str:
        now = _now()
        self.account.count(now)
        number = self.mailroom.ids.next(now)
        ses_id = f"0100{number:016x}-0000-4000-8000-{number:012x}-000000"
        parcel = Parcel(
            ip=_ip(letter),
            address=self.config.address,
            envelope_from=f"{ses_id}@amazonses.com",
            recipient=letter.recipient,
            content=letter.content,
            ip_tag=letter.tags.get("mt-ip"),
            message_id=letter.tags.get("mt-message"),
        )
        on_list = letter.recipient.lower() in self.account.suppressed
        tell = partial(self._teller, letter, ses_id, kept_back=on_list)
        if on_list:
            self.mailroom.keep_back(parcel, tell)
        else:
            self.mailroom.accept(parcel, tell)
        return ses_id

    def _teller(
        self, letter: Letter, ses_id: str, entry: Entry, _: Plan, *, kept_back: bool
    ) -> SesTeller:
        mail = Mail(
            ses_id=ses_id,
            sent_at=entry.accepted_at,
            recipient=letter.recipient,
            content=letter.content,
            configuration_set=letter.configuration_set,
            tags=letter.tags,
            account=self.config.account,
            region=self.config.region,
            address=self.config.address,
        )
        return SesTeller(mail, self.account, self.put, kept_back)

    async def _account(self, _: web.Request) -> web.Response:
        return web.json_response(self.account.shown(_now()))

    async def _make_set(self, request: web.Request) -> web.Response:
        self.account.make_set(await _asked(request))
        return web.json_response({})

    async def _show_set(self, request: web.Request) -> web.Response:
        return web.json_response(self.account.configuration_set(request.match_info["set"]))

    async def _show_destinations(self, request: web.Request) -> web.Response:
        name = request.match_info["set"]
        self.account.configuration_set(name)
        found = list(self.account.destinations[name].values())
        return web.json_response({"EventDestinations": found})

    async def _make_destination(self, request: web.Request) -> web.Response:
        asked = await _asked(request)
        name, wanted = str(asked.get("EventDestinationName")), asked.get("EventDestination", {})
        self.account.put_destination(request.match_info["set"], name, wanted, replace=False)
        return web.json_response({})

    async def _change_destination(self, request: web.Request) -> web.Response:
        wanted = (await _asked(request)).get("EventDestination", {})
        set_name, name = request.match_info["set"], request.match_info["name"]
        self.account.put_destination(set_name, name, wanted, replace=True)
        return web.json_response({})

    async def _suppress(self, request: web.Request) -> web.Response:
        asked = await _asked(request)
        self.account.suppressed[str(asked["EmailAddress"]).lower()] = str(asked["Reason"])
        return web.json_response({})

    async def _show_suppressed(self, request: web.Request) -> web.Response:
        address = request.match_info["address"]
        reason = self.account.suppressed.get(address.lower())
        if reason is None:
            raise missing(f"Email address {address} does not exist on your suppression list.")
        shown = {"EmailAddress": address, "Reason": reason, "LastUpdateTime": _now().timestamp()}
        return web.json_response({"SuppressedDestination": shown})

    async def _allow(self, request: web.Request) -> web.Response:
        address = request.match_info["address"]
        if self.account.suppressed.pop(address.lower(), None) is None:
            raise missing(f"Email address {address} does not exist on your suppression list.")
        return web.json_response({})

    async def _tags(self, request: web.Request) -> web.Response:
        tags = self.account.tags(request.query.get("ResourceArn", ""))
        return web.json_response({"Tags": tags})

    async def _identity(self, request: web.Request) -> web.Response:
        return web.json_response(self.account.identity(request.match_info["name"]))

    async def _state(self, _: web.Request) -> web.Response:
        return web.json_response(
            {
                "state": self.account.state.model_dump(),
                "sets": self.account.sets,
                "destinations": self.account.destinations,
                "suppressed": self.account.suppressed,
            }
        )

    async def _change(self, request: web.Request) -> web.Response:
        try:
            changed = self.account.state.model_dump() | await request.json()
            self.account.state = State.model_validate(changed)
        except (ValidationError, json.JSONDecodeError, TypeError) as error:
            return web.json_response({"error": str(error)}, status=400)
        return await self._state(request)


def _letter(asked: Mapping[str, Any]) -> Letter:
    """Read a request to send one raw message to one recipient; it offers nothing else."""
    to = asked.get("Destination", {})
    match to.get("ToAddresses"), to.get("CcAddresses"), to.get("BccAddresses"):
        case [str(recipient)], (None | []), (None | []):
            pass
        case _:
            raise bad("Only messages to one recipient are taken here.")
    try:
        content = base64.b64decode(asked["Content"]["Raw"]["Data"], validate=True)
    except (KeyError, TypeError, binascii.Error) as error:
        raise bad("Only raw messages are taken here.") from error
    if len(content) > MAX_BYTES:
        raise bad("Message length is more than 41943040 bytes long.")
    tags = {str(tag["Name"]): str(tag["Value"]) for tag in asked.get("EmailTags", ())}
    return Letter(recipient, content, str(asked.get("ConfigurationSetName", "")), tags)


def _ip(letter: Letter) -> str:
    """Name the sending IP: as the product does, or by its configuration set."""
    return letter.tags.get("mt-ip", letter.configuration_set)


async def _asked(request: web.Request) -> dict[str, Any]:
    try:
        asked = await request.json()
    except ValueError as error:
        raise bad("The request is not JSON.") from error
    if not isinstance(asked, dict):
        raise bad("The request is not an object.")
    return asked


@web.middleware
async def _answering(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Ask for a signature, whose it may be, and write errors as SES does."""
    try:
        if "AWS4-HMAC-SHA256" not in request.headers.get("Authorization", ""):
            raise SesError(403, "MissingAuthenticationTokenException", "The request is not signed.")
        return await handler(request)
    except SesError as error:
        headers = {"x-amzn-ErrorType": error.code}
        return web.json_response({"message": error.words}, status=error.status, headers=headers)


def _now() -> datetime:
    return datetime.now(UTC)
