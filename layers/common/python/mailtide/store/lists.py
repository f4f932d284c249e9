"""Lists and their members, as the launch reads them."""

from collections.abc import Sequence

from mailtide.store import dynamo
from mailtide.store.tables import ListRow


class Lists:
    """The lists of all organisations."""

    def members(self, list_id: str, shard: str) -> Sequence[str]:
        """Return the contact ids of one shard of a list, sorted."""
        items = dynamo.query_items(ListRow, f"{list_id}#{shard}", ["sk"])
        return [str(item["sk"]["S"]) for item in items]
