"""The one kind of failure that a person is meant to read."""


class ImageError(Exception):
    """An image can't be built or found; the message says why and what to do."""
