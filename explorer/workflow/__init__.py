"""The user stories as functions: each takes a Task and plain values, and may run in a child process (sandbox)."""
