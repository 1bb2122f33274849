"""Inside a Go executable: build information, linkage, what its bytes are and what a rebuild would save."""
