"""An analysis as a document: JSON, terminal summary, tables."""
