"""Flows: one file per thing the engine does, with the collaborators it needs as Protocols."""
