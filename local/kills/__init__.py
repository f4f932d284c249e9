"""Kills: real sender processes, killed in the middle of what they do, and the books afterwards."""
