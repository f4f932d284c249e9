"""The base of every table's model: one shared connection, and the schema as plain facts."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, TypeVar

from pynamodb.attributes import Attribute, TTLAttribute, UnicodeAttribute
from pynamodb.connection.base import Connection
from pynamodb.connection.table import TableConnection
from pynamodb.constants import NUMBER
from pynamodb.expressions.update import Action
from pynamodb.indexes import KeysOnlyProjection
from pynamodb.models import Model

from mailtide.domain.message import instant, millis

T = TypeVar("T")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)


def ticks(at: datetime) -> int:
    """Return an instant as epoch microseconds, where milliseconds are too coarse."""
    return (at - _EPOCH) // _TICK


def ticks_of(number: int) -> datetime:
    """Return the instant of so many epoch microseconds."""
    return _EPOCH + number * _TICK


class Instant(Attribute[datetime]):
    """An aware instant, stored as epoch milliseconds."""

    attr_type = NUMBER

    def serialize(self, value: datetime) -> str:
        """Write the milliseconds."""
        return str(millis(value))

    def deserialize(self, value: str) -> datetime:
        """Read the milliseconds as aware UTC."""
        return instant(int(value))


@dataclass(frozen=True, slots=True)
class Key:
    """Names of a key's attributes; all are texts but those in `numbers`."""

    hash: str
    range: str | None
    numbers: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class IndexSchema:
    """A global secondary index; without `keys_only` it holds whole items."""

    name: str
    key: Key
    keys_only: bool


@dataclass(frozen=True, slots=True)
class Schema:
    """What creates a table."""

    table: str  # without the prefix
    key: Key
    indexes: tuple[IndexSchema, ...]
    ttl: str | None  # attribute with the expiry in epoch seconds
    stream: bool  # a stream of new and old images


class SharedConnection(Connection):
    """PynamoDB's connection over a client that other things use too."""

    def __init__(self, client: Any, region: str) -> None:
        super().__init__(region=region)
        self._shared_client = client

    @property
    def client(self) -> Any:
        """The one client of the process."""
        return self._shared_client


class Row(Model):
    """Base of every model: all tables share one client.

    PynamoDB gives each model a client of its own, about 50 ms of cold start apiece.
    """

    shared: ClassVar[Connection | None] = None
    table: ClassVar[str]  # the name without the prefix
    stream: ClassVar[bool] = False

    id = UnicodeAttribute()

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.table = cls.Meta.table_name

    @classmethod
    def _get_connection(cls) -> TableConnection:
        table = super()._get_connection()
        if Row.shared is not None and table.connection is not Row.shared:
            Row.shared.add_meta_table(table.get_meta_table())
            table.connection = Row.shared
        return table

    @classmethod
    def bind_table(cls, prefix: str) -> None:
        """Name the physical table and connect it to the shared connection."""
        cls.Meta.table_name = f"{prefix}-{cls.table}"
        cls._connection = None
        cls._get_connection()

    @classmethod
    def schema(cls) -> Schema:
        """Return the plain facts of the table."""
        attributes = cls.get_attributes().values()
        return Schema(
            table=cls.table,
            key=_key(attributes),
            indexes=tuple(
                IndexSchema(
                    name=name,
                    key=_key(index.Meta.attributes.values()),
                    keys_only=isinstance(index.Meta.projection, KeysOnlyProjection),
                )
                for name, index in sorted(cls._indexes.items())
            ),
            ttl=next((a.attr_name for a in attributes if isinstance(a, TTLAttribute)), None),
            stream=cls.stream,
        )

    @classmethod
    def hash_name(cls) -> str:
        """Return the name of the partition key."""
        return str(cls._hash_keyname)

    @classmethod
    def range_name(cls) -> str:
        """Return the name of the sort key."""
        return str(cls._range_keyname)

    @classmethod
    def raw_key(cls, hash_key: str, range_key: str) -> dict[str, dict[str, Any]]:
        """Return the key of an item in DynamoDB's form."""
        return {cls.hash_name(): {"S": hash_key}, cls.range_name(): {"S": range_key}}

    def key_text(self) -> str:
        """Return the key's values joined by a slash, as `id` holds them.

        An update that may make the item has to set `id` to it; a whole row does so by itself.
        """
        return f"{getattr(self, self.hash_name())}/{getattr(self, self.range_name())}"

    def serialize(self, null_check: bool = True) -> dict[str, dict[str, Any]]:
        """Return the item in DynamoDB's form, with its `id`."""
        if self.id is None:
            self.id = self.key_text()
        return super().serialize(null_check=null_check)


def made_alike(row: Row, found: dict[str, dict[str, Any]] | None) -> bool:
    """Say whether the item that stands there was made as `row`, now or by an earlier attempt."""
    return _made(row.serialize()) == _made(found or {})


def assign(attribute: Attribute[T], value: T | None) -> Action:
    """Return the action that sets an attribute, or removes it for None."""
    return attribute.remove() if value is None else attribute.set(value)


def whole(number: float | None) -> int | None:
    """Return an optional number, which PynamoDB reads as int or float, as an int."""
    return None if number is None else int(number)


def _made(item: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return what does not differ between attempts; DynamoDB gives sets back in any order."""
    return {
        name: sorted(value["SS"]) if "SS" in value else value
        for name, value in item.items()
        if name != "created_at"
    }


def _key(attributes: Iterable[Attribute[Any]]) -> Key:
    keys = [a for a in attributes if a.is_hash_key or a.is_range_key]
    names = {a.is_hash_key: a.attr_name for a in keys}
    numbers = frozenset(a.attr_name for a in keys if a.attr_type == NUMBER)
    return Key(names[True], names.get(False), numbers)


def present(value: T | None) -> T:
    """Return the value of an attribute that items of this kind always have.

    Raises:
        ValueError: when it is missing all the same.
    """
    if value is None:
        raise ValueError("the item lacks an attribute that it must have")
    return value
