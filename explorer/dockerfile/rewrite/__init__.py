"""A better Dockerfile: rules that each change one thing, the runtime image by evidence, the size of the result."""
