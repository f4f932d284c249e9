"""Rates: shares of counts, each with its denominator in its name's definition.

    delivery_rate       delivered / sent
    bounce_rate         bounced (hard, soft, blocked) / sent
    open_rate           contacts who opened / delivered       for people, and for all
    click_rate          contacts who clicked / delivered      for people, and for all
    click_to_open_rate  contacts who clicked / who opened     for people, and for all
    unsubscribe_rate    unsubscribed contacts / delivered
    complaint_rate      complaining contacts / delivered

A share of nothing is None, never 0: nobody failed to open what was never delivered. Numerators may
be of a stretch of time, denominators are of the whole campaign: people open today what was
delivered yesterday.
Units: fractions. click_to_open_rate may exceed 1: a client that shows no images clicks unseen.
Source: docs/domain/counters.md.
"""

from collections.abc import Mapping

Counts = Mapping[str, int]
Rate = float | None
BOUNCED = ("bounced_hard", "bounced_soft", "bounced_blocked")


def rates(counts: Counts, whole: Counts) -> dict[str, Rate | dict[str, Rate]]:
    """Return the rates of `counts`, which may be a part of `whole`."""
    sent, delivered = whole.get("sent", 0), whole.get("delivered", 0)
    bounced = sum(counts.get(metric, 0) for metric in BOUNCED)
    return {
        "delivery_rate": _share(counts.get("delivered", 0), sent),
        "bounce_rate": _share(bounced, sent),
        "open_rate": _by_reader(counts, "unique_opens", delivered, delivered),
        "click_rate": _by_reader(counts, "unique_clicks", delivered, delivered),
        "click_to_open_rate": _by_reader(
            counts,
            "unique_clicks",
            whole.get("unique_opens_human", 0),
            whole.get("unique_opens", 0),
        ),
        "unsubscribe_rate": _share(counts.get("unsubscribes", 0), delivered),
        "complaint_rate": _share(counts.get("complaints", 0), delivered),
    }


def _by_reader(counts: Counts, metric: str, of_people: int, of_all: int) -> dict[str, Rate]:
    return {
        "human": _share(counts.get(f"{metric}_human", 0), of_people),
        "all": _share(counts.get(metric, 0), of_all),
    }


def _share(part: int, whole: int) -> Rate:
    return part / whole if whole else None
