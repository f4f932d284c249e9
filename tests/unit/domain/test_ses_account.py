"""The SES account: what halts it and what is worth knowing."""

from dataclasses import replace

import pytest

from mailtide.domain.finding import Severity
from mailtide.domain.ses_account import SesAccount, findings, halted

HEALTHY = SesAccount(
    production=True, sending=True, enforcement="HEALTHY", rate=14.0, quota=50_000, sent=39_999
)


@pytest.mark.parametrize(
    ("quota", "sent", "left"), [(50, 0, 50), (50, 50, 0), (50, 60, 0), (None, 60, None)]
)
def test_what_the_quota_has_left(quota: int | None, sent: int, left: int | None) -> None:
    assert replace(HEALTHY, quota=quota, sent=sent).left == left


def test_a_healthy_account_has_no_findings() -> None:
    assert halted(HEALTHY) is None
    assert findings(HEALTHY, listening=True) == []
    assert findings(replace(HEALTHY, quota=None, sent=10**9), listening=True) == []


def test_a_stack_that_hears_nothing_is_found_first() -> None:
    found = findings(replace(HEALTHY, production=False), listening=False)
    assert [finding.check for finding in found] == ["ses_not_set_up", "ses_sandbox"]


@pytest.mark.parametrize(
    ("changes", "checks", "stands_still"),
    [
        ({"production": False}, ["ses_sandbox"], False),
        ({"enforcement": "PROBATION"}, ["ses_under_review"], False),
        ({"enforcement": "SHUTDOWN"}, ["ses_paused"], True),
        ({"sending": False}, ["ses_paused"], True),
        ({"rate": 0.0}, ["ses_paused"], True),
        ({"sent": 40_000}, ["ses_quota_near"], False),
        ({"sent": 50_000}, ["ses_quota_used_up"], True),
        ({"quota": 0, "sent": 0}, ["ses_quota_used_up"], True),
        ({"sending": False, "sent": 50_000}, ["ses_paused"], True),
        ({"production": False, "sent": 50_000}, ["ses_sandbox", "ses_quota_used_up"], True),
    ],
)
def test_what_is_found(changes: dict[str, object], checks: list[str], stands_still: bool) -> None:
    account = replace(HEALTHY, **changes)  # type: ignore[arg-type]
    found = findings(account, listening=True)
    assert [finding.check for finding in found] == checks
    assert {finding.severity for finding in found} == {Severity.WARNING}
    assert (halted(account) is not None) is stands_still
