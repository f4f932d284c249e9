"""What a dry run says of rate limits."""

import pytest

from mailtide.domain.rate_forecast import findings
from mailtide.domain.sending_rate import Per, RateLimit

MAIL = {"gmail": 250, "yahoo": 50}
HOUR = RateLimit(100, Per.HOUR, "gmail")


def test_what_fits_into_a_window_is_no_finding() -> None:
    assert findings(MAIL, [RateLimit(300, Per.DAY), RateLimit(250, Per.MINUTE, "gmail")], []) == []
    assert findings(MAIL, [RateLimit(1, Per.DAY, "icloud")], [()]) == []


@pytest.mark.parametrize(
    ("limit", "words"),
    [
        (HOUR, "100 messages to gmail per hour: 250 messages leave over 3 hours at least."),
        (RateLimit(299, Per.DAY), "299 messages per day: 300 messages leave over 2 days at least."),
    ],
)
def test_an_identitys_limit_says_how_long_it_takes(limit: RateLimit, words: str) -> None:
    (found,) = findings(MAIL, [limit], [])
    assert (found.check, found.message) == ("over_rate_limit", f"The identity's limit is {words}")


def test_what_all_ips_have_is_added_up_and_what_some_have_is_no_limit() -> None:
    (found,) = findings(MAIL, [], [(HOUR,), (HOUR, RateLimit(1, Per.DAY))])
    assert "together are 200 messages to gmail per hour" in found.message
    assert findings(MAIL, [], [(HOUR,), ()]) == []
