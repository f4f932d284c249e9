"""SES identities: the domains and addresses that the account has, as SES says it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from mailtide.aws_errors import code_of
from mailtide.domain.ses_identity import SesIdentity
from mailtide.errors import RetryableError

# A name that SES cannot read is none that it knows.
_UNKNOWN = frozenset({"BadRequestException", "NotFoundException"})
# While SES cannot look at the DNS it signs on.
_SIGNING = frozenset({"SUCCESS", "TEMPORARY_FAILURE"})


@dataclass(frozen=True, slots=True)
class SesIdentities:
    """The identities of the account in one region."""

    client: Callable[[], Any]  # botocore's, of service `sesv2`: made by whoever needs it first

    def find(self, name: str) -> SesIdentity | None:
        """Return an identity.

        Raises:
            RetryableError: SES has no answer now, whatever the reason: a look at what is due must
                not end at one campaign.
        """
        try:
            answer = self.client().get_email_identity(EmailIdentity=name)
        except ClientError as error:
            if code_of(error) in _UNKNOWN:
                return None
            raise RetryableError(
                f"SES does not say whether mail may be from `{name}`: {code_of(error)}."
            ) from error
        except BotoCoreError as error:
            raise RetryableError(
                f"SES does not say whether mail may be from `{name}`: {type(error).__name__}."
            ) from error
        dkim = answer.get("DkimAttributes", {})
        return SesIdentity(
            name=name,
            verified=answer.get("VerifiedForSendingStatus", False),
            signed=dkim.get("SigningEnabled", False) and dkim.get("Status") in _SIGNING,
            tags={tag["Key"]: tag["Value"] for tag in answer.get("Tags", ())},
        )
