"""Organisations, keys and sources in memory."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar

from local.memory.pages import page
from mailtide.domain.organisation import ApiKey, Organisation, Source
from mailtide.domain.page import Page
from mailtide.errors import ConflictError

Made = TypeVar("Made", ApiKey, Organisation, Source)


@dataclass(slots=True)
class Organisations:
    """Stands in for `store.organisations.Organisations`."""

    organisations: dict[str, Organisation] = field(default_factory=dict)
    api_keys: dict[str, ApiKey] = field(default_factory=dict)  # by hash
    all_sources: dict[str, Source] = field(default_factory=dict)

    def create(self, organisation: Organisation, first_key: ApiKey) -> None:
        """Write a new organisation and the key that opens it."""
        stored = self.organisations.get(organisation.org_id, organisation)
        if not _made_alike(organisation, stored):
            raise ConflictError("This id is taken.", code="already_exists")
        self.add_key(first_key)
        self.organisations.setdefault(organisation.org_id, organisation)

    def get(self, org_id: str) -> Organisation | None:
        """Return one organisation."""
        return self.organisations.get(org_id)

    def rename(self, org_id: str, name: str) -> bool:
        """Give an organisation another name; False when it is not there."""
        if org_id not in self.organisations:
            return False
        self.organisations[org_id] = replace(self.organisations[org_id], name=name)
        return True

    def find_key(self, key_hash: str) -> ApiKey | None:
        """Return the key with this hash, revoked or not."""
        return self.api_keys.get(key_hash)

    def add_key(self, key: ApiKey) -> None:
        """Write a new key."""
        listed = self._keys_of(key.org_id).get(key.key_id, key)
        by_hash = self.api_keys.get(key.key_hash, key)
        if not (_made_alike(key, by_hash) and _made_alike(key, listed)):
            raise ConflictError("This id is taken.", code="already_exists")
        self.api_keys.setdefault(key.key_hash, key)

    def keys(self, org_id: str, limit: int, after: str | None) -> Page[ApiKey]:
        """Return the organisation's keys by id, revoked ones too."""
        return page(self._keys_of(org_id), limit, after)

    def revoke_key(self, org_id: str, key_id: str, at: datetime) -> bool:
        """Revoke a key for good; False when the organisation has no such key."""
        key = self._keys_of(org_id).get(key_id)
        if key is None:
            return False
        self.api_keys[key.key_hash] = replace(key, revoked_at=key.revoked_at or at)
        return True

    def add_source(self, source: Source) -> None:
        """Write a new source."""
        if not _made_alike(source, self.all_sources.get(source.source_id, source)):
            raise ConflictError("This id is taken.", code="already_exists")
        self.all_sources.setdefault(source.source_id, source)

    def find_source(self, source_id: str) -> Source | None:
        """Return a source by its id alone, whoever owns it."""
        return self.all_sources.get(source_id)

    def get_source(self, org_id: str, source_id: str) -> Source | None:
        """Return a source of the organisation."""
        source = self.all_sources.get(source_id)
        return source if source and source.org_id == org_id else None

    def sources(self, org_id: str, limit: int, after: str | None) -> Page[Source]:
        """Return the organisation's sources by id."""
        mine = {s.source_id: s for s in self.all_sources.values() if s.org_id == org_id}
        return page(mine, limit, after)

    def delete_source(self, org_id: str, source_id: str) -> bool:
        """Delete a source; False when the organisation has none such."""
        if self.get_source(org_id, source_id) is None:
            return False
        del self.all_sources[source_id]
        return True

    def _keys_of(self, org_id: str) -> dict[str, ApiKey]:
        return {key.key_id: key for key in self.api_keys.values() if key.org_id == org_id}


def _made_alike(new: Made, standing: Made) -> bool:
    """Say whether what stands was made as `new` is, now or by an earlier attempt."""
    return replace(standing, created_at=new.created_at) == new
