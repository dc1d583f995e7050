"""PVCs and their sizes."""
