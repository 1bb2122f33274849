"""Benchmark scripts: they print figures and ratios taken in one run; nothing here is a timed test."""
