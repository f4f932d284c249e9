"""Carry out what readers and machines do with one delivered message, and file what came of it."""

import asyncio
import json
from collections.abc import Iterable
from functools import cached_property

import aiohttp

from local.receivers.acts import Act, ActKind
from local.receivers.browser import Answer, Browser
from local.receivers.config import Inbound
from local.receivers.feedback import Complaint, hook_request
from local.receivers.ledger import Entry, Hit
from local.receivers.letter import Body, Headers, Link, read_body
from local.receivers.providers import Provider

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
        request = hook_request(
            complaint, report_to=self._inbound.recipient, queue_id=int(entry.queue_id)
        )
        headers = {
            "Authorization": f"Bearer {self._inbound.token}",
            "Content-Type": "application/json",
        }
        answer = await self._browser.request(
            "POST", self._inbound.url, headers=headers, body=json.dumps(request).encode()
        )
        entry.record(_hit("complaint", act, self._inbound.url, "POST", answer))

    async def _fetch(self, act: Act, mail: Delivered, what: str | None, url: str) -> None:
        answer = await self._browser.request(act.method, url, headers=_headers(act))
        if what:
            mail.entry.record(_hit(what, act, url, act.method, answer))


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
