"""The storage below: options, endpoints, and whether it answers."""
