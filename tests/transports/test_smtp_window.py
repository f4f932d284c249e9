"""How wide a relay's window is: losses narrow it at once, answers widen it slowly."""

from hypothesis import given
from hypothesis import strategies as st

from mailtide.transports.smtp_window import TAKEN_TO_GROW, WIDEST, Window


def after(window: Window, taken: int) -> int:
    for _ in range(taken):
        window.taken()
    return window.messages


def test_losses_halve_it_down_to_plain_order() -> None:
    window = Window()
    found = []
    for _ in range(5):
        window.lost()
        found.append(window.messages)
    assert found == [4, 2, 1, 1, 1]


def test_it_grows_by_one_with_each_64_messages_taken_and_no_further_than_it_was() -> None:
    window = Window()
    window.lost()
    assert after(window, TAKEN_TO_GROW - 1) == 4
    assert after(window, 1) == 5
    assert after(window, TAKEN_TO_GROW) == 6
    assert after(window, 99 * TAKEN_TO_GROW) == WIDEST


def test_messages_taken_before_a_loss_do_not_count_behind_it() -> None:
    window = Window()
    after(window, TAKEN_TO_GROW - 1)
    window.lost()
    assert after(window, TAKEN_TO_GROW - 1) == 4


@given(st.lists(st.one_of(st.none(), st.integers(0, 200))))
def test_whatever_happens_it_stays_in_bounds_and_a_loss_never_widens_it(
    life: list[int | None],
) -> None:
    window = Window()
    for one in life:
        before = window.messages
        if one is None:
            window.lost()
            assert window.messages <= max(1, before // 2)
        else:
            assert before <= after(window, one) <= before + one // TAKEN_TO_GROW + 1
        assert 1 <= window.messages <= WIDEST
