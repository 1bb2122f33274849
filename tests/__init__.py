"""The tests, mirroring the packages of explorer/."""
