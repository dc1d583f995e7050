"""Runs commands side by side: each starts as soon as what it needs is done and its lane has room."""
