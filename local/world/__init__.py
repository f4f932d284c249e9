"""The in-memory world: the real flows on stores in memory, with a clock, a scheduler and faults.

Every call that a flow makes to a collaborator is a step. At each step another process may run, the
clock moves, and a fault may strike. A case (seed, shape, faults) always plays the same way.
"""
