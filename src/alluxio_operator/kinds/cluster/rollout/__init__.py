"""Replaces pods for a changed spec, and rolls a failed change back."""
