"""Generate files from the kinds' descriptors, and check the files that a developer has to write.

`python -m dev.generate` writes, `python -m dev.generate --check` compares. docs/how-to-add-a-kind.md shows both.
"""
