"""Play one case again, step by step: `python -m local.world 'JSON of the case'`."""

import sys

from local.world.case import Case
from local.world.judge import BrokenError, judge
from local.world.world import StuckError, World


def main() -> None:
    """Play the case of the command line, print its steps and what is broken."""
    if len(sys.argv) != 2:
        sys.exit("usage: python -m local.world 'JSON of a case', as a failing test prints it")
    world = World(Case.read(sys.argv[1]))
    try:
        judge(world.run())
    except (BrokenError, StuckError) as error:
        outcome = str(error)
    else:
        outcome = "every invariant holds"
    for number, step in enumerate(world.scheduler.trace):
        fault = world.case.faults.get(number)
        print(f"{number:5d}  {step}{f'  <== {fault.value}' if fault else ''}")
    print(outcome)


if __name__ == "__main__":
    main()
