"""API: the resources of an organisation, one file per resource beside this one.

Trigger: HTTP `/api/{proxy+}`, but for what the insights function answers.
Writes: every table but counters; secrets of relays; import files, through
presigned addresses; SQS `launch`, `transact`, `imports` and `jobs`.
Errors: problems (docs/problems.md), made in one place (`mailtide/http.py`).
"""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.api import (
    campaigns,
    contacts,
    events,
    exports,
    identities,
    imports,
    jobs,
    keys,
    lists,
    messages,
    openapi,
    organisation,
    pools,
    segments,
    sending_ips,
    ses_account,
    sources,
    suppressions,
    templates,
    triggers,
)
from mailtide import app
from mailtide.http import build_resolver
from mailtide.observability import logger

resolver = build_resolver(
    app.find_key,
    app.now,
    limiter=app.limiter,
    repeats=app.repeats,
    public=frozenset({openapi.PATH}),
)
resolver.include_router(openapi.router)
for one in (
    campaigns,
    contacts,
    events,
    exports,
    identities,
    imports,
    jobs,
    keys,
    lists,
    messages,
    organisation,
    pools,
    segments,
    sending_ips,
    ses_account,
    sources,
    suppressions,
    templates,
    triggers,
):
    resolver.include_router(one.resource.router)


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Lambda entry point."""
    return resolver.resolve(event, context)
