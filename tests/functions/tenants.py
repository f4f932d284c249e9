"""Two organisations with a key per scope each, and one of every resource, through the real API."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from mailtide import app
from mailtide.domain.organisation import ApiKey, Scope, key_hash, new_key
from mailtide.store import dynamo, organisations
from mailtide.store.events import Events
from mailtide.store.tables import OrganisationRow
from tests.aws import Stack
from tests.functions.gateway import front
from tests.http import Answer, Client
from tests.rows import sent

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
TRANSPORT = {"kind": "smtp", "host": "127.0.0.1", "port": 2525, "tls": "none"}


@dataclass(frozen=True, slots=True)
class Tenant:
    """One organisation's callers."""

    org_id: str
    clients: dict[Scope, Client]

    @property
    def admin(self) -> Client:
        """The caller that may do everything."""
        return self.clients[Scope.ADMIN]

    def call(self, method: str, path: str, *args: Any, **more: Any) -> Answer:
        """Call with the admin's key."""
        return self.admin.call(method, path, *args, **more)

    def make(self, path: str, body: dict[str, Any] | None = None, id_: str = "") -> Any:
        """Create something and return it, or its id."""
        answer = self.call("POST", path, body)
        assert answer.status in (200, 201), answer.text
        return answer.json[id_] if id_ else answer.json


def tenant(org_id: str) -> Tenant:
    """Write the keys of an organisation."""
    clients = {}
    items = [OrganisationRow(org_id, "org", name=f"Company {org_id}", created_at=NOW).serialize()]
    for scope in Scope:
        text = new_key(f"{org_id}{scope}".encode().ljust(32, b"."))
        key = ApiKey(
            org_id, f"{org_id}{scope}", key_hash(text), scope.value, frozenset({scope}), NOW
        )
        items += [row.serialize() for row in organisations._key_rows(key)]
        clients[scope] = Client(front, text)
    dynamo.put_many(OrganisationRow.Meta.table_name, items)  # moto is slow at transactions
    return Tenant(org_id, clients)


@dataclass(frozen=True, slots=True)
class Api:
    """The API of a fresh stack with two tenants."""

    stack: Stack
    acme: Tenant
    other: Tenant

    def pointers(self, queue: str) -> list[str]:
        """Take what lies in a queue; what other tests left behind is none of ours."""
        return [body for body in self.stack.bodies(queue) if f'"{self.acme.org_id}"' in body]


def furnish(owner: Tenant, name: str = "ann") -> dict[str, str]:
    """Create one of everything; return the ids by the name they have in paths.

    A second of everything needs another name.
    """
    email = f"{name}@example.com"
    ids = {
        "contact_id": owner.make("/api/contacts", {"email": email}, "contact_id"),
        "list_id": owner.make("/api/lists", {"name": "News"}, "list_id"),
        "template_id": owner.make(
            "/api/templates",
            {"name": "Letter", "subject": "Hello", "html": "<p>Hello</p>"},
            "template_id",
        ),
        "identity_id": owner.make(
            "/api/identities",
            {
                "name": "News",
                "from_name": "Acme",
                "from_address": "news@acme.example",
                "bounce_domain": "b.acme.example",
            },
            "identity_id",
        ),
        "ip_id": owner.make("/api/sending-ips", {"tag": name, "transport": TRANSPORT}, "ip_id"),
        "pool_id": owner.make("/api/pools", {"name": "News"}, "pool_id"),
        "source_id": owner.make("/api/sources", {"name": "Relay"}, "source_id"),
        "key_id": owner.make("/api/keys", {"name": "CI", "scopes": ["read"]}, "key_id"),
    }
    segment = {"name": "Gmail", "text": f"list is {ids['list_id']}"}
    ids["segment_id"] = owner.make("/api/segments", segment, "segment_id")
    trigger = {"name": "Thanks", "event": "order.paid"}  # not each contact of a test fires all
    named = {name: ids[name] for name in ("template_id", "identity_id")}
    ids["trigger_id"] = owner.make("/api/triggers", trigger | named, "trigger_id")
    ids["import_id"] = owner.make(f"/api/lists/{ids['list_id']}/imports", None, "import_id")
    owner.make("/api/suppressions", {"email": email})
    owner.call("PUT", f"/api/lists/{ids['list_id']}/members/{ids['contact_id']}")
    ids["job_id"] = owner.make("/api/suppressions/imports", None, "job_id")
    ids["campaign_id"] = owner.make("/api/campaigns", campaign(ids), "campaign_id")
    ids["message_id"] = _message(owner.org_id, ids)
    return ids


def make_transactional(owner: Tenant, ids: Mapping[str, str]) -> None:
    """Let transactional mail leave from the identity, over a sending IP of its own."""
    path = f"/api/identities/{ids['identity_id']}"
    kept = ("name", "from_name", "from_address", "bounce_domain")
    shown = owner.call("GET", path).json
    body = {name: shown[name] for name in kept} | {"stream": "transactional"}
    assert owner.call("PUT", path, body).status == 200
    ip = {"tag": "prompt", "stream": "transactional", "transport": TRANSPORT}
    owner.make("/api/sending-ips", ip)


def _message(org_id: str, ids: dict[str, str]) -> str:
    """Write that the contact was sent a message of the campaign; return the message's id."""
    message_id = app.message_id(ids["campaign_id"], ids["contact_id"])
    row = sent(org_id=org_id, campaign_id=ids["campaign_id"], recipient_id=ids["contact_id"])
    Events().put_all([replace(row, message_id=message_id)])
    return message_id


def campaign(ids: dict[str, str]) -> dict[str, Any]:
    """Return what plans a campaign over these."""
    return {
        "name": "November",
        "list_ids": [ids["list_id"]],
        "template_id": ids["template_id"],
        "identity_id": ids["identity_id"],
    }
