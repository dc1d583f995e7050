"""Alternatives to the operator."""
