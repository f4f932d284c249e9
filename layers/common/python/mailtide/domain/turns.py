"""Turns: whose batches leave first when many wait.

Organisations take turns, so that a campaign of a million keeps no other organisation waiting.
Within one, the best rank comes first over all its campaigns: the engaged of a small campaign are
served before the rest of a large one, and its sending IPs meet those who want the mail first.
Source: docs/domain/sending.md.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import zip_longest

from mailtide.domain.batch import Batch


def in_turns(batches: Iterable[Batch]) -> Iterator[Batch]:
    """Yield each organisation's best batch, then each one's next, and so on."""
    of: dict[str, list[Batch]] = defaultdict(list)
    for batch in sorted(batches, key=lambda one: (one.rank, one.ref.batch_id)):
        of[batch.ref.org_id].append(batch)
    for turn in zip_longest(*of.values()):
        yield from (batch for batch in turn if batch is not None)
