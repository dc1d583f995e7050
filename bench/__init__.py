"""Side-by-side measurements of the operator and of what else would do its work."""
