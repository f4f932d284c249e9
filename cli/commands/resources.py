"""Resources that need no commands of their own beside those that every resource has."""

import typer

from cli.resource import Resource

RESOURCES = {
    "contacts": Resource(
        "/api/contacts", "contact", "contacts", ("contact_id", "email", "provider")
    ),
    "lists": Resource("/api/lists", "list", "lists", ("list_id", "name", "last_sent")),
    "segments": Resource("/api/segments", "segment", "segments", ("segment_id", "name", "text")),
    "templates": Resource(
        "/api/templates", "template", "templates", ("template_id", "name", "subject"), change="PUT"
    ),
    "identities": Resource(
        "/api/identities",
        "identity",
        "identities",
        ("identity_id", "name", "from_address", "stream"),
    ),
    "sending-ips": Resource(
        "/api/sending-ips",
        "sending IP",
        "sending IPs",
        ("ip_id", "tag", "stream", "daily_limit", "active"),
    ),
    "pools": Resource("/api/pools", "pool", "pools", ("pool_id", "name", "stream", "ip_ids")),
    "sources": Resource(
        "/api/sources", "source", "sources", ("source_id", "kind", "name"), change=None
    ),
    "keys": Resource(
        "/api/keys",
        "key",
        "API keys",
        ("key_id", "name", "scopes", "revoked_at"),
        change=None,
        shows=False,
    ),
    "triggers": Resource("/api/triggers", "trigger", "triggers", ("trigger_id", "name", "active")),
    "jobs": Resource(
        "/api/jobs",
        "job",
        "jobs",
        ("job_id", "kind", "state"),
        change=None,
        creates=False,
        deletes=False,
    ),
}


def all_commands() -> dict[str, typer.Typer]:
    """Return the commands of each, by the group's name."""
    return {name: resource.commands() for name, resource in RESOURCES.items()}
