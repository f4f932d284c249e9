"""What happens to data over time and when the stack is deleted."""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_logs as logs

from infra.config import Config

RETENTION = {
    1: logs.RetentionDays.ONE_DAY,
    7: logs.RetentionDays.ONE_WEEK,
    30: logs.RetentionDays.ONE_MONTH,
    90: logs.RetentionDays.THREE_MONTHS,
    365: logs.RetentionDays.ONE_YEAR,
}


def retention_days(config: Config) -> logs.RetentionDays:
    """Return how long logs are kept.

    Raises:
        ValueError: CloudWatch Logs does not offer this number of days, or we do not.
    """
    days = config.log_retention_days
    if days not in RETENTION:
        raise ValueError(f"log_retention_days: {days} is not one of {sorted(RETENTION)}")
    return RETENTION[days]


def removal_policy(config: Config) -> RemovalPolicy:
    """Return what becomes of stored data when the stack goes."""
    return RemovalPolicy.RETAIN if config.retain_data else RemovalPolicy.DESTROY
