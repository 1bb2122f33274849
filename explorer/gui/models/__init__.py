"""Qt models over the analysis's columns."""
