"""Generates the files that follow from the kinds' descriptors, and checks those that only a person can write.

`python -m dev.generate` writes, `python -m dev.generate --check` compares. docs/how-to-add-a-kind.md shows both.
"""
