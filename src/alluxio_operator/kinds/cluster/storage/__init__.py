"""PVCs: desired sizes and expansion."""
