"""Ways back: what a message's headers say of replying to it, ending it and complaining about it.

Source: RFC 8058 and RFC 2369 (List-Unsubscribe); Gmail's Feedback-ID: four fields, of which the
last names the sender in 5 to 15 characters.
"""

from mailtide.domain.campaign import Campaign
from mailtide.domain.content import Identity
from mailtide.domain.host import ascii_domain
from mailtide.domain.tracking import Tracker


def reply_to(identity: Identity, tracker: Tracker, message_id: str) -> str | None:
    """Return where replies go: an address that names the message, or the owner's mailbox."""
    if identity.reply_domain:
        return tracker.reply_address(message_id, identity.reply_domain)
    return identity.reply_to and ascii_domain(identity.reply_to)


def headers(
    identity: Identity, campaign: Campaign, tracker: Tracker, message_id: str
) -> dict[str, str]:
    """Return the headers that bulk mail needs, by name."""
    sender = campaign.org_id[:15]
    feedback = f"{campaign.campaign_id}:{identity.identity_id}:{identity.stream.value}:{sender}"
    return {
        "List-Unsubscribe": _ways_out(identity, tracker, message_id),
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "Feedback-ID": feedback,
    }


def _ways_out(identity: Identity, tracker: Tracker, message_id: str) -> str:
    """Return how to unsubscribe: one click first, a mail too where we take it."""
    ways = f"<{tracker.unsubscribe_url(message_id)}>"
    if identity.reply_domain:
        address = tracker.unsubscribe_address(message_id, identity.reply_domain)
        ways += f", <mailto:{address}?subject=unsubscribe>"
    return ways
