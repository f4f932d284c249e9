"""API: the resources of an organisation, one file per resource beside this one.

Trigger: HTTP `/api/{proxy+}`, but for what the insights function answers.
Writes: every table but counters; secrets of relays; import files, through
presigned addresses; SQS `launch`, `transact`, `imports` and `jobs`.
Errors: problems (docs/problems.md), made in one place (`mailtide/http.py`).
"""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from mailtide import app
from mailtide.http import build_resolver
from mailtide.observability import logger

MODULES = {  # what answers for a path, by its part behind /api/
    "campaigns": ["functions.api.campaigns"],
    "contacts": ["functions.api.contacts"],
    "events": ["functions.api.events"],
    "exports": ["functions.api.exports"],
    "identities": ["functions.api.identities"],
    "imports": ["functions.api.imports"],
    "jobs": ["functions.api.jobs"],
    "keys": ["functions.api.keys"],
    "lists": ["functions.api.lists", "functions.api.imports"],
    "messages": ["functions.api.messages"],
    "openapi.json": ["functions.api.openapi"],
    "organisation": ["functions.api.organisation"],
    "pools": ["functions.api.pools"],
    "segments": ["functions.api.segments"],
    "sending-ips": ["functions.api.sending_ips"],
    "ses-account": ["functions.api.ses_account"],
    "sources": ["functions.api.sources"],
    "suppressions": ["functions.api.suppressions"],
    "templates": ["functions.api.templates"],
    "triggers": ["functions.api.triggers"],
}

resolver = build_resolver(
    app.find_key,
    app.now,
    limiter=app.limiter,
    repeats=app.repeats,
    public=frozenset({"/api/openapi.json"}),
    modules=MODULES,
)


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Lambda entry point."""
    return resolver.resolve(event, context)
