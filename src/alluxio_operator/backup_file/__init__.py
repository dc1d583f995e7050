"""Reads, checks and cleans backup files of Alluxio 2.9's journal, without Alluxio and in constant memory.

A Job runs it as `python -m alluxio_operator.backup_file`. The file is one gzip member that holds journal entries,
each behind its length (`BackupManager` of 2.9.4). It has no header, version or count, and Alluxio restores a file that
ends in an entry without an error. So only a full read finds out whether a backup is whole.
"""
