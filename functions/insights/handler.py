"""Insights: what became of a campaign, of a message, and of the messages to an address.

Trigger: HTTP `GET /api/campaigns/{campaign_id}/insights`, `GET /api/messages`,
`GET /api/messages/{message_id}`.
Writes: request_counts.
Errors: problems (docs/problems.md), made in one place (`mailtide/http.py`).
"""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.insights import campaigns, messages
from mailtide import app
from mailtide.http import build_resolver
from mailtide.observability import logger

resolver = build_resolver(app.find_key, app.now, limiter=app.limiter, repeats=app.repeats)
for one in (campaigns, messages):
    resolver.include_router(one.resource.router)


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Lambda entry point."""
    return resolver.resolve(event, context)
