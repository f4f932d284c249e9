"""Carry out what readers and machines do with one delivered message, and file what came of it."""

import asyncio
import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import aiohttp

from local.receivers import hook
from local.receivers.acts import Act, ActKind
from local.receivers.answers import WRITE, Letter, unsubscribe
from local.receivers.browser import Answer, Browser
from local.receivers.config import Inbound
from local.receivers.feedback import Complaint, hook_request
from local.receivers.hook import Incoming
from local.receivers.ledger import Entry, Hit, read_verp
from local.receivers.letter import Body, Headers, Link, read_body
from local.receivers.providers import Provider

BROUGHT_AGAIN = 0.25  # share of answers that a mail server brings twice
_ONE_CLICK = {"List-Unsubscribe": "One-Click"}


class Delivered:
    """One message in its mailbox; it is parsed when somebody first looks at it."""

    def __init__(
        self, entry: Entry, provider: Provider, headers: Headers, content: bytes, source_ip: str
    ) -> None:
        self.entry = entry
        self.provider = provider
        self.headers = headers
        self.source_ip = source_ip
        self._content = content

    @cached_property
    def body(self) -> Body:
        """What can be fetched of the message."""
        return read_body(self._content)


class Readers:
    """People, machines and feedback loops, all behind one browser."""

    def __init__(self, browser: Browser, inbound: Inbound | None) -> None:
        self._browser = browser
        self._inbound = inbound

    async def do(self, act: Act, mail: Delivered) -> None:
        """Carry out one act; what the message does not offer is left undone."""
        match act.kind:
            case ActKind.OPEN:
                await self._open(act, mail)
            case ActKind.CLICK:
                await self._click(act, mail)
            case ActKind.SCAN:
                await self._scan(act, mail)
            case ActKind.UNSUBSCRIBE:
                await self._unsubscribe(act, mail)
            case ActKind.UNSUBSCRIBE_BY_MAIL:
                await self._unsubscribe_by_mail(act, mail)
            case ActKind.REPLY | ActKind.AUTO_REPLY | ActKind.LATE_BOUNCE:
                await self._answer(act, mail)
            case ActKind.COMPLAIN:
                await self._complain(act, mail)
            case _:
                raise ValueError(f"{act.kind} is the relay's, not a reader's")

    async def _open(self, act: Act, mail: Delivered) -> None:
        if mail.body.pixel:
            await self._fetch(act, mail, "open", mail.body.pixel)

    async def _click(self, act: Act, mail: Delivered) -> None:
        links = [link for link in mail.body.links if link.tracked and link.visible]
        if links:
            link = links[int(act.choice * len(links))]
            await self._fetch(act, mail, "click", link.url)

    async def _scan(self, act: Act, mail: Delivered) -> None:
        """Fetch all at once; links that are not tracked are fetched too, and count nothing."""
        await asyncio.gather(
            self._open(act, mail),
            *(
                self._fetch(act, mail, "click" if link.tracked else None, link.url)
                for link in _once(mail.body.links)
            ),
        )

    async def _unsubscribe(self, act: Act, mail: Delivered) -> None:
        url = mail.body.unsubscribe
        if not url:
            return

        def multipart() -> aiohttp.MultipartWriter:
            writer = aiohttp.MultipartWriter("form-data")
            for name, value in _ONE_CLICK.items():
                writer.append(value).set_content_disposition("form-data", name=name)
            return writer

        # RFC 8058 prefers form-data and allows the other: half of the readers use each.
        body = multipart if act.choice < 0.5 else _ONE_CLICK
        answer = await self._browser.request("POST", url, headers=_headers(act), body=body)
        if answer.status is not None and 300 <= answer.status < 400:
            # A one-click answer must not redirect: providers take it as a failure.
            answer = _refused(answer)
        mail.entry.record(_hit("unsubscribe", act, url, "POST", answer))

    async def _complain(self, act: Act, mail: Delivered) -> None:
        if self._inbound is None:
            return
        entry = mail.entry
        complaint = Complaint(
            provider=mail.provider.name,
            envelope_from=entry.envelope_from,
            recipient=entry.recipient,
            identity=entry.identity,
            source_ip=mail.source_ip,
            arrived_at=entry.accepted_at,
            headers=mail.headers.raw,
        )
        report_to = self._inbound.recipient
        request = hook_request(complaint, report_to=report_to, queue_id=int(entry.queue_id))
        answer = await self._bring(self._inbound, request)
        entry.record(_hit("complaint", act, self._inbound.url, "POST", answer))

    async def _answer(self, act: Act, mail: Delivered) -> None:
        """Write back; where the message names no address for answers, they go elsewhere."""
        returned = act.kind is ActKind.LATE_BOUNCE
        if returned and read_verp(mail.entry.envelope_from) is None:
            return  # it goes back to who sent it for the product, such as SES
        if not returned and mail.body.reply_to is None:
            return
        await self._write(act, mail, act.kind.value, WRITE[act.kind.value](_letter(act, mail)))

    async def _unsubscribe_by_mail(self, act: Act, mail: Delivered) -> None:
        address = mail.body.unsubscribe_by_mail
        if address is None:
            await self._unsubscribe(act, mail)
        else:
            await self._write(act, mail, "unsubscribe", unsubscribe(_letter(act, mail), address))

    async def _write(self, act: Act, mail: Delivered, what: str, letter: Incoming) -> None:
        """Bring a mail to the hook; some servers miss the answer, and bring it once more."""
        if self._inbound is None:
            return
        request = hook.request(letter, server_ip=mail.source_ip, queue_id=int(mail.entry.queue_id))
        answer = await self._bring(self._inbound, request)
        if act.choice < BROUGHT_AGAIN:
            again = await self._bring(self._inbound, request)
            answer = replace(answer, answered_at=again.answered_at)
        mail.entry.record(_hit(what, act, self._inbound.url, "POST", answer))

    async def _bring(self, inbound: Inbound, request: dict[str, Any]) -> Answer:
        headers = {
            "Authorization": f"Bearer {inbound.token}",
            "Content-Type": "application/json",
        }
        body = json.dumps(request).encode()
        return await self._browser.request("POST", inbound.url, headers=headers, body=body)

    async def _fetch(self, act: Act, mail: Delivered, what: str | None, url: str) -> None:
        answer = await self._browser.request(act.method, url, headers=_headers(act))
        if what:
            mail.entry.record(_hit(what, act, url, act.method, answer))


def _letter(act: Act, mail: Delivered) -> Letter:
    entry = mail.entry
    return Letter(
        recipient=entry.recipient,
        envelope_from=entry.envelope_from,
        reply_to=mail.body.reply_to or "",
        message_id=entry.message_id_header,
        subject=entry.subject,
        at=datetime.now(UTC),
        number=f"{entry.queue_id}.{act.kind.value}",
        choice=act.choice,
    )


def _headers(act: Act) -> dict[str, str]:
    return {"User-Agent": act.agent, "X-Forwarded-For": act.address}


def _refused(answer: Answer) -> Answer:
    return Answer(answer.started_at, answer.answered_at, None, answer.location, answer.tries, False)


def _once(links: Iterable[Link]) -> list[Link]:
    return list({link.url: link for link in links}.values())


def _hit(what: str, act: Act, url: str, method: str, answer: Answer) -> Hit:
    return Hit(
        what=what,
        kind="machine" if act.machine else "human",
        url=url,
        method=method,
        agent=act.agent,
        started_at=answer.started_at,
        answered_at=answer.answered_at,
        status=answer.status,
        location=answer.location,
        tries=answer.tries,
        doubtful=answer.doubtful,
    )
