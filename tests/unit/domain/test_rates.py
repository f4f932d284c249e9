"""Rates: each has its own denominator, and a share of nothing is no number."""

from hypothesis import given
from hypothesis import strategies as st

from mailtide.domain.rates import rates

WHOLE = {
    "sent": 1000,
    "delivered": 900,
    "bounced_hard": 30,
    "bounced_soft": 10,
    "bounced_blocked": 10,
    "unique_opens": 450,
    "unique_opens_human": 300,
    "unique_clicks": 90,
    "unique_clicks_human": 60,
    "unsubscribes": 9,
    "complaints": 1,
}


def test_each_rate_has_its_denominator() -> None:
    assert rates(WHOLE, WHOLE) == {
        "delivery_rate": 900 / 1000,
        "bounce_rate": 50 / 1000,
        "open_rate": {"human": 300 / 900, "all": 450 / 900},
        "click_rate": {"human": 60 / 900, "all": 90 / 900},
        "click_to_open_rate": {"human": 60 / 300, "all": 90 / 450},
        "unsubscribe_rate": 9 / 900,
        "complaint_rate": 1 / 900,
    }


def test_a_part_is_a_share_of_the_whole() -> None:
    part = rates({"unique_opens": 45, "delivered": 90}, WHOLE)
    assert part["open_rate"] == {"human": 0.0, "all": 45 / 900}
    assert part["delivery_rate"] == 90 / 1000


def test_a_share_of_nothing_is_no_number() -> None:
    assert rates({}, {})["open_rate"] == {"human": None, "all": None}
    assert rates({}, {})["delivery_rate"] is None


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6))
def test_rates_of_messages_lie_between_0_and_1(sent: int, delivered: int, opens: int) -> None:
    delivered = min(sent, delivered)
    counts = {"sent": sent, "delivered": delivered, "unique_opens": min(delivered, opens)}
    found = rates(counts, counts)
    shares = [found["delivery_rate"], *dict(found["open_rate"] or {}).values()]  # type: ignore[arg-type]
    assert all(share is None or 0 <= share <= 1 for share in shares)  # type: ignore[operator]
