"""Tests of the window; all run without a screen."""
