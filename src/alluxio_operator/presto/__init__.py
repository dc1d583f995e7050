"""Presto beside the cache: observe, validate, decide, report."""
