"""Benchmarks: one module per promise, each beside its peer or limit in the same run."""
