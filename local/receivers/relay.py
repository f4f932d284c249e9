"""The relay's SMTP side: one listener per sending IP, answering as Stalwart's submission does.

PIPELINING works because commands are read from a buffered stream; CHUNKING (RFC 3030) and the
parameters of DSN (RFC 3461) are added here, aiosmtpd has neither.
"""

import asyncio
import ssl
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import partial
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword
from aiosmtpd.smtp import Session as SmtpSession

from local.receivers.config import Config, Listener
from local.receivers.events import Event, Route, Session
from local.receivers.ledger import Entry, Refusal, read_verp
from local.receivers.mailroom import Mailroom, Parcel
from local.receivers.teller import StalwartTeller
from local.receivers.world import Plan, Reception

_REFUSALS = {
    Reception.REFUSED_FOR_NOW: "451 4.4.5 Rate limit exceeded, try again later.",
    Reception.REFUSED_FOR_GOOD: "550 5.1.2 Relay not allowed.",
}
_IGNORED_PARAMETERS = ("RET=", "ENVID=", "AUTH=", "NOTIFY=", "ORCPT=")
_EXTENSIONS = ("PIPELINING", "CHUNKING", "DSN", "ENHANCEDSTATUSCODES")


class _Protocol(SMTP):
    """aiosmtpd's server with DSN parameters accepted and BDAT understood."""

    async def smtp_MAIL(self, arg: str | None) -> None:  # noqa: N802 - aiosmtpd finds it by name
        """Drop the parameters that change nothing here."""
        await super().smtp_MAIL(_plain(arg))

    async def smtp_RCPT(self, arg: str | None) -> None:  # noqa: N802
        """Drop the parameters that change nothing here."""
        await super().smtp_RCPT(_plain(arg))

    async def smtp_BDAT(self, arg: str | None) -> None:  # noqa: N802
        """Take one chunk (RFC 3030); its bytes are read whatever the answer, as they follow."""
        size, _, last = (arg or "").partition(" ")
        if not size.isdigit() or last.upper() not in ("", "LAST"):
            await self.push("501 5.5.4 Syntax: BDAT <size> [LAST]")
            return
        chunk = await self._reader.readexactly(int(size))
        envelope = self.envelope
        if envelope is None or not envelope.rcpt_tos:
            await self.push("503 5.5.1 RCPT is required first.")
            return
        envelope.original_content = (envelope.original_content or b"") + chunk
        if not last:
            await self.push("250 2.6.0 Chunk accepted.")
            return
        envelope.content = envelope.original_content
        status = await self._call_handler_hook("DATA")
        self.envelope = self._create_envelope()
        await self.push(status)


def _plain(arg: str | None) -> str | None:
    if arg is None:
        return None
    words = arg.split(" ")
    return " ".join(word for word in words if not word.upper().startswith(_IGNORED_PARAMETERS))


class _Handler:
    """aiosmtpd's hooks for one listener."""

    def __init__(
        self, listener: Listener, mailroom: Mailroom, put_events: Callable[[Iterable[Event]], None]
    ) -> None:
        self._listener = listener
        self._mailroom = mailroom
        self._put_events = put_events

    async def handle_EHLO(  # noqa: N802 - the name is aiosmtpd's
        self,
        server: SMTP,
        session: SmtpSession,
        envelope: Envelope,
        hostname: str,
        responses: list[str],
    ) -> list[str]:
        """Offer what Stalwart offers."""
        session.host_name = hostname
        return [*responses[:-1], *(f"250-{name}" for name in _EXTENSIONS), responses[-1]]

    async def handle_MAIL(  # noqa: N802
        self,
        server: SMTP,
        session: SmtpSession,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        """Take the sender of whoever has logged in."""
        if not session.authenticated:
            return "503 5.5.1 You must authenticate first."
        envelope.mail_from = address
        return "250 2.1.0 OK"

    async def handle_RCPT(  # noqa: N802
        self,
        server: SMTP,
        session: SmtpSession,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        """Take one recipient, or refuse it as its address asks for."""
        if envelope.rcpt_tos:
            return "452 4.5.3 Too many recipients."
        sender = envelope.mail_from or ""
        _, message_id = read_verp(sender) or (None, None)
        ip = self._listener.ip
        reply = _REFUSALS.get(self._mailroom.reception(ip, message_id or sender, address))
        if reply:
            at, code = datetime.now(UTC), int(reply[:3])
            self._mailroom.refuse(Refusal(at, ip, sender, address, code, message_id))
            return reply
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: SmtpSession, envelope: Envelope
    ) -> str:
        """Queue the message; the reply carries the queue id in hexadecimal."""
        recipient = envelope.rcpt_tos[0]
        await asyncio.sleep(self._mailroom.world.taking(recipient))
        if not isinstance(server.transport, asyncio.Transport):
            raise ConnectionResetError("the client left before its message was queued")
        peer = server.transport.get_extra_info("peername")
        submission = Session(
            self._mailroom.ids.next(datetime.now(UTC)), self._listener.port or 587, *peer[:2]
        )
        parcel = _parcel(self._listener, envelope)
        entry = self._mailroom.accept(parcel, partial(self._teller, submission))
        reception = self._mailroom.world.reception(recipient, self._listener.ip)
        if reception is Reception.TAKEN_IN_SILENCE:
            server.transport.abort()
            await asyncio.Event().wait()  # cancelled with the connection
        return f"250 2.0.0 Message queued with id {int(entry.queue_id):x}"

    def _teller(self, session: Session, entry: Entry, plan: Plan) -> StalwartTeller:
        domain = entry.recipient.rpartition("@")[2]
        return StalwartTeller(
            entry=entry,
            queue_name=self._listener.ip[:8],
            session=session,
            route=Route(domain, plan.provider.mx_host(domain), self._listener.address),
            ids=self._mailroom.ids,
            put=self._put_events,
        )


def _parcel(listener: Listener, envelope: Envelope) -> Parcel:
    sender = envelope.mail_from or ""
    ip_tag, message_id = read_verp(sender) or (None, None)
    return Parcel(
        ip=listener.ip,
        address=listener.address,
        envelope_from=sender,
        recipient=envelope.rcpt_tos[0],
        content=envelope.original_content or b"",
        ip_tag=ip_tag,
        message_id=message_id,
    )


async def listen(
    config: Config,
    listener: Listener,
    mailroom: Mailroom,
    put_events: Callable[[Iterable[Event]], None],
    tls: ssl.SSLContext | None,
) -> asyncio.Server:
    """Open the listener of one sending IP on loopback."""
    loop = asyncio.get_running_loop()
    handler = _Handler(listener, mailroom, put_events)
    return await loop.create_server(
        _factory(handler, _authenticator(listener), tls), config.host, listener.port
    )


def _factory(
    handler: _Handler, authenticator: Callable[..., AuthResult], tls: ssl.SSLContext | None
) -> Callable[[], SMTP]:
    loop = asyncio.get_running_loop()

    def protocol() -> SMTP:
        return _Protocol(
            handler,
            hostname="relay.receivers.example",
            ident="Stalwart ESMTP at your service",
            tls_context=tls,
            auth_require_tls=tls is not None,
            authenticator=authenticator,
            loop=loop,
        )

    return protocol


def _authenticator(listener: Listener) -> Callable[..., AuthResult]:
    expected = LoginPassword(listener.username.encode(), listener.password.encode())

    def authenticate(
        server: SMTP, session: SmtpSession, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        return AuthResult(success=data == expected, handled=False)

    return authenticate
