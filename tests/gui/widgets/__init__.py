"""Tests of the window's widgets."""
