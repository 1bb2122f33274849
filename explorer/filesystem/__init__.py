"""What is inside layers: tar streams, layer indexes, their union and their waste."""
