"""Scheduled backups of a cluster: which ones to create, which ones to remove, and the age of the newest verified one."""
