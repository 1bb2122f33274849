"""Images read from a registry's HTTP interface, layer by layer, without an engine."""
