"""A new cluster begins with a backup: its source, the restore by the masters, and the proof that it is whole."""
