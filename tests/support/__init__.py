"""Builders and real parts that the tests share."""
