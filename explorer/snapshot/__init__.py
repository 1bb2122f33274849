"""Snapshots: one small file with all that is known of an image, and none of its files' contents."""
