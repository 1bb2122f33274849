"""Image Size Explorer: where the bytes of a Go container image come from, and what a rebuild saves."""
