"""What a customer does for a campaign, through the API, and the people it is for."""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cli.api import Api
from local.demo import people
from local.demo.people import People
from tests.functions.cloud import Cloud

SEED = "whole campaign"
LIMITS = {"mta1": 60, "mta2": 200}  # messages a day
LOGIN = {"username": "mailtide", "password": "relay"}
SUPPRESSED = 5  # the first of the first list
FATES = (  # of one person each, the next; chance decides about the others
    *("hard", "soft", "block", "defer", "complain", "open", "click", "unsub", "machine", "proxy"),
    *("relay4xx", "relay5xx", "drop", "unsubmail", "reply", "ooo", "late"),
)
RATES = {"hard": 0.03, "soft": 0.02, "block": 0.0, "defer": 0.05, "unsubscribe": 0.1, "reply": 0.1}
DELAYS = {
    "deliver": [0.05, 0.4],
    "retry": [1.0, 2.0],
    "machine": [0.05, 0.5],
    "human": [8.5, 9.5],  # before that a hit looks like a machine's
    "next": [0.5, 1.0],
}
SCANNER = {"provider": "other", "mx": "mx.gateway.example", "scanner": True}
TEMPLATE = {
    "name": "Winter",
    "subject": "{{ contact.first_name | default: 'Hello' }}, the winter catalogue is here",
    "html": """\
<p>Dear {{ contact.first_name | default: "reader" }},</p>
<p>we kept the <a href="https://shop.example/catalogue?from={{ contact.city }}">catalogue</a>
warm for you, with <a href="https://shop.example/wool">wool</a>
and <a href="https://shop.example/lamps">lamps</a>.</p>
<p><a href="{{ unsubscribe_url }}">Unsubscribe</a></p>
""",
}
IDENTITY = {
    "name": "News",
    "from_name": "The Winter Shop",
    "from_address": "news@mail.shop.example",
    "bounce_domain": "bounce.shop.example",
    "reply_domain": "reply.shop.example",
}


@dataclass(frozen=True, slots=True)
class Audience:
    """Two lists that overlap; the first has bad rows, and addresses twice in other case."""

    lists: Mapping[str, People]

    @classmethod
    def make(cls) -> "Audience":
        """Return the same 201 people each time."""
        first = people.make(175, seed=SEED, bad=len(people.BAD), twice=6)
        second = people.overlapping(first, shared=40, strangers=45, seed=SEED)
        return cls({"Newsletter": first, "Customers": second})

    @property
    def suppressed(self) -> Sequence[str]:
        """Whom the customer must not write to."""
        return self.lists["Newsletter"].addresses[:SUPPRESSED]

    @property
    def expected(self) -> frozenset[str]:
        """Who has to be written to."""
        everybody = {one for file in self.lists.values() for one in file.addresses}
        return frozenset(everybody - set(self.suppressed))

    @property
    def fates(self) -> dict[str, str]:
        """What will happen to some, by address."""
        others = self.lists["Newsletter"].addresses[SUPPRESSED:]
        return dict(zip(others, FATES, strict=False))


@dataclass(frozen=True, slots=True)
class Imported:
    """A list with what became of its file."""

    list_id: str
    file: People
    job: Mapping[str, Any]
    report: Sequence[Mapping[str, str]]  # the refused rows


def receivers(source: Mapping[str, Any], audience: Audience) -> dict[str, Any]:
    """Configure a relay for each sending IP, and webhooks that repeat and shuffle events."""
    return {
        "seed": SEED,
        "listeners": [{"ip": tag, **LOGIN} for tag in LIMITS],
        "webhook": {
            "url": source["webhook_url"],
            "key": source["signature_key"],
            "throttle": 0.2,
            "retry": 0.2,
        },
        "inbound": {"url": source["inbound_url"], "token": source["inbound_token"]},
        "domains": dict.fromkeys(people.SCANNED, SCANNER),
        "delays": DELAYS,
        "behaviour": {"chaos": 0.3, "rates": RATES, "addresses": audience.fates},
    }


def import_lists(
    api: Api, cloud: Cloud, audience: Audience, wait: Callable[[], None]
) -> list[Imported]:
    """Import each file into a list of its own, all at once."""
    begun = {}
    for name, file in audience.lists.items():
        list_id = api.post("/api/lists", {"name": name})["list_id"]
        begun[name] = api.post(f"/api/lists/{list_id}/imports")
        cloud.upload(begun[name]["upload"]["url"], file.csv)
        api.post(f"/api/imports/{begun[name]['import_id']}/start")
    wait()
    imported = []
    for name, file in audience.lists.items():
        job = api.get(f"/api/imports/{begun[name]['import_id']}")
        report = cloud.download(job["report_url"]) if job["report_url"] else ""
        rows = list(csv.DictReader(io.StringIO(report, newline="")))
        imported.append(Imported(job["list_id"], file, job, rows))
    return imported


def add_sending_ips(api: Api, ports: Mapping[str, int]) -> None:
    """Make the sending IPs, each behind its relay."""
    for tag, limit in LIMITS.items():
        relay = {"kind": "smtp", "host": "127.0.0.1", "port": ports[tag], "tls": "none", **LOGIN}
        api.post("/api/sending-ips", {"tag": tag, "daily_limit": limit, "transport": relay})


def start(api: Api, list_ids: Sequence[str]) -> str:
    """Plan the campaign, start it and return its id."""
    planned = {
        "name": "Winter catalogue",
        "list_ids": list_ids,
        "template_id": api.post("/api/templates", TEMPLATE)["template_id"],
        "identity_id": api.post("/api/identities", IDENTITY)["identity_id"],
    }
    campaign_id = str(api.post("/api/campaigns", planned)["campaign_id"])
    api.post(f"/api/campaigns/{campaign_id}/start")
    return campaign_id
