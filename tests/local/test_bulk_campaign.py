"""What a bulk campaign tells of itself: the load by kind of process, and the last who waited."""

import subprocess
import sys

from local.bulk_campaign import Load, Progress
from local.watch import Look

BUSY = "print('ready', flush=True); input() # ministack-lambda"


def look(accepted: int) -> Look:
    return Look("sending", {"accepted": accepted}, {"delivered": 1}, settled=True)


def test_memory_is_summed_by_kind_and_the_most_is_kept() -> None:
    load = Load()
    command = [sys.executable, "-c", BUSY]
    pipe = subprocess.PIPE
    with (
        subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as one,
        subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as other,
    ):
        for process in (one, other):
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        load.look()
        most = load.most["functions"]
        one.communicate("\n")
        other.communicate("\n")
    load.look()
    assert load.most["functions"] == most >= 2
    assert f"{most} MB" in str(load)


def test_the_last_look_at_which_somebody_waits_ends_the_time() -> None:
    said: list[str] = []
    progress = Progress(2, said.append)
    progress.show(look(1))
    ended = progress.left_at
    progress.show(look(2))
    assert (progress.left_at, said) == (ended, ["1 mailed, 1 counted as delivered"])
    assert ended >= progress.began
