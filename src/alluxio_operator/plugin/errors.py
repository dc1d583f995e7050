"""Errors of the commands."""

from __future__ import annotations


class PluginError(Exception):
    """An expected error; the message names the cause and the remedy."""
