"""Deadlines and errors that all calls to other programs share."""
