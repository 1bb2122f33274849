"""What the window shows: one page for each state or task."""
