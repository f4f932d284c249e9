"""Start: check all that a campaign names, and let it begin with copies of it.

The one way into `sending`, for a call of the API and for a schedule that is due. The copies are
written with the transition, so later edits change no message and move nobody in or out. Pointers
to the launch may get lost after it: `release` asks for the launch again.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from mailtide.domain.audience import kept
from mailtide.domain.campaign import Campaign, Move, moved
from mailtide.domain.content import Identity, Template, started
from mailtide.domain.finding import Finding
from mailtide.domain.identifiers import SHARDS
from mailtide.domain.segment import Segment, lists_of
from mailtide.domain.sending_ip import SendingIp
from mailtide.domain.suppression import Stream
from mailtide.errors import ConflictError, InvalidInputError, RetryableError


class Campaigns(Protocol):
    """The campaigns."""

    def start(
        self,
        campaign: Campaign,
        template: Template,
        identity: Identity,
        segments: Sequence[Segment],
        at: datetime,
    ) -> bool:
        """Start a campaign if it is still what `campaign` says, and keep these copies with it."""
        ...


class Lists(Protocol):
    """The lists."""

    def exists(self, org_id: str, list_id: str) -> bool:
        """Say whether the organisation has this list."""
        ...


class Segments(Protocol):
    """The segments."""

    def get_many(self, org_id: str, segment_ids: Sequence[str]) -> Mapping[str, Segment]:
        """Return segments by id; only those that exist are in the answer."""
        ...


class Templates(Protocol):
    """The templates."""

    def get(self, org_id: str, template_id: str) -> Template | None:
        """Return one template."""
        ...


class Identities(Protocol):
    """The identities."""

    def get(self, org_id: str, identity_id: str) -> Identity | None:
        """Return one identity."""
        ...


class SendingIps(Protocol):
    """The sending IPs."""

    def active(self, org_id: str, stream: str, pool_id: str | None) -> Sequence[SendingIp]:
        """Return the IPs of a stream that may be used; those in a pool when one is named."""
        ...


class Senders(Protocol):
    """Who may be written as the sender of what leaves over SES (flows/ses_senders.py)."""

    def findings(self, org_id: str, address: str, ips: Sequence[SendingIp]) -> Sequence[Finding]:
        """Return why a campaign from an address may not start over these IPs."""
        ...


class Launches(Protocol):
    """The queue `launch`."""

    def launch(self, org_id: str, campaign_id: str, shards: Iterable[str]) -> None:
        """Enqueue pointers to the shards of a launch."""
        ...


@dataclass(frozen=True, slots=True)
class Content:
    """All that a campaign names, as it is now."""

    template: Template
    identity: Identity
    segments: Mapping[str, Segment]


@dataclass(frozen=True, slots=True)
class Starter:
    """Starts campaigns."""

    campaigns: Campaigns
    lists: Lists
    segments: Segments
    templates: Templates
    identities: Identities
    sending_ips: SendingIps
    senders: Senders
    launches: Launches
    clock: Callable[[], datetime]

    def content(self, campaign: Campaign) -> Content:
        """Return all that a campaign names; it is there, in its organisation.

        Raises:
            InvalidInputError: when something is not; `errors` says which field.
        """
        org_id = campaign.org_id
        segments = self.segments.get_many(org_id, campaign.all_segment_ids)
        template = self.templates.get(org_id, campaign.template_id)
        identity = self.identities.get(org_id, campaign.identity_id)
        errors = [
            *self._audience_errors(campaign, segments),
            *([] if template else [_missing("template_id", "template", campaign.template_id)]),
            *_identity_errors(identity, campaign.identity_id),
        ]
        if errors or template is None or identity is None:
            raise InvalidInputError(f"{errors[0]['at']}: {errors[0]['detail']}", errors=errors)
        return Content(template, identity, segments)

    def start(self, campaign: Campaign) -> None:
        """Start a campaign that may be, and ask for its launch.

        Raises:
            ConflictError: its state does not allow it, no sending IP could carry it, SES would not
                take it (`ses_sender_not_verified`, `ses_dkim_missing`), or it was changed or
                started meanwhile.
            InvalidInputError: as `content`.
            RetryableError: SES does not say whether it would.
        """
        moved(campaign.state, Move.START)
        content = self.content(campaign)
        self._check_way_out(content.identity)
        copies, campaign_id = started(campaign.org_id), campaign.campaign_id
        begun = self.campaigns.start(
            campaign,
            replace(content.template, org_id=copies, template_id=campaign_id),
            replace(content.identity, org_id=copies, identity_id=campaign_id),
            [kept(segment, campaign_id) for segment in content.segments.values()],
            self.clock(),
        )
        if not begun:
            raise ConflictError("The campaign was changed or started by another call meanwhile.")
        with suppress(RetryableError):
            self.launches.launch(campaign.org_id, campaign_id, SHARDS)

    def _check_way_out(self, identity: Identity) -> None:
        """Raise ConflictError unless there are sending IPs that take mail of an identity."""
        ips = self.sending_ips.active(identity.org_id, Stream.MARKETING, identity.pool_id)
        if not ips:
            raise ConflictError(no_ip(identity.pool_id))
        for finding in self.senders.findings(identity.org_id, identity.from_address, ips):
            raise ConflictError(finding.message, code=finding.check)

    def _audience_errors(
        self, campaign: Campaign, segments: Mapping[str, Segment]
    ) -> list[dict[str, str]]:
        if not campaign.list_ids and not campaign.segment_ids:
            return [{"at": "body.list_ids", "detail": "name at least one list or segment"}]
        errors = [
            _missing(place, "list", list_id)
            for place, list_id in _lists_of(campaign)
            if not self.lists.exists(campaign.org_id, list_id)
        ]
        for place, segment_id in _segments_of(campaign):
            if segment_id in segments:
                errors += self._filter_errors(place, segments[segment_id])
            else:
                errors.append(_missing(place, "segment", segment_id))
        return errors

    def _filter_errors(self, place: str, segment: Segment) -> list[dict[str, str]]:
        """Name lists of a filter that are gone: nobody is on them, so an exclusion would end."""
        gone = [x for x in lists_of(segment.filter) if not self.lists.exists(segment.org_id, x)]
        return [
            {"at": f"body.{place}", "detail": f"its filter names the list `{one}`, which is gone"}
            for one in gone
        ]


def no_ip(pool_id: str | None) -> str:
    """Say that nothing can carry the mail of an identity, held to a pool or not."""
    where = "" if pool_id is None else " in the identity's pool"
    return f"No sending IP of the stream marketing is active{where}; add one first."


def _lists_of(campaign: Campaign) -> list[tuple[str, str]]:
    """Return each list with its place in the campaign."""
    return [
        *_placed("list_ids", campaign.list_ids),
        *_placed("excluded_list_ids", campaign.excluded_list_ids),
    ]


def _segments_of(campaign: Campaign) -> list[tuple[str, str]]:
    return [
        *_placed("segment_ids", campaign.segment_ids),
        *_placed("excluded_segment_ids", campaign.excluded_segment_ids),
    ]


def _placed(name: str, ids: Sequence[str]) -> list[tuple[str, str]]:
    return [(f"{name}.{index}", one) for index, one in enumerate(ids)]


def _identity_errors(identity: Identity | None, identity_id: str) -> list[dict[str, str]]:
    if identity is None:
        return [_missing("identity_id", "identity", identity_id)]
    if identity.stream is not Stream.MARKETING:
        detail = "a campaign needs an identity of the stream marketing"
        return [{"at": "body.identity_id", "detail": detail}]
    return []


def _missing(field: str, what: str, id_: str) -> dict[str, str]:
    return {"at": f"body.{field}", "detail": f"there is no {what} `{id_}`"}
