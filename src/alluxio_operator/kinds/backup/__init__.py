"""AlluxioBackup: one backup of a journal, read from beginning to end and restored as a test."""
