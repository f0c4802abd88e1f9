"""Metrics and the benchmark tables."""
