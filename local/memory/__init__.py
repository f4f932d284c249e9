"""The stores in memory: the same contracts as the real ones, under the same tests."""
