"""Shared logic for the pods of every kind: trouble, memory, volumes and placement."""
