"""What a command tells a person instead of doing its work."""

from __future__ import annotations


class PluginError(Exception):
    """Expected trouble; the message says what is wrong and what helps."""
