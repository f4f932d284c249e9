"""The webhook flow, for the tests of whose bytes it takes and of how it cuts them."""

import pytest

from local.memory.bucket import Bucket
from mailtide.flows.webhook import Webhook
from tests.collaborators import KEYRING, Queue


@pytest.fixture
def queue() -> Queue:
    return Queue()


@pytest.fixture
def bucket() -> Bucket:
    return Bucket()


@pytest.fixture
def webhook(queue: Queue, bucket: Bucket) -> Webhook:
    return Webhook(KEYRING, queue, bucket)
