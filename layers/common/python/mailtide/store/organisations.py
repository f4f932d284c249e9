"""Organisations, their API keys and their sources.

Each key and each source is two items: one found by what a caller brings (the key's hash, the
source's id), one in the organisation's partition to list. Both are written in one transaction.
"""

from datetime import datetime

from mailtide.domain.organisation import ApiKey, Organisation, Scope, Source, SourceKind
from mailtide.domain.page import Page
from mailtide.errors import ConflictError
from mailtide.store import dynamo
from mailtide.store.paging import page
from mailtide.store.row import made_alike, present
from mailtide.store.tables import OrganisationRow

_ORG = "org"
_KEY = "key"
_SOURCE = "source"


class Organisations:
    """The table `organisations`."""

    def create(self, organisation: Organisation, first_key: ApiKey) -> None:
        """Write a new organisation and the key that opens it.

        Raises:
            ConflictError: when the id is taken.
        """
        row = OrganisationRow(
            organisation.org_id,
            _ORG,
            org_id=organisation.org_id,
            name=organisation.name,
            created_at=organisation.created_at,
        )
        self._write_new([row, *_key_rows(first_key)])

    def get(self, org_id: str) -> Organisation | None:
        """Return one organisation."""
        row = dynamo.get(OrganisationRow, org_id, _ORG)
        return Organisation(org_id, present(row.name), present(row.created_at)) if row else None

    def rename(self, org_id: str, name: str) -> bool:
        """Give an organisation another name; False when it is not there."""
        row = OrganisationRow(org_id, _ORG)
        renamed = [OrganisationRow.name.set(name)]
        return dynamo.update(row, renamed, OrganisationRow.id.exists()) is None

    def find_key(self, key_hash: str) -> ApiKey | None:
        """Return the key with this hash, revoked or not."""
        row = dynamo.get(OrganisationRow, f"{_KEY}#{key_hash}", _KEY)
        return _read_key(row) if row else None

    def add_key(self, key: ApiKey) -> None:
        """Write a new key.

        Raises:
            ConflictError: when the key or its id is there already.
        """
        self._write_new(_key_rows(key))

    def keys(self, org_id: str, limit: int, after: str | None) -> Page[ApiKey]:
        """Return the organisation's keys by id, revoked ones too."""
        return page(OrganisationRow, org_id, limit, after, _read_key, prefix=f"{_KEY}#")

    def revoke_key(self, org_id: str, key_id: str, at: datetime) -> bool:
        """Revoke a key for good; False when the organisation has no such key."""
        listed = dynamo.get(OrganisationRow, org_id, f"{_KEY}#{key_id}")
        if listed is None:
            return False
        exists = OrganisationRow.id.exists()
        actions = [OrganisationRow.revoked_at.set(OrganisationRow.revoked_at | at)]
        by_hash = OrganisationRow(f"{_KEY}#{listed.key_hash}", _KEY)
        failed = dynamo.transact(
            [dynamo.transact_update(row, actions, exists) for row in (listed, by_hash)]
        )
        return failed is None

    def add_source(self, source: Source) -> None:
        """Write a new source.

        Raises:
            ConflictError: when its id is taken.
        """
        self._write_new(_source_rows(source))

    def find_source(self, source_id: str) -> Source | None:
        """Return a source by its id alone, whoever owns it."""
        row = dynamo.get(OrganisationRow, f"{_SOURCE}#{source_id}", _SOURCE)
        return _read_source(row) if row else None

    def get_source(self, org_id: str, source_id: str) -> Source | None:
        """Return a source of the organisation."""
        row = dynamo.get(OrganisationRow, org_id, f"{_SOURCE}#{source_id}")
        return _read_source(row) if row else None

    def sources(self, org_id: str, limit: int, after: str | None) -> Page[Source]:
        """Return the organisation's sources by id."""
        return page(OrganisationRow, org_id, limit, after, _read_source, prefix=f"{_SOURCE}#")

    def delete_source(self, org_id: str, source_id: str) -> bool:
        """Delete a source; False when the organisation has none such."""
        exists = OrganisationRow.id.exists()
        rows = (
            OrganisationRow(org_id, f"{_SOURCE}#{source_id}"),
            OrganisationRow(f"{_SOURCE}#{source_id}", _SOURCE),
        )
        return dynamo.transact([dynamo.transact_delete(row, exists) for row in rows]) is None

    def _write_new(self, rows: list[OrganisationRow]) -> None:
        absent = OrganisationRow.id.does_not_exist()
        failed = dynamo.transact([dynamo.transact_put(row, absent) for row in rows])
        if failed is not None and not all(map(made_alike, rows, failed)):
            raise ConflictError("This id is taken.", code="already_exists")


def _key_rows(key: ApiKey) -> list[OrganisationRow]:
    return [
        OrganisationRow(
            hash_key,
            range_key,
            org_id=key.org_id,
            key_id=key.key_id,
            key_hash=key.key_hash,
            name=key.name,
            scopes={scope.value for scope in key.scopes},
            created_at=key.created_at,
            revoked_at=key.revoked_at,
        )
        for hash_key, range_key in (
            (f"{_KEY}#{key.key_hash}", _KEY),
            (key.org_id, f"{_KEY}#{key.key_id}"),
        )
    ]


def _source_rows(source: Source) -> list[OrganisationRow]:
    return [
        OrganisationRow(
            hash_key,
            range_key,
            org_id=source.org_id,
            source_id=source.source_id,
            kind=source.kind.value,
            name=source.name,
            created_at=source.created_at,
        )
        for hash_key, range_key in (
            (f"{_SOURCE}#{source.source_id}", _SOURCE),
            (source.org_id, f"{_SOURCE}#{source.source_id}"),
        )
    ]


def _read_key(row: OrganisationRow) -> ApiKey:
    return ApiKey(
        org_id=present(row.org_id),
        key_id=present(row.key_id),
        key_hash=present(row.key_hash),
        name=present(row.name),
        scopes=frozenset(Scope(scope) for scope in row.scopes or ()),
        created_at=present(row.created_at),
        revoked_at=row.revoked_at,
    )


def _read_source(row: OrganisationRow) -> Source:
    return Source(
        org_id=present(row.org_id),
        source_id=present(row.source_id),
        kind=SourceKind(present(row.kind)),
        name=present(row.name),
        created_at=present(row.created_at),
    )
