"""The commands, a file per thing that an operator looks after."""
