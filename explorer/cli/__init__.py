"""The command line, one module a command; never imports Qt."""
