"""Dockerfiles: read without loss, rebuilt from an image's history, rewritten by rules."""
