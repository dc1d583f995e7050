"""Presto: one policy, one file."""
