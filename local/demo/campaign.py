"""Everything that a campaign needs, put into the product through its HTTP API, and its start."""

import csv
import io
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from cli.api import TIMEOUT_SECONDS, Api, put_file
from local.books import import_problems
from local.demo.people import People
from local.laptop import WayOut

IMPORT_SECONDS = 180.0
SUBJECT = "{{ contact.first_name | default: 'Hello' }}, the winter catalogue is here"
HTML = """\
<html>
<body>
  <p>Dear {{ contact.first_name | default: "reader" }},</p>
  <p>{% if contact.city %}In {{ contact.city }}, too, the{% else %}The{% endif %} days grow short.
  We kept the <a href="https://shop.example/catalogue?from={{ contact.city }}">catalogue</a>
  warm for you, with <a href="https://shop.example/wool">wool</a> and
  <a href="https://shop.example/lamps">lamps</a>.</p>
  <p><a href="{{ unsubscribe_url }}">Unsubscribe</a></p>
</body>
</html>
"""
IDENTITY = {
    "name": "News",
    "from_name": "The Winter Shop",
    "from_address": "news@mail.shop.example",
    "bounce_domain": "bounce.shop.example",
    "reply_domain": "reply.shop.example",
    "stream": "marketing",
}


@dataclass(frozen=True, slots=True)
class Audience:
    """Two lists that overlap, and who of them must not be written to."""

    first: People
    second: People
    suppressed: Sequence[str]

    @property
    def expected(self) -> frozenset[str]:
        """Return who has to get the campaign, in lower case."""
        everybody = {*self.first.addresses, *self.second.addresses}
        return frozenset(everybody - set(self.suppressed))


@dataclass(frozen=True, slots=True)
class Imported:
    """One finished import."""

    list_id: str
    job: Mapping[str, Any]
    report: Sequence[Mapping[str, str]]  # the refused rows
    problems: Sequence[str]


def import_people(
    api: Api, name: str, people: People, *, seconds: float = IMPORT_SECONDS
) -> Imported:
    """Make a list and import a file into it.

    Raises:
        TimeoutError: it did not end in time.
    """
    list_id = api.post("/api/lists", {"name": name})["list_id"]
    begun = api.post(f"/api/lists/{list_id}/imports")
    put_file(begun["upload"], people.csv)
    api.post(f"/api/imports/{begun['import_id']}/start")
    job = _wait(api, f"/api/imports/{begun['import_id']}", seconds)
    report = _report(job)
    return Imported(list_id, job, report, import_problems(people.rows, job, report, people.bad))


def _wait(api: Api, path: str, seconds: float) -> Mapping[str, Any]:
    deadline = time.monotonic() + seconds
    while True:
        job: Mapping[str, Any] = api.get(path)
        if job["state"] in ("done", "failed"):
            return job
        if time.monotonic() > deadline:
            raise TimeoutError(f"the import did not end in {seconds:.0f} seconds: {job}")
        time.sleep(0.5)


def _report(job: Mapping[str, Any]) -> list[dict[str, str]]:
    if not job.get("report_url"):
        return []
    response = httpx.get(job["report_url"], timeout=TIMEOUT_SECONDS).raise_for_status()
    return list(csv.DictReader(io.StringIO(response.text, newline="")))


def suppress(api: Api, addresses: Sequence[str]) -> None:
    """Put addresses on the suppression list."""
    for address in addresses:
        api.post("/api/suppressions", {"email": address})


def add_sending_ips(api: Api, ways_out: Sequence[WayOut], daily_limit: int) -> None:
    """Make a sending IP of each way out."""
    for way in ways_out:
        api.post(
            "/api/sending-ips",
            {
                "tag": way.tag,
                "stream": "marketing",
                "daily_limit": daily_limit,
                "transport": dict(way.transport),
            },
        )


def start(api: Api, list_ids: Sequence[str]) -> str:
    """Make template, identity and campaign, start it and return its id."""
    template = api.post("/api/templates", {"name": "Winter", "subject": SUBJECT, "html": HTML})
    identity = api.post("/api/identities", IDENTITY)
    campaign = api.post(
        "/api/campaigns",
        {
            "name": "Winter catalogue",
            "list_ids": list(list_ids),
            "template_id": template["template_id"],
            "identity_id": identity["identity_id"],
        },
    )
    campaign_id = str(campaign["campaign_id"])
    api.post(f"/api/campaigns/{campaign_id}/start")
    return campaign_id
