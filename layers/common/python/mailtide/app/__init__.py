"""The composition place: what a function's flow is made of, from the environment and the clock.

One builder per flow, built once per process; its imports are its own, so that a function loads
only what it needs. Nothing else reads the environment, the clock or a secret.
"""

import os
from collections.abc import Mapping

from mailtide.app.asking import insights
from mailtide.app.base import (
    Settings,
    bucket,
    certain_death,
    client,
    connect,
    contact_id,
    deadline,
    fetch_secret,
    hasty_queue_client,
    identity_key,
    keyring,
    message_id,
    name_contact,
    new_id,
    now,
    secret,
    ses_account,
    session,
    settings,
    small_client,
)
from mailtide.app.calls import find_key, limiter, repeats
from mailtide.app.importing import imports
from mailtide.app.incoming import (
    ingest,
    react,
    rollup,
    sns_webhook,
    stream_records,
    tracking,
    webhook,
)
from mailtide.app.job_kinds import job_watch, jobs
from mailtide.app.outgoing import batches, launch, orders, release, sender, ses_parts, transact
from mailtide.app.resources import api, entropy
from mailtide.app.submissions import messages

__all__ = [
    "Settings",
    "api",
    "batches",
    "bucket",
    "certain_death",
    "client",
    "connect",
    "contact_id",
    "deadline",
    "entropy",
    "fetch_secret",
    "find_key",
    "hasty_queue_client",
    "identity_key",
    "imports",
    "ingest",
    "insights",
    "job_watch",
    "jobs",
    "keyring",
    "launch",
    "limiter",
    "message_id",
    "messages",
    "name_contact",
    "new_id",
    "now",
    "orders",
    "react",
    "release",
    "repeats",
    "rollup",
    "secret",
    "sender",
    "ses_account",
    "ses_parts",
    "session",
    "settings",
    "small_client",
    "sns_webhook",
    "stream_records",
    "tracking",
    "transact",
    "webhook",
]


def build_at_init(environment: Mapping[str, str]) -> None:
    """Build a function's flow while Lambda starts the process: it has a whole CPU only then."""
    if "AWS_LAMBDA_RUNTIME_API" in environment:
        globals()[environment["POWERTOOLS_SERVICE_NAME"]]()


build_at_init(os.environ)
