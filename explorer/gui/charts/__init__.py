"""The charts of a measurement; the only package that knows pyqtgraph, whose import takes 0.2 to 0.6 s: import it late."""
