"""What is asked of sending IPs and their limits."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from mailtide.app.base import client, new_id, now, settings

if TYPE_CHECKING:
    from mailtide.flows.ip_registry import IpRegistry
    from mailtide.flows.rate_settings import RateSettings
    from mailtide.flows.ses_sets import SesSets


def ip_registry() -> "IpRegistry":
    """What is asked of sending IPs."""
    from mailtide.domain.relay import read_networks
    from mailtide.flows.ip_registry import IpRegistry
    from mailtide.store.pools import Pools
    from mailtide.store.quota import Quota
    from mailtide.store.relay_passwords import RelayPasswords
    from mailtide.store.sending_ips import SendingIps

    return IpRegistry(
        sending_ips=SendingIps(),
        pools=Pools(),
        quota=Quota(),
        passwords=RelayPasswords(client("secretsmanager"), settings().relay_secret_prefix),
        sets=_ses_sets(),
        rates=rate_settings(),
        resolve=_resolve,
        networks=read_networks(settings().relay_networks),
        new_id=new_id,
        clock=now,
    )


def rate_settings() -> "RateSettings":
    """What is asked of rate limits."""
    from mailtide.flows.rate_settings import RateSettings
    from mailtide.store.sending_rates import SendingRates

    return RateSettings(SendingRates(), now)


def _ses_sets() -> "SesSets":
    from mailtide.flows.ses_sets import SesSets
    from mailtide.transports.ses_sets import SesConfiguration

    topic = settings().ses_topic
    return SesSets(SesConfiguration(partial(client, "sesv2"), topic), topic)


def _resolve(host: str) -> Sequence[str]:
    """Return all addresses that a sender would try; none when the host cannot be found."""
    from mailtide.transports.relay_addresses import resolve

    try:
        return resolve(host, 0)
    except (OSError, UnicodeError):
        return ()
