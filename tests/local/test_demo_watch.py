"""When a campaign is over: ten seconds without a change, and not before everybody was mailed."""

from collections.abc import Callable, Iterator

from local.watch import Clock, Look, until_quiet


def looked(accepted: int, counted: int, *, settled: bool = True, refused: int = 0) -> Look:
    return Look("sending", {"accepted": accepted, "refused": refused}, {"sent": counted}, settled)


def clock() -> Clock:
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    return Clock(lambda: now[0], sleep)


def following(*first: Look) -> Callable[[], Look]:
    """Give these looks, then the last one for ever."""

    def looks() -> Iterator[Look]:
        yield from first
        while True:
            yield first[-1]

    return looks().__next__


def wait(*looks: Look, people: int = 2) -> tuple[bool, int]:
    """Wait for up to a minute; return whether it got quiet and after how many looks."""
    shown: list[Look] = []
    quiet = until_quiet(following(*looks), people, shown.append, deadline_seconds=60, clock=clock())
    return quiet, len(shown)


def test_campaign_that_changes_no_more_is_over_after_ten_seconds() -> None:
    assert wait(looked(2, 2)) == (True, 6)


def test_every_change_of_either_book_starts_the_ten_seconds_anew() -> None:
    assert wait(looked(2, 0), looked(2, 1), looked(2, 2)) == (True, 8)


def test_silence_before_everybody_is_mailed_is_not_the_end() -> None:
    assert wait(looked(1, 1))[0] is False


def test_those_whom_the_relay_refused_are_waited_for_no_longer() -> None:
    assert wait(looked(1, 1, refused=1))[0] is True


def test_those_who_are_in_doubt_are_waited_for_no_longer() -> None:
    books = {"accepted": 1, "refused": 0}
    assert wait(Look("sending", books, {"sent": 1, "in_doubt": 1}, settled=True))[0] is True


def test_receivers_that_still_have_something_to_tell_are_waited_for() -> None:
    assert wait(looked(2, 2, settled=False))[0] is False
