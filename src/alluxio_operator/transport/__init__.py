"""What every call to another program shares."""
