"""What else would do the operator's work."""
