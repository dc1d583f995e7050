"""Reads a sample of files through a cluster that restored a backup, and compares it with the UFS; a Job runs it.

It writes nothing: neither through Alluxio nor in the UFS.
"""
