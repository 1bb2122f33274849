"""Limits that an image must keep: what they are, and whether it does."""
