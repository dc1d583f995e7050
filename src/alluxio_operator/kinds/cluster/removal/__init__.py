"""Removal of workers: what only they have goes to workers that stay before they are removed."""
