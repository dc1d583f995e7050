"""What single workers hold that no other worker has: lost, or read again from the UFS, if one dies."""
