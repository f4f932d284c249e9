"""Transports: how a finished message leaves."""
