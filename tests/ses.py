"""The configuration of an SES account in memory, for a scripted server to answer from."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from tests.transports.scripted_ses import Reply, refusal

SETS = "/v2/email/configuration-sets"
IDENTITIES = "/v2/email/identities/"
SIGNED = {"SigningEnabled": True, "Status": "SUCCESS"}
VERIFIED = {"VerifiedForSendingStatus": True, "DkimAttributes": SIGNED, "Tags": []}
GONE = refusal(404, "NotFoundException", "There is no such thing.")


def healthy() -> dict[str, Any]:
    """Return what SES says of an account without a worry."""
    return {
        "EnforcementStatus": "HEALTHY",
        "ProductionAccessEnabled": True,
        "SendQuota": {"Max24HourSend": 50000.0, "MaxSendRate": 500.0, "SentLast24Hours": 100.0},
        "SendingEnabled": True,
        "SuppressionAttributes": {"SuppressedReasons": ["BOUNCE", "COMPLAINT"]},
    }


@dataclass
class SesConfigured:
    """What the account is and has."""

    account: dict[str, Any] = field(default_factory=healthy)
    account_error: Reply | None = None
    sets: dict[str, dict[str, Any]] = field(default_factory=dict)
    destinations: dict[str, dict[str, Any]] = field(default_factory=dict)  # by set
    identities: dict[str, Any] | None = None  # None: any name is verified and signed

    def answer(self, method: str, path: str, body: Any) -> Reply:
        """Answer everything but a request to send."""
        if path == "/v2/email/account":
            return self.account_error or Reply(200, self.account)
        if path.startswith(IDENTITIES):
            return self._identity(unquote(path.removeprefix(IDENTITIES)))
        if method == "POST" and path == SETS:
            self.sets[body["ConfigurationSetName"]] = body
            return Reply(200)
        name, _, rest = unquote(path).removeprefix(f"{SETS}/").partition("/")
        if name not in self.sets:
            return GONE
        if not rest:
            return Reply(200, self.sets[name])
        if method == "GET":
            found = self.destinations.get(name)
            return Reply(200, {"EventDestinations": [found] if found else []})
        destination = {"Name": "mailtide", **body["EventDestination"]}
        self.destinations[name] = destination
        return Reply(200)

    def _identity(self, name: str) -> Reply:
        found = VERIFIED if self.identities is None else self.identities.get(name)
        return GONE if found is None else Reply(200, found)
