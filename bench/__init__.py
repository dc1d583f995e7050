"""Benchmarks of the operator and its alternatives under the same conditions."""
