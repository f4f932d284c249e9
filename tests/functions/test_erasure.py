"""Erasure in a whole campaign: afterwards nothing holds the address, and no counter has moved.

Mail goes over real SMTP to the receivers, who bounce in words that quote the address. What reaches
us is told in more spellings than any one receiver has; then the people are erased, and every item,
object, queue and logged line is searched.
"""

import io
import json
import logging
import quopri
import re
from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from html import unescape
from random import Random
from typing import Any
from urllib.parse import quote, unquote

import boto3
import httpx
import pytest

from cli.api import Api, ApiError
from cli.bootstrap import bootstrap
from local import receivers_process
from local.receivers.poster import sign
from mailtide import app, edge_observability
from mailtide.domain import metrics
from mailtide.observability import logger
from mailtide.store import dynamo, tables
from tests.aws import BUCKET, Stack
from tests.collaborators import SEAL
from tests.functions.cloud import Cloud
from tests.functions.front_door import open_door
from tests.functions.quick_moto import quicken
from tests.functions.snapshot import counters, event_rows, without_zeros
from tests.functions.throttle import Throttle
from tests.functions.winter_campaign import DELAYS, LOGIN, add_sending_ips, start

pytestmark = pytest.mark.thorough

SEED = "erasure"
HARD, COMPLAINS, LEAVES, CLICKS = (
    "Zoe.quirke@tailspin.example",
    "yan.quirke@yahoo.com",
    "xia.quirke@gmail.com",
    "wim+news.quirke@icloud.com",
)
ERASED = {HARD: "hard", COMPLAINS: "complain", LEAVES: "unsub", CLICKS: "click"}
STAYS = {"vera@tailspin.example": "hard", "una@gmail.com": "click"}
NAME = "quirke"  # in every address that is to be forgotten, and in nothing else
NO_CONTACT = "ute.quirke@fabrikam.example"  # known by a suppression alone
LINES = [
    "email,first_name,city",
    *(f"{address},Someone,Paris" for address in (*ERASED, *STAYS)),
    f"{HARD},too,many,fields",
    f"{CLICKS} and more,Someone,Paris",
]
TOLD = (  # of a bounce; `{0}` is the address
    "5.1.1 <{0}>: Recipient address rejected: User unknown",
    '5.1.1 "{0}" is unknown, see https://r.example/?e={1}',
    "5.1.1 to={2} does not exist\r\n550-5.1.1 <{0}>\r\n550 5.1.1 bye",
    "ORCPT=rfc822;{3} unknown; {{\\u0022to\\u0022: {4}}}",
)


@dataclass
class Life:
    """A campaign that is over, and what there is to look into."""

    api: Api
    cloud: Cloud
    source: dict[str, Any]
    log: io.StringIO  # every line of every function

    def suppressed(self) -> dict[str, str | None]:
        """Return the addresses of the suppressed, by contact."""
        return {one["contact_id"]: one["email"] for one in self.api.all("/api/suppressions")}

    def tell(self, *events: dict[str, Any]) -> None:
        """Post events as the relay does."""
        body = json.dumps({"events": events}).encode()
        signature = sign(body, self.source["signature_key"])
        headers = {"X-Signature": signature, "Content-Type": "application/json"}
        httpx.post(self.source["webhook_url"], content=body, headers=headers).raise_for_status()

    def sent_to(self, address: str) -> str:
        [message] = self.api.all("/api/messages", recipient=address)
        return str(message["message_id"])

    def name_in_all_that_the_api_keeps(self) -> None:
        """Make a file of the contacts, a filter that names one, jobs of it, a file in vain."""
        self.api.post("/api/exports", {"kind": "contacts"})
        text = f'not email in ("{HARD}", "una@gmail.com")'
        segment = self.api.post("/api/segments", {"name": "Not them", "text": text})
        self.api.post(f"/api/segments/{segment['segment_id']}/count")
        self.api.post("/api/exports", {"kind": "segment", "segment_id": segment["segment_id"]})
        begun = self.api.post("/api/suppressions/imports")
        self.cloud.upload(begun["upload"]["url"], f"{HARD},without a header".encode())
        self.api.post(f"/api/suppressions/imports/{begun['job_id']}/start")
        self.cloud.run()


@pytest.fixture(scope="module")
def life(shared_stack: Stack) -> Iterator[Life]:
    with ExitStack() as stack:
        log = stack.enter_context(_logged())
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        quicken(patch)
        throttle = Throttle(Random(SEED))  # noqa: S311 - a repeatable world, no secret
        cloud = Cloud(shared_stack, Random(SEED), throttle)  # noqa: S311
        door = stack.enter_context(open_door(cloud))
        patch.setenv("MAILTIDE_PUBLIC_URL", door.url)
        app.connect()
        stack.enter_context(throttle.listening(dynamo.client()))
        api = stack.enter_context(Api(door.url, bootstrap("Acme", app.now()).key))
        source = api.post("/api/sources", {"name": "Relay"})
        witness = stack.enter_context(receivers_process.running(_receivers(source)))
        list_id = _import(api, cloud)
        api.post("/api/suppressions", {"email": CLICKS, "note": f"{CLICKS} called"})
        api.call("DELETE", f"/api/suppressions/{_contact(api, CLICKS)}")
        api.post("/api/suppressions", {"email": NO_CONTACT})
        add_sending_ips(api, witness.smtp_ports)
        campaign_id = start(api, [list_id])
        cloud.run(
            lambda: (
                witness.is_settled() and api.get(f"/api/campaigns/{campaign_id}")["state"] == "sent"
            )
        )
        yield Life(api, cloud, source, log)


@contextmanager
def _logged() -> Iterator[io.StringIO]:
    """Keep what the functions log, as it is written."""
    stream = io.StringIO()
    edge = edge_observability.logger, edge_observability.JsonLines()
    with ExitStack() as stack:
        for plain, formatter in (
            (logging.getLogger(logger.name), logger.registered_formatter),
            edge,
        ):
            handler = logging.StreamHandler(stream)
            handler.setFormatter(formatter)
            plain.addHandler(handler)
            stack.callback(plain.removeHandler, handler)
        yield stream


def _receivers(source: dict[str, Any]) -> dict[str, Any]:
    return {
        "seed": SEED,
        "listeners": [{"ip": tag, **LOGIN} for tag in ("mta1", "mta2")],
        "webhook": {"url": source["webhook_url"], "key": source["signature_key"]},
        "inbound": {"url": source["inbound_url"], "token": source["inbound_token"]},
        "delays": DELAYS,
        "behaviour": {"addresses": {a.lower(): fate for a, fate in {**ERASED, **STAYS}.items()}},
    }


def _import(api: Api, cloud: Cloud) -> str:
    list_id = str(api.post("/api/lists", {"name": "Newsletter"})["list_id"])
    begun = api.post(f"/api/lists/{list_id}/imports")
    cloud.upload(begun["upload"]["url"], "\n".join(LINES).encode())
    api.post(f"/api/imports/{begun['import_id']}/start")
    cloud.run()
    job = api.get(f"/api/imports/{begun['import_id']}")
    assert (job["state"], job["refused"]) == ("done", 2)
    assert NAME in cloud.download(job["report_url"])
    return list_id


def _contact(api: Api, address: str) -> str:
    return str(api.post("/api/contacts", {"email": address})["contact_id"])


def spelled(address: str) -> list[str]:
    """Write an address in the ways that replies have for it."""
    coded = [quote(address, safe=""), address.replace("@", "=40"), address.replace("+", "+2B")]
    return [address, *coded, json.dumps(address).replace("@", "\\u0040")]


def event(word: str, message_id: str, seconds: int, **data: Any) -> dict[str, Any]:
    at = app.now().replace(microsecond=0).isoformat().replace("+00:00", "Z")
    sender = SEAL.mail_from("mta1", message_id, "bounce.shop.example")
    span = {"queueId": seconds, "spanId": seconds, "from": sender}
    return {"id": "1", "createdAt": at, "type": word, "data": {**span, **data}}


def bounces(address: str, message_id: str) -> list[dict[str, Any]]:
    """Tell of bounces in all words and spellings, of put-off attempts, and what is refused."""
    told = [words.format(*spelled(address)) for words in TOLD]
    rejected = [
        event("delivery.rcpt-to-rejected", one, i, code=code, details=words, to=address)
        for one in (message_id, "0" * 26)
        for code in (550, 451)
        for i, words in enumerate(told)
    ]
    unknown = event("moon.rise", message_id, 99, note=f"seen by {address}", to=[address])
    return [*rejected, unknown]


def everything(stack: Stack) -> dict[str, str]:
    """Return all that is stored or waits, as texts by where it lies."""
    found: dict[str, str] = {}
    client = boto3.client("dynamodb")
    for model in tables.ALL:
        for page in client.get_paginator("scan").paginate(TableName=model.Meta.table_name):
            for item in page["Items"]:
                found[f"{model.table}/{item['id']['S']}"] = repr(item)
    for page in stack.s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET):
        for one in page.get("Contents", ()):
            body = stack.s3.get_object(Bucket=BUCKET, Key=one["Key"])["Body"].read()
            found[one["Key"]] = body.decode("utf-8", "replace")
    for queue in stack.queues:
        for number, body in enumerate(stack.bodies(queue)):
            found[f"queue {queue}/{number}"] = body
    return found


def holds(text: str) -> bool:
    """Say whether a text holds the name in any spelling that somebody may give it."""
    plain = [text, unquote(unquote(text)), unescape(text)]
    plain.append(quopri.decodestring(text.encode()).decode("utf-8", "replace"))
    plain.append(re.sub(r"\\+u([0-9a-f]{4})", lambda m: chr(int(m[1], 16)), text))
    coded = [_inside_base64(before) for before in range(3)]
    return any(NAME in one.lower() for one in plain) or any(one in text for one in coded)


def _inside_base64(before: int) -> str:
    """Return the characters that the name alone makes in base64, behind so many bytes modulo 3."""
    whole = b64encode(b"\0" * before + NAME.encode() + b"\0\0").decode()
    return whole[-(-8 * before // 6) : 8 * (before + len(NAME)) // 6]


def where(stack: Stack) -> Sequence[str]:
    return sorted(place for place, text in everything(stack).items() if holds(f"{place} {text}"))


def test_what_searches_would_find_it() -> None:
    for one in (*spelled(HARD), "Zoe.Q=75irke", "zoe.&#113;uirke", "zoe.\\u0071uirke"):
        assert holds(one), one
    for before in ("", "a", "ab"):
        assert holds(b64encode(f"{before}{HARD}".encode()).decode())


@pytest.fixture(scope="module")
def told(life: Life) -> list[dict[str, Any]]:
    """Tell of every message in all spellings, and name the people in what the API keeps."""
    events = [one for a in ERASED for one in bounces(a, life.sent_to(a))]
    life.tell(*events)
    life.name_in_all_that_the_api_keeps()
    life.cloud.run()
    return events


@pytest.mark.usefixtures("told")
def test_while_there_is_a_contact_its_address_lies_there_and_is_shown_elsewhere(
    life: Life, shared_stack: Stack
) -> None:
    holders = {place.split("/")[0] for place in where(shared_stack)}
    assert holders == {"contacts", "exports", "imports", "jobs", "segments", "suppression_list"}
    timeline = life.api.get(f"/api/messages/{life.sent_to(HARD)}")["events"]
    assert {one.format(*spelled(HARD)) for one in TOLD} <= {e["smtp_response"] for e in timeline}
    assert set(life.suppressed().values()) >= {HARD, COMPLAINS, LEAVES, *STAYS} - {"una@gmail.com"}


def test_after_an_erasure_nothing_holds_the_address_and_no_counter_moved(
    life: Life,
    told: list[dict[str, Any]],
    shared_stack: Stack,
) -> None:
    messages = {address: life.sent_to(address) for address in ERASED}
    ids = {address: _contact(life.api, address) for address in ERASED}
    [suppressed] = life.api.all("/api/suppressions", email=NO_CONTACT)
    ids[NO_CONTACT] = suppressed["contact_id"]
    before = counters()
    for contact_id in ids.values():
        life.api.call("DELETE", f"/api/contacts/{contact_id}")
        with pytest.raises(ApiError, match="404"):
            life.api.call("DELETE", f"/api/contacts/{contact_id}")
    assert where(shared_stack) == []

    life.tell(*told)  # the relay tells it all once more, and so do queues and streams
    life.cloud.run()
    life.cloud.feed_again()
    life.cloud.run()
    assert where(shared_stack) == []
    assert counters() == before
    sums = metrics.totals(event_rows())
    assert before == without_zeros({cell: dict(counts) for cell, counts in sums.items()})
    assert not holds(json.dumps([life.api.get(f"/api/messages/{m}") for m in messages.values()]))
    assert [life.suppressed()[ids[a]] for a in (HARD, COMPLAINS, LEAVES)] == [None] * 3
    assert "ingested" in life.log.getvalue()
    assert not holds(life.log.getvalue())

    assert _contact(life.api, HARD) == ids[HARD]  # the same person, by the same hash
    assert life.suppressed()[ids[HARD]] == HARD
