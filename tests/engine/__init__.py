"""Tests of the engine: endpoints, streams, the direct ways, faults."""
