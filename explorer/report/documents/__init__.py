"""What each kind of report holds."""
