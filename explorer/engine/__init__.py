"""Everything that talks to a container engine."""
