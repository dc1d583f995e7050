"""Decides when scheduled backups are due and which backups are removed; pure, and without a kind."""
