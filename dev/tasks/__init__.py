"""The project's two commands, demo and test, and what they are made of."""
