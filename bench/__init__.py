"""Benchmarks: each prints its figures beside a plain baseline measured in the same run."""
