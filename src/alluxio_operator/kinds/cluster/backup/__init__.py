"""Scheduled backups of a cluster: which ones to create, which ones to remove, and how old the newest verified is."""
