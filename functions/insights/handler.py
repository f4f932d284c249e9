"""Insights: what became of a campaign, of a message, and of the messages to an address.

Trigger: HTTP `GET /api/campaigns/{campaign_id}/insights`, `GET /api/messages`,
`GET /api/messages/{message_id}`.
Writes: request_counts.
Errors: problems (docs/problems.md), made in one place (`mailtide/http.py`).
"""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from mailtide import app
from mailtide.http import build_resolver
from mailtide.observability import logger

MODULES = {  # what answers for a path, by its part behind /api/
    "campaigns": ["functions.insights.campaigns"],
    "messages": ["functions.insights.messages"],
}

resolver = build_resolver(
    app.find_key, app.now, limiter=app.limiter, repeats=app.repeats, modules=MODULES
)


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Lambda entry point."""
    return resolver.resolve(event, context)
