"""Measures the memory that a JVM takes besides its heap."""
